"""Links of the patient page: the query string of its current view, with changes."""

from __future__ import annotations

from django import template

from measurements.chart.date_range import ChartView

register = template.Library()


@register.simple_tag
def view_query(chart_view: ChartView, **changes: object) -> str:
    """`{% view_query chart_view days=7 table="" %}`: an empty value removes the parameter."""
    return chart_view.query(**changes)
