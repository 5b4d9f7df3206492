"""Template filters for values in the display unit of the user."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec
from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from measurements.chart.panels import Panel, format_values
from measurements.thresholds.evaluation import range_name
from measurements.thresholds.judgement import NO_THRESHOLDS, judge_gain
from measurements.units import Unit

register = template.Library()

# Characters that could end a script element, as JSON escapes.
SCRIPT_ESCAPES = {"<": "\\u003C", ">": "\\u003E", "&": "\\u0026"}


@register.filter
def format_value(panel: Panel, value: float) -> str:
    return panel.unit.format_value(value)


register.filter(format_values)


@register.filter
def format_range(panel: Panel, ends: Iterable[tuple[float, ...]]) -> str:
    """145/90 to 160/94; 145/90 where both ends are that."""
    return " to ".join(dict.fromkeys(format_values(panel, values) for values in ends))


register.filter(range_name)  # of the code of a metric: goal, or expected range


@register.filter
def value_in(value: float | Decimal, unit: Unit) -> str:
    return unit.format_value(float(value))


@register.filter
def format_change(value: float, unit: Unit) -> str:
    """A change of weight in lb with its sign, in this unit."""
    return judge_gain(value, unit, NO_THRESHOLDS).text


@register.filter
def json_data_script(data: object, element_id: str) -> SafeString:
    """As Django's `json_script`, in a tenth of its time for a quarter of a megabyte of numbers."""
    text = msgspec.json.encode(data).decode()
    for sign, escaped in SCRIPT_ESCAPES.items():
        text = text.replace(sign, escaped)
    return format_html('<script id="{}" type="application/json">{}</script>', element_id, SafeString(text))
