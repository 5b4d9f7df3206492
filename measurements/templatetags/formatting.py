"""Template filters for values in the display unit of the user."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from measurements.chart.panels import Panel
from measurements.units import Unit

register = template.Library()

# Characters that could end a script element, as JSON escapes.
SCRIPT_ESCAPES = {"<": "\\u003C", ">": "\\u003E", "&": "\\u0026"}


@register.filter
def format_value(panel: Panel, value: float) -> str:
    return panel.unit.format_value(value)


@register.filter
def format_values(panel: Panel, values: Sequence[float]) -> str:
    """160/94 for two lines."""
    return "/".join(format_value(panel, value) for value in values)


@register.filter
def format_change(value: float, unit: Unit) -> str:
    """A gain or a loss, with a plus or a real minus sign."""
    return f"{unit.for_differences.convert_value(value):+.{unit.decimals}f}".replace("-", "\N{MINUS SIGN}")


@register.filter
def json_data_script(data: object, element_id: str) -> SafeString:
    """As Django's `json_script`, in a tenth of its time for a quarter of a megabyte of numbers."""
    text = msgspec.json.encode(data).decode()
    for sign, escaped in SCRIPT_ESCAPES.items():
        text = text.replace(sign, escaped)
    return format_html('<script id="{}" type="application/json">{}</script>', element_id, SafeString(text))
