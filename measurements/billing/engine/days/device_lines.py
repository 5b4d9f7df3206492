"""Lines of windows of 30 days, and of the set-up that belongs to window 1 of a monitoring period."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import replace

from measurements.billing.engine.claims.cautions import is_second_within_a_year
from measurements.billing.engine.claims.line_building import Draft, build_line
from measurements.billing.engine.claims.payers import ServiceDays, date_of_service, least_days
from measurements.billing.engine.code_rules import CodeRule, Kind
from measurements.billing.engine.conflicts import WindowKey
from measurements.billing.engine.date_ranges import month_of
from measurements.billing.engine.days.forecast import forecast_of
from measurements.billing.engine.days.windows import Window
from measurements.billing.engine.facts import ServiceDate
from measurements.billing.engine.known import Known
from measurements.billing.engine.lines import Caution, Line, Reason


def window_line(known: Known, window: Window, conflicts: Collection[WindowKey]) -> Line:
    draft = Draft(
        kind=Kind.PERIOD,
        programme=window.segment.programme,
        first=window.first,
        last=window.last,
        is_over=known.patient_today > window.last,
        rule=window.rule,
        date_of_service=window.date_of_service,
        days=window.days,
        forecast=forecast_of(known, window),
        monitoring_period=window.segment.period.start,
        anchor=window.anchor,
    )
    return build_line(known, draft, conflict_of(window, conflicts))


def conflict_of(window: Window, conflicts: Collection[WindowKey]) -> list[Reason]:
    return [Reason.RPM_AND_RTM] if (window.segment.programme, window.first) in conflicts else []


def setup_lines(known: Known, windows: Sequence[Window], conflicts: Collection[WindowKey]) -> list[Line]:
    """One for each monitoring period that has a window."""
    found: list[Line] = []
    begun = set()
    for window in windows:
        if window.segment.period not in begun:
            begun.add(window.segment.period)
            line = setup_line(known, window, conflicts)
            is_second = line is not None and is_second_within_a_year(line, found)
            found += [replace(line, cautions=(*line.cautions, Caution.SECOND_SETUP)) if is_second else line]
    return found


def setup_line(known: Known, window: Window, conflicts: Collection[WindowKey]) -> Line:
    rule, day, educated = find_setup_rule(known, window)
    draft = Draft(
        kind=Kind.SETUP,
        programme=window.segment.programme,
        first=window.first,
        last=window.last,
        is_over=known.patient_today > window.last,
        rule=rule,
        code=setup_rules(known, window)[0].code,
        date_of_service=day,
        belongs_to=month_of(window.date_of_service),
        days=window.days,
        monitoring_period=window.segment.period.start,
        anchor=window.anchor,
        has_education=educated is not None,
    )
    return build_line(known, draft, conflict_of(window, conflicts))


def setup_rules(known: Known, window: Window) -> list[CodeRule]:
    wanted = Kind.SETUP, window.segment.programme
    return [rule for rule in known.facts.code_rules if (rule.kind, rule.programme) == wanted]


def find_setup_rule(known: Known, window: Window) -> tuple[CodeRule | None, dt.date, dt.date | None]:
    """The rule in force if the days suffice, its date of service, and the day of the education."""
    educated = education_day(known, window)
    default = ServiceDate.EDUCATION if known.settings.setup_on_education else ServiceDate.LAST_DAY
    for rule in setup_rules(known, window):
        reached = window.days[known.settings.setup_min_days - 1 :][:1]
        days = ServiceDays(window.first, window.last, reached[0] if reached else None, educated)
        day = date_of_service(known, rule.code, days, default)
        least = least_days(known, rule.code, day, known.settings.setup_min_days)
        if rule.contains(day) and len(window.days) >= least:
            return rule, day, educated
    return None, window.last, educated


def education_day(known: Known, window: Window) -> dt.date | None:
    """The first one from the beginning of the monitoring period to the last day of its window 1."""
    period, programme = window.segment.period, window.segment.programme
    days = [
        row.date
        for row in known.dated(known.facts.education)
        if row.programme in (None, programme) and period.contains(row.date) and row.date <= window.last
    ]
    return min(days, default=None)
