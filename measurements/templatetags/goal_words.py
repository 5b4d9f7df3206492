"""A change of a goal as a person reads it."""

from __future__ import annotations

from django import template

from measurements import thresholds
from measurements.models import ThresholdChange
from measurements.units import Units

register = template.Library()


@register.filter
def goal_label(change: ThresholdChange) -> str:
    return thresholds.label(change.metric, change.key)


@register.filter
def before(change: ThresholdChange, units: Units) -> str:
    return thresholds.in_words(change.before, thresholds.unit_of(change.metric, change.key, units))


@register.filter
def after(change: ThresholdChange, units: Units) -> str:
    return thresholds.in_words(change.after, thresholds.unit_of(change.metric, change.key, units))
