"""The vendor's words in a measurement, in any spelling: metrics, and names and values of `filter_params`."""

from __future__ import annotations

from typing import Any

from devices.tenovi import MAX_WORD_LENGTH, fold_known_words, fold_word, match_known_word
from measurements.meal_contexts import AFTER_MEAL, BEFORE_MEAL, FASTING, GLUCOSE
from measurements.models.measurement import BeyondMeter
from measurements.models.metric import METRICS_OF_ONE_VALUE

METRICS_OF_TWO_VALUES = ("blood_pressure", "heart_rate_statistics", "pillbox_opened", "pillbox_refilled")
METRIC_ALIASES = {"blood_glucose": "glucose"}
KNOWN_METRICS = fold_known_words([*METRICS_OF_TWO_VALUES, *METRICS_OF_ONE_VALUE, *METRIC_ALIASES])

CONTROL_SOLUTION = "control solution"
# What a glucometer says instead of a value, as value_1 or as an alert.
BEYOND_METER_METRICS = frozenset({GLUCOSE})
ALERTS = {"sensor_result_above_range": BeyondMeter.ABOVE, "sensor_result_below_range": BeyondMeter.BELOW}
BEYOND_METER_WORDS = {
    fold_word(word): limit
    for word, limit in (
        *ALERTS.items(),
        *dict.fromkeys(("hi", "high"), BeyondMeter.ABOVE).items(),
        *dict.fromkeys(("lo", "low"), BeyondMeter.BELOW).items(),
    )
}
FILTER_PARAMS = {
    "meal_context": fold_known_words([FASTING, BEFORE_MEAL, AFTER_MEAL]),
    "measurement_location": fold_known_words(["finger", "alternative site", "earlobe", CONTROL_SOLUTION]),
    "alert": fold_known_words(ALERTS),
}
FILTER_PARAM_NAMES = fold_known_words([*FILTER_PARAMS, "measurement_index"])
AS_SENT = "as_sent"  # in the stored filter_params: the vendor's own spelling of what is stored in another one


def normalise_metric(raw_name: str) -> str:
    """The known metric that this is a spelling of, else the name as it came."""
    name = match_known_word(raw_name, KNOWN_METRICS)
    return METRIC_ALIASES.get(name, name)


def normalise_filter_params(params: dict[str, Any]) -> dict[str, Any]:
    """Known names and words in the vendor's documented spelling; what was spelt otherwise is added under AS_SENT."""
    found: dict[str, Any] = {}
    as_sent: dict[str, Any] = {}
    for key, value in params.items():
        name = match_known_word(key, FILTER_PARAM_NAMES)
        if name != key and (name in params or name in found):  # two spellings of one name: each as it came
            name = key
        known = match_known_word(value, FILTER_PARAMS[name]) if name in FILTER_PARAMS and type(value) is str else value
        found[name] = known
        if name != key or known != value:
            as_sent[key] = value
    return found | {AS_SENT: as_sent} if as_sent else found


def add_as_sent(params: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    """With the vendor's text of a field that is stored otherwise."""
    if not isinstance(value, str):
        return params
    return params | {AS_SENT: {**params.get(AS_SENT, {}), name: value[:MAX_WORD_LENGTH]}}


def find_beyond_meter(metric: str, *said: Any) -> str:
    """Whether the first of these texts that says so calls the value above or below what the meter measures; or ""."""
    if metric not in BEYOND_METER_METRICS:
        return ""
    texts = [text for text in said if type(text) is str and len(text) <= MAX_WORD_LENGTH]
    return next(filter(None, (BEYOND_METER_WORDS.get(fold_word(text), "") for text in texts)), "")
