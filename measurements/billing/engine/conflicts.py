"""RPM and RTM at once: which windows and months of the two programmes are refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable

from measurements.billing.engine.code_rules import BILLED_PROGRAMMES, Programme
from measurements.billing.engine.date_ranges import last_day_of
from measurements.billing.engine.days.windows import Window
from measurements.billing.engine.known import Known
from measurements.billing.engine.monitoring import programmes_at_once

WindowKey = tuple[Programme, dt.date]


def conflicting_windows(known: Known, windows: Iterable[Window]) -> set[WindowKey]:
    """Of programmes in force at once those of the later one, both of one day; else of overlapping windows the later."""
    upheld: list[Window] = []
    found: set[WindowKey] = set()
    for window in sorted(windows, key=lambda window: (window.first, window.segment.programme)):
        other_began_first = programmes_at_once(known, window.segment.programme, window.first, window.last)
        overlaps = any(is_of_other_programme(window, one) and window.first <= one.last for one in upheld)
        if other_began_first or (other_began_first is None and overlaps):
            found.add((window.segment.programme, window.first))
        elif window.rule:
            upheld.append(window)
    return found


def is_of_other_programme(window: Window, other: Window) -> bool:
    return window.segment.programme is not other.segment.programme


def conflicting_programmes(known: Known, month: dt.date, reached: Collection[Programme]) -> set[Programme]:
    """Whose minutes of a month are refused. `reached`: programmes whose minutes reach a code."""
    found = set()
    for programme in reached:
        other_began_first = programmes_at_once(known, programme, month, last_day_of(month))
        if other_began_first is None and len(reached) == len(BILLED_PROGRAMMES):
            other_began_first = any(
                start_in_month(known, other, month) <= start_in_month(known, programme, month)
                for other in reached
                if other is not programme
            )
        if other_began_first:
            found.add(programme)
    return found


def start_in_month(known: Known, programme: Programme, month: dt.date) -> dt.date:
    """Of the first enrolment that touches the month; the latest possible day without any."""
    rows = [row for row in known.enrolments(programme) if row.touches(month, last_day_of(month), days_after=3)]
    return (rows[0].start or dt.date.min) if rows else dt.date.max
