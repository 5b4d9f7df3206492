"""Judgement of a figure: its text in a display unit, its status, and the words of the bound that it crosses.

Pages, lists, prints and exports take all three from here. The status is decided in the vendor's unit, so that it is the
same for every user. The text has the decimals of the unit, and more where the rounded number would contradict the
status: an average of 129.6 against "< 130".
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from measurements.meal_contexts import describe_meal
from measurements.models import Metric
from measurements.models.measurement import BeyondMeter
from measurements.numbers import format_signed
from measurements.thresholds.evaluation import (
    ABOVE_ARROW,
    BELOW_ARROW,
    GAIN_CONTEXT,
    URGENCY_RANKS,
    EffectiveThreshold,
    PatientThresholds,
    ThresholdStatus,
    range_name,
)
from measurements.units import Unit

WEIGHT = "weight"
# Values of yes/no metrics in words: zero, and any other.
YES_NO_WORDS = {
    "irregular_heartbeat": ("not detected", "detected"),
    "patchcap_open_close_event": ("closed", "open"),
    "patchcap_bluetooth_event": ("disconnected", "connected"),
    **dict.fromkeys(
        ("no_measurement_event", "low_battery_event", "patchcap_time_updated_event", "pillbox_refill_initiated"),
        ("no", "yes"),
    ),
}
# Of a value that is not known: what the meter says, and its side, which is outside any goal.
BEYOND_METER_WORDS = "beyond the meter, value not known"
BEYOND_METER_FIGURES: dict[str, tuple[str, ThresholdStatus]] = {
    BeyondMeter.ABOVE: ("HI", ThresholdStatus.VERY_HIGH),
    BeyondMeter.BELOW: ("LO", ThresholdStatus.VERY_LOW),
}
MAX_MORE_PLACES = 8  # an average of ten thousand readings may be so near to a bound
NO_THRESHOLDS = PatientThresholds()
StatusOfValue = tuple[float, EffectiveThreshold, ThresholdStatus]


class Judgement(msgspec.Struct, frozen=True):
    """`values` in the vendor's unit, and a text for each in the display unit, without its name.

    `words` are empty without a threshold; `more_places` are decimals beyond those of the unit. `opposite` is the status
    of the other value of a blood pressure, if that crosses a bound on the other side.
    """

    values: tuple[float, ...]
    texts: tuple[str, ...]
    status: ThresholdStatus = ThresholdStatus.NOT_EVALUATED
    words: str = ""
    more_places: int = 0
    meal: str = ""
    opposite: ThresholdStatus = ThresholdStatus.NOT_EVALUATED

    @property
    def arrow(self) -> str:
        return self.status.arrow + self.opposite.arrow

    @property
    def text(self) -> str:
        """163/106; 171.0; 148 fasting; detected."""
        return " ".join(filter(None, ("/".join(self.texts), self.meal)))


def judge(
    metric: Metric,
    values: tuple[float, ...],
    unit: Unit,
    thresholds: PatientThresholds = NO_THRESHOLDS,
    *,
    context: str = "",
    more_places: int = 0,
) -> Judgement:
    """A reading or an average: `values` of the metric in the vendor's unit, two for a blood pressure.

    Without `thresholds` it is formatted only. `more_places`: decimals beyond the unit's that are preferred.
    """
    code = metric.code  # not `pk`, which looks it up by four calls: lists judge hundreds of figures
    if code in YES_NO_WORDS:
        return Judgement(values, (YES_NO_WORDS[code][values[0] != 0],))
    goals = [thresholds.find_threshold(code, n, context) for n in range(1, len(values) + 1)]
    judgement = judge_values(values, goals, unit, metric, more_places=more_places)
    meal = describe_meal(code, context)
    return msgspec.structs.replace(judgement, meal=meal) if meal else judgement


def judge_beyond_meter(metric: Metric, limit: str, *, evaluable: bool, context: str = "") -> Judgement:
    """Without values; unless it is `evaluable`, without a status, too."""
    text, status = BEYOND_METER_FIGURES[limit]
    return Judgement(
        (),
        (text,),
        status if evaluable else ThresholdStatus.NOT_EVALUATED,
        BEYOND_METER_WORDS,
        meal=describe_meal(metric.pk, context),
    )


def judge_gain(gain: float, unit: Unit, thresholds: PatientThresholds) -> Judgement:
    """A change of weight in lb, with its sign; `unit` is that of the weight."""
    goal, unit = thresholds.find_threshold(WEIGHT, 1, GAIN_CONTEXT), unit.for_differences
    found = judge_values((gain,), (goal,), unit)
    return msgspec.structs.replace(found, texts=(format_signed(found.text),))


def judge_values(
    values: tuple[float, ...],
    goals: Sequence[EffectiveThreshold | None],
    unit: Unit,
    metric: Metric | None = None,
    *,
    more_places: int = 0,
) -> Judgement:
    """Against one threshold for each value; an average of no readings has none. `metric` decides the words."""
    judged = [
        (value, goal, goal.evaluate(value)) for value, goal in zip(values, goals, strict=False) if goal is not None
    ]
    more_places, bounds_too = find_places(judged, unit, more_places)
    texts = tuple([unit.format_value(value, more_places) for value in values])
    if not judged:
        return Judgement(values, texts)
    _, goal, worst = judged[0] if len(judged) == 1 else min(judged, key=lambda each: URGENCY_RANKS[each[2]])
    name, opposite = range_name(metric.code if metric else ""), ThresholdStatus.NOT_EVALUATED
    words, statuses = worst.words(name), {status for _, _, status in judged}
    if metric and len(statuses) == 2 and {status.arrow for status in statuses} == {ABOVE_ARROW, BELOW_ARROW}:
        opposite = next(status for _, _, status in judged if status is not worst)
        labels = (metric.label_1.lower(), metric.label_2.lower())
        words = ", ".join(f"{label} {row[2].words(name)}" for label, row in zip(labels, judged, strict=True))
    if bounds_too:
        words += f" ({format_compared_bound(goal, worst, unit, more_places)} {unit.name})"
    return Judgement(values, texts, worst, words, more_places, opposite=opposite)


def find_places(judged: Sequence[StatusOfValue], unit: Unit, preferred: int) -> tuple[int, bool]:
    """How many decimals beyond the unit's make the rounded values say the same as their statuses: `preferred`, or more.

    True if that takes the bounds with as many decimals too: 80 mg/dL is shown as 4.4 mmol/L, and 79.5 mg/dL is 4.41.
    """
    for bounds_too in (False, True):
        for more_places in (preferred, *range(MAX_MORE_PLACES + 1)):
            bound_places = more_places if bounds_too else 0
            for value, goal, status in judged:
                number = unit.round_value(value, more_places)
                is_exact = number == value and not unit.is_converted  # nearly always
                if not is_exact and goal.rounded_in(unit, bound_places).evaluate(number) is not status:
                    break
            else:
                return more_places, bounds_too
    return MAX_MORE_PLACES, True


def format_compared_bound(goal: EffectiveThreshold, status: ThresholdStatus, unit: Unit, more_places: int) -> str:
    if status is ThresholdStatus.VERY_LOW and goal.very_low is not None:
        return f"< {unit.format_bound(goal.very_low, more_places)}"
    if status is ThresholdStatus.VERY_HIGH and goal.very_high is not None:
        return f"> {unit.format_bound(goal.very_high, more_places)}"
    return goal.format_range(unit, more_places)
