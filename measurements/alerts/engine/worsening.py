"""What is worse: the extreme of values in the direction that a rule fears, and the step beyond it that counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from measurements.alerts.engine.episodes import Values
from measurements.alerts.engine.rules import Kind, Limit, Rule
from measurements.alerts.engine.shipped_rules import (
    BLOOD_PRESSURE,
    GLUCOSE,
    PULSE,
    SPO2,
    TEMPERATURE,
    WEIGHT,
)
from measurements.thresholds.evaluation import FLOAT_ERROR_PLACES

WORSE_STEPS = {BLOOD_PRESSURE: 10.0, SPO2: 2.0, GLUCOSE: 30.0, WEIGHT: 1.0, PULSE: 10.0, TEMPERATURE: 0.5}
NO_VALUES: Values = (None, None)


def directions(rule: Rule) -> set[bool]:
    """True for a rule that fears high values; both for one with a limit on either side."""
    if rule.limits:
        return {limit.relation.is_upper for limit in rule.limits}
    return {rule.more_than is not None and rule.more_than >= 0} if rule.kind is Kind.CHANGE else set()


def worst_values(rule: Rule, found: Iterable[Values]) -> Values:
    """The worst of each value; of a rule with limits on both sides, the value furthest beyond its limit."""
    feared = directions(rule)
    found = list(found)
    if len(feared) == 2:
        return max(found, key=lambda values: excess(rule.limits, values), default=NO_VALUES)
    pick = min if feared == {False} else max
    columns = [[values[n] for values in found] for n in (0, 1)]
    first, second = (pick((value for value in column if value is not None), default=None) for column in columns)
    return first, second


def excess(limits: Sequence[Limit], values: Values) -> float:
    """How far beyond a limit that it crosses, 0 inside all."""
    return max(
        (
            abs(value - bound)
            for limit in limits
            for value, bound in zip(values, (limit.value_1, limit.value_2), strict=True)
            if value is not None and bound is not None and limit.relation.holds(value, bound)
        ),
        default=0.0,
    )


def is_worse(rule: Rule, values: Values, peak: Values, step: float | None = None) -> bool:
    """Beyond the peak by at least the step of the metric, or by `step`, in either value."""
    needed = WORSE_STEPS.get(rule.metric, 0.0) if step is None else step
    feared = directions(rule)
    if not feared or (not needed and step is None):
        return False
    if len(feared) == 2:
        differences = [excess(rule.limits, values) - excess(rule.limits, peak)]
    else:
        sign = 1 if feared == {True} else -1
        differences = [
            sign * (value - worst)
            for value, worst in zip(values, peak, strict=True)
            if value is not None and worst is not None
        ]
    return any(round(difference, FLOAT_ERROR_PLACES) >= needed for difference in differences)
