"""`compute_bill`: all lines of a patient as known at an instant, without what was approved until then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from measurements.billing.engine.code_rules import BILLED_PROGRAMMES
from measurements.billing.engine.conflicts import WindowKey, conflicting_windows
from measurements.billing.engine.days.device_lines import setup_lines, window_line
from measurements.billing.engine.days.windows import Window, windows_of
from measurements.billing.engine.known import Known
from measurements.billing.engine.lines import Bill, Line
from measurements.billing.engine.time.minutes import months_with_sessions
from measurements.billing.engine.time.month_lines import build_month, request_line


def compute_bill(known: Known, approved: Collection[Line] = (), months: Collection[dt.date] = ()) -> Bill:
    """`approved`: lines whose windows stay where they were. `months`: first days of months to be shown in any case."""
    windows = [window for programme in BILLED_PROGRAMMES for window in windows_of(known, programme, approved)]
    conflicts = conflicting_windows(known, windows)
    shown = months_with_sessions(known) | {
        one.month for one in known.facts.approvals if one.month and one.at <= known.at
    }
    built = tuple(build_month(known, month) for month in sorted({*shown, *months}))
    requested = sorted(set(known.facts.requested), key=lambda request: (request.month, request.code, repr(request)))
    needed = built + tuple(build_month(known, one.month) for one in requested if one.month not in shown)
    return Bill(
        as_of=known.at,
        setups=tuple(sort_by_first(setup_lines_of(known, windows, conflicts))),
        windows=tuple(sort_by_first([window_line(known, window, conflicts) for window in windows])),
        months=built,
        requested=tuple(request_line(known, request, needed) for request in requested),
    )


def setup_lines_of(known: Known, windows: Collection[Window], conflicts: Collection[WindowKey]) -> list[Line]:
    return [
        line
        for programme in BILLED_PROGRAMMES
        for line in setup_lines(
            known, [window for window in windows if window.segment.programme is programme], conflicts
        )
    ]


def sort_by_first(lines: Collection[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: (line.first, line.programme))
