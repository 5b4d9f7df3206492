"""Reasons to check a reading, in words: judged from its values at ingest, and shown wherever the reading is."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from measurements.models import Metric

BLOOD_PRESSURE = "blood_pressure"
OTHER_VALUE = "check: another value for the same time"
SYSTOLIC_BELOW_DIASTOLIC = "check: systolic is below diastolic"
SYSTOLIC_EQUALS_DIASTOLIC = "check: systolic and diastolic are equal"
PULSE_OUTSIDE = "check: the pulse taken with it is outside what the instrument measures"
VALUE_OUTSIDE = "check: outside what the instrument measures"

ValuePair = Sequence[Decimal | float | None]


def check_reasons(metric: Metric, values: ValuePair, *, conflict: bool, implausible: bool) -> list[str]:
    """Of a stored reading with these flags; `values` in the vendor's unit."""
    reasons = implausible_values(metric, values) if implausible else []
    if implausible and not reasons:
        reasons = [PULSE_OUTSIDE if metric.code == BLOOD_PRESSURE else VALUE_OUTSIDE]
    return [*([OTHER_VALUE] if conflict else []), *reasons]


def implausible_values(metric: Metric, values: ValuePair) -> list[str]:
    """What is wrong with each value by itself, and with their order; nothing for a plausible reading."""
    first, second = values[0], values[1] if len(values) > 1 and metric.has_second_value else None
    reasons = []
    if is_outside(first, metric.lowest_1, metric.highest_1):
        reasons.append(value_outside(metric.label_1.lower()) if metric.has_second_value else VALUE_OUTSIDE)
    if is_outside(second, metric.lowest_2, metric.highest_2):
        reasons.append(value_outside(metric.label_2.lower()))
    if metric.code == BLOOD_PRESSURE and first is not None and second is not None and first <= second:
        reasons.append(SYSTOLIC_BELOW_DIASTOLIC if first < second else SYSTOLIC_EQUALS_DIASTOLIC)
    return reasons


def is_outside(value: Decimal | float | None, lowest: Decimal | None, highest: Decimal | None) -> bool:
    if value is None:
        return False
    return (lowest is not None and value < lowest) or (highest is not None and value > highest)


def name_reason(reason: str, label: str) -> str:
    """For a metric among others: check: pulse has another value for the same time. Other reasons name their value."""
    if reason == OTHER_VALUE:
        return OTHER_VALUE.replace("another", f"{label} has another")
    return value_outside(label) if reason == VALUE_OUTSIDE else reason


def value_outside(label: str) -> str:
    """For a value among others: check: diastolic is outside what the instrument measures."""
    return VALUE_OUTSIDE.replace("outside", f"{label} is outside")
