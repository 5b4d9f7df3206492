"""Figures of a chart as text, with as many places as its metric is read with."""

from __future__ import annotations

from collections.abc import Sequence

from django import template

from measurements.charts import Panel

register = template.Library()


@register.filter
def figure(panel: Panel, value: float) -> str:
    return f"{value:.{panel.metric.decimals}f}"


@register.filter
def figures(panel: Panel, values: Sequence[float]) -> str:
    """160/94 for two lines."""
    return "/".join(figure(panel, value) for value in values)


@register.filter
def change(value: float) -> str:
    """To one place, with a plus or a real minus sign."""
    return f"{value:+.1f}".replace("-", "\N{MINUS SIGN}")
