"""Windows of 30 days: from the first counted day back to back, without overlap, frozen by the first approval."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from measurements.billing.engine.claims.payers import ServiceDays, date_of_service, least_days
from measurements.billing.engine.code_rules import CodeRule, Kind, Programme
from measurements.billing.engine.days.counted_days import all_segments, counted_days
from measurements.billing.engine.known import Known
from measurements.billing.engine.lines import Line
from measurements.billing.engine.monitoring import Segment
from measurements.local_days import ONE_DAY

WINDOW_DAYS = 30
DAYS_BEFORE_LAST = ONE_DAY * (WINDOW_DAYS - 1)


@dataclass(frozen=True)
class Window:
    """`last` of one that reached no code is earlier where the next segment's windows begin. `number` from 0 within the
    segment. `rule` None: no code is reached. `anchor`: first day of the segment's window 0.
    """

    segment: Segment
    number: int
    first: dt.date
    last: dt.date
    days: tuple[dt.date, ...]
    rule: CodeRule | None
    date_of_service: dt.date
    anchor: dt.date

    @property
    def period_start(self) -> dt.date | None:
        return self.segment.period.start


def windows_of(known: Known, programme: Programme, approved: Collection[Line]) -> list[Window]:
    """All windows begun until today, in order."""
    found: list[Window] = []
    for segment in all_segments(known, programme):
        reached = [window.last for window in found if window.rule or is_approved(window, approved)]
        begun = segment_windows(known, segment, max(reached, default=None), approved)
        if begun:
            found = [cut_before(window, begun[0].first) for window in found]
        found += begun
    return found


def is_approved(window: Window, approved: Collection[Line]) -> bool:
    return any(line.first == window.first for line in approved if is_of_segment(line, window.segment))


def is_of_segment(line: Line, segment: Segment) -> bool:
    is_window = line.kind in (Kind.PERIOD, Kind.SETUP)
    return is_window and line.programme is segment.programme and segment.days.contains(line.first)


def cut_before(window: Window, day: dt.date) -> Window:
    if not window.first < day <= window.last:
        return window
    return replace(window, last=day - ONE_DAY, days=tuple(found for found in window.days if found < day))


def segment_windows(
    known: Known, segment: Segment, reached_until: dt.date | None, approved: Collection[Line]
) -> list[Window]:
    fixed = sorted({line.first for line in approved if is_of_segment(line, segment)})
    days = counted_days(known, segment)
    if reached_until is not None:
        days = [day for day in days if day > reached_until]
    end = min(known.patient_today, segment.days.end or known.patient_today)
    first = first_window_start(days, [line for line in approved if is_of_segment(line, segment)])
    found: list[Window] = []
    while first is not None and first <= end:
        anchor = found[0].first if found else first
        found.append(
            build_window(known, segment, len(found), ServiceDays(first, first + DAYS_BEFORE_LAST), days, anchor)
        )
        first = next_window_start(known, first + DAYS_BEFORE_LAST + ONE_DAY, days, fixed)
    return found


def first_window_start(days: Sequence[dt.date], approved: Collection[Line]) -> dt.date | None:
    """The first counted day until the first approval; from then on the day that was the first one by then."""
    if approved:
        return min(approved, key=lambda line: (line.approved_at, line.first)).anchor
    return days[0] if days else None


def next_window_start(
    known: Known, first: dt.date, days: Sequence[dt.date], fixed: Sequence[dt.date]
) -> dt.date | None:
    """The day after, or by a setting the next counted day; an approved window stays where it was."""
    anew_from = known.settings.windows_anew_from
    if anew_from is None or first < anew_from:
        return first
    return min((day for day in (*days, *fixed) if day >= first), default=None)


def build_window(
    known: Known, segment: Segment, number: int, span: ServiceDays, days: Sequence[dt.date], anchor: dt.date
) -> Window:
    counted = tuple(day for day in days if span.first <= day <= span.last)
    rule, day = find_window_code(known, segment.programme, span, counted)
    return Window(segment, number, span.first, span.last, counted, rule, day, anchor)


def find_window_code(
    known: Known, programme: Programme, days: ServiceDays, counted: Sequence[dt.date]
) -> tuple[CodeRule | None, dt.date]:
    """The rule of the code that so many days reach, by the date of service that its payer wants; and that date."""
    rules = [rule for rule in known.facts.code_rules if (rule.kind, rule.programme) == (Kind.PERIOD, programme)]
    for rule in sorted(rules, key=lambda rule: -rule.least):
        reached = counted[rule.least - 1] if len(counted) >= rule.least else None
        day = date_of_service(known, rule.code, replace(days, reached=reached))
        least = least_days(known, rule.code, day, rule.least)
        is_of_system = not rule.system or rule.system == system_on(known, programme, days)
        if rule.contains(day) and is_of_system and least <= len(counted) <= (rule.most or WINDOW_DAYS):
            return rule, day
    return None, days.last


def system_on(known: Known, programme: Programme, days: ServiceDays) -> str:
    """Of RTM, on the last day of the window on which the patient is in the programme."""
    rows = [row for row in known.enrolments(programme) if row.touches(days.first, days.last)]
    return rows[-1].system if rows else ""
