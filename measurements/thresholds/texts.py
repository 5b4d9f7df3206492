"""Texts of thresholds: the label of each, and its bounds in a display unit."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from measurements.meal_contexts import MEAL_GOAL_LABELS
from measurements.models import Metric, Threshold, ThresholdChange
from measurements.thresholds.evaluation import GAIN_CONTEXT, ThresholdKey, range_name
from measurements.units import DisplayUnits, Unit


def threshold_unit(metric: Metric, key: ThresholdKey, units: DisplayUnits) -> Unit:
    """A gain is a difference, which is converted without the offset of the unit."""
    return units.unit_for(metric).for_differences if key[2] == GAIN_CONTEXT else units.unit_for(metric)


def format_bounds(bounds: Sequence[Decimal | None] | None, unit: Unit, name: str) -> str:
    """low to high, with the far bounds: "80 to 130 (far below goal under 54, far above goal over 250)"."""
    if bounds is None:
        return "none of its own"
    very_low, low, high, very_high = (format_bound(bound, unit) for bound in bounds)
    rounds_down = any(bound is not None and unit.rounds_down(bound) for bound in bounds[1:3])
    if low and high:
        near = f"{low} to {high}"
    elif high:
        near = f"{high} or less" if rounds_down else f"below {high}"
    else:
        near = f"over {low}" if rounds_down else f"{low} or more"
    far = [f"far below {name} under {very_low}"] if very_low else []
    far += [f"far above {name} over {very_high}"] if very_high else []
    return f"{near} ({', '.join(far)})" if far else near


def format_changed_bounds(
    row: Threshold | ThresholdChange, bounds: Sequence[Decimal | None] | None, units: DisplayUnits
) -> str:
    """Bounds of this row, before or after a change."""
    return format_bounds(bounds, threshold_unit(row.metric, row.key, units), range_name(row.metric_id))


def threshold_label(metric: Metric, key: ThresholdKey) -> str:
    """Blood pressure, systolic; glucose, before meals; weight gain over usual weight."""
    _, component, context = key
    if context == GAIN_CONTEXT:
        return f"{metric.label} gain over usual weight"
    part = (metric.label_1, metric.label_2)[component - 1].lower() if metric.has_second_value else ""
    return ", ".join(word for word in (metric.label, part, MEAL_GOAL_LABELS.get(context, "")) if word)


def format_bound(bound: Decimal | None, unit: Unit) -> str:
    return "" if bound is None else unit.format_bound(bound)
