"""Filters of a clinic's report: shares, rates, times and labels in words."""

from __future__ import annotations

import datetime as dt

from django import template

from measurements.alerts.rule_texts import rule_label
from measurements.clinic_report.report import ClinicReport
from measurements.numbers import format_number, format_share
from measurements.triage.filters import SECTION_LABELS

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)

register = template.Library()
register.filter(rule_label)


@register.filter
def section_label(section: str) -> str:
    return {str(key): label for key, label in SECTION_LABELS.items()}[section]


@register.filter
def share_of(part: int, whole: int) -> str:
    return format_share(part, whole)


@register.filter
def time_share(part: dt.timedelta, whole: dt.timedelta) -> str:
    """Share of a time in percent."""
    return share_of(round(part.total_seconds()), round(whole.total_seconds()))


@register.filter
def weekly_rate(report: ClinicReport, opened: int) -> str:
    """Empty where no patient was monitored."""
    rate = report.rate(opened)
    return "" if rate is None else format_number(rate, 1)


@register.filter
def short_duration(time: dt.timedelta) -> str:
    """42 min, 3.5 h, 2.1 d."""
    if time < HOUR:
        return f"{round(time.total_seconds() / 60)} min"
    return f"{format_number(time / HOUR, 1)} h" if time < 2 * DAY else f"{format_number(time / DAY, 1)} d"
