"""The vendor's words in a measurement, in any spelling: metrics, and names and values of `filter_params`."""

from __future__ import annotations

from typing import Any

from devices.tenovi import fold_known_words, match_known_word

METRICS_WITH_SECOND_VALUE = frozenset(("blood_pressure", "heart_rate_statistics", "pillbox_opened", "pillbox_refilled"))
METRICS_WITH_ONE_VALUE = frozenset(
    ("pulse", "irregular_heartbeat", "weight", "glucose", "spO2", "temperature", "perfusion_index",
     "peak_expiratory_flow", "forced_expiratory_volume", "steps", "sleep", "battery_percentage",
     "pillbox_refill_initiated", "patchcap_open_close_event", "no_measurement_event", "low_battery_event",
     "patchcap_time_updated_event", "patchcap_bluetooth_event")
)  # fmt: skip
METRIC_ALIASES = {"blood_glucose": "glucose"}
KNOWN_METRICS = fold_known_words([*METRICS_WITH_SECOND_VALUE, *METRICS_WITH_ONE_VALUE, *METRIC_ALIASES])

CONTROL_SOLUTION = "control solution"
ABOVE_METER, BELOW_METER = "sensor_result_above_range", "sensor_result_below_range"
FILTER_PARAMS = {
    "meal_context": fold_known_words(["pre-prandial", "post-prandial", "fasting"]),
    "measurement_location": fold_known_words(["finger", "alternative site", "earlobe", CONTROL_SOLUTION]),
    "alert": fold_known_words([ABOVE_METER, BELOW_METER]),
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
