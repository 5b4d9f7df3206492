"""A change of a goal as a person reads it."""

from __future__ import annotations

from django import template

from measurements.models import ThresholdChange
from measurements.thresholds import editing
from measurements.units import Units

register = template.Library()


@register.filter
def goal_label(change: ThresholdChange) -> str:
    return editing.label(change.metric, change.key)


@register.filter
def before(change: ThresholdChange, units: Units) -> str:
    return editing.in_words(change.before, editing.unit_of(change.metric, change.key, units))


@register.filter
def after(change: ThresholdChange, units: Units) -> str:
    return editing.in_words(change.after, editing.unit_of(change.metric, change.key, units))
