"""Monitoring periods by programme: from enrolment in it to discharge or its end, and their parts with one consent."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from measurements.billing.engine.code_rules import BILLED_PROGRAMMES, Programme
from measurements.billing.engine.date_ranges import DateRange
from measurements.billing.engine.facts import Enrolment
from measurements.billing.engine.known import Known

DOCUMENTATION_DAYS = 3  # after the end, on which time still counts


@dataclass(frozen=True)
class Segment:
    """Part of a monitoring period with one unbroken consent: windows of 30 days begin anew in each."""

    programme: Programme
    period: DateRange
    days: DateRange


def monitoring_periods(known: Known, programme: Programme) -> list[DateRange]:
    """Without any enrolment in a programme those that are stated, whose lines then lack the programme."""
    return known.remember(("periods", programme), lambda: find_periods(known, programme))


def find_periods(known: Known, programme: Programme) -> list[DateRange]:
    stated = known.facts.monitoring_periods
    periods = sorted(set(stated), key=lambda period: period.sort_key) if stated is not None else [DateRange()]
    if not known.has_programmes:
        return periods if programme is Programme.RPM else []
    enrolled = merged_ranges(known.enrolments(programme))
    found = [period.intersection(row) for period in periods for row in enrolled]
    return sorted({period for period in found if period}, key=lambda period: period.sort_key)


def merged_ranges(rows: list[Enrolment]) -> list[DateRange]:
    """Rows that follow each other without a gap are one: a change of system ends no monitoring period."""
    found: list[DateRange] = []
    for row in rows:
        if found and found[-1].contains(row.start or dt.date.min, days_after=1):
            end = None if None in (found[-1].end, row.end) else max(filter(None, (found[-1].end, row.end)))
            found[-1] = DateRange(start=found[-1].start, end=end)
        else:
            found.append(DateRange(start=row.start, end=row.end))
    return found


def segments(known: Known, programme: Programme) -> list[Segment]:
    found = []
    for period in monitoring_periods(known, programme):
        for consented in known.consent_ranges():
            days = period.intersection(consented)
            if days:
                found.append(Segment(programme, period, days))
    return found


def is_monitored(known: Known, programme: Programme, day: dt.date, *, days_after: int = 0) -> bool:
    return any(period.contains(day, days_after=days_after) for period in monitoring_periods(known, programme))


def is_enrolled(known: Known, programme: Programme, first: dt.date, last: dt.date) -> bool:
    """In the programme on one of these days, RTM with its system."""
    rows = [row for row in known.enrolments(programme) if row.touches(first, last, days_after=DOCUMENTATION_DAYS)]
    return any(row.system or programme is not Programme.RTM for row in rows)


def programmes_at_once(known: Known, programme: Programme, first: dt.date, last: dt.date) -> bool | None:
    """Whether the other programme began first, where both are in force on one of these days; None: neither did."""
    other = next(found for found in BILLED_PROGRAMMES if found is not programme)
    pairs = [
        (own.start or dt.date.min, row.start or dt.date.min)
        for own in known.enrolments(programme)
        for row in known.enrolments(other)
        if (both := own.intersection(row)) and both.touches(first, last)
    ]
    return any(theirs <= own for own, theirs in pairs) if pairs else None
