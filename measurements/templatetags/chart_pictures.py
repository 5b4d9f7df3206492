"""Template tag of a chart drawn by the server."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString

from measurements.chart import svg

register = template.Library()


@register.simple_tag
def chart_picture(charts: dict[str, Any], number: int) -> SafeString:
    """Panel `number` (from 0) of `serializer.serialize_charts` as SVG."""
    return svg.draw_panel(charts, charts["panels"][number], first=number == 0)
