"""Template tag of a chart drawn by the server, and its legend."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString

from measurements.chart import svg
from measurements.chart.legend import describe_band, describe_legend

register = template.Library()
register.filter(describe_band)
register.filter(describe_legend)


@register.simple_tag
def chart_picture(charts: dict[str, Any], number: int) -> SafeString:
    """Panel `number` (from 0) of `serializer.serialize_charts` as SVG."""
    return svg.draw_panel(charts, charts["panels"][number], first=number == 0)
