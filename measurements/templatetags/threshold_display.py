"""Template filters for a ThresholdChange: its goal, and the bounds before and after."""

from __future__ import annotations

from django import template

from measurements.models import ThresholdChange
from measurements.thresholds import texts
from measurements.units import DisplayUnits

register = template.Library()


@register.filter
def threshold_label(change: ThresholdChange) -> str:
    return texts.threshold_label(change.metric, change.key)


@register.filter
def old_bounds(change: ThresholdChange, units: DisplayUnits) -> str:
    return texts.format_changed_bounds(change, change.before, units)


@register.filter
def new_bounds(change: ThresholdChange, units: DisplayUnits) -> str:
    return texts.format_changed_bounds(change, change.after, units)
