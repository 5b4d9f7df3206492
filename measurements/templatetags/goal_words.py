"""A change of a goal as a person reads it."""

from __future__ import annotations

from django import template

from measurements import thresholds
from measurements.models import ThresholdChange

register = template.Library()


@register.filter
def goal_label(change: ThresholdChange) -> str:
    return thresholds.label(change.metric, change.key)


@register.filter
def bounds(row: ThresholdChange, which: str) -> str:
    """`which` is "before" or "after"."""
    return thresholds.in_words(getattr(row, which))
