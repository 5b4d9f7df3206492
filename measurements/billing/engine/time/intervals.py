"""Arithmetic of time intervals on the UTC line, ends excluded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from measurements.local_days import ONE_DAY, local_midnight

Interval = tuple[dt.datetime, dt.datetime]
NO_TIME = dt.timedelta(0)
LONG_DAY = dt.timedelta(hours=10)  # more in a day of one person is shown


def subtract(interval: Interval, taken: Iterable[Interval]) -> list[Interval]:
    """What of an interval lies in none of the others."""
    left = [interval]
    for start, end in (other for other in taken if other[0] < interval[1] and other[1] > interval[0]):
        left = [
            part
            for begin, finish in left
            for part in ((begin, min(finish, start)), (max(begin, end), finish))
            if part[0] < part[1]
        ]
    return left


def duration(intervals: Iterable[Interval]) -> dt.timedelta:
    return sum((end - start for start, end in intervals), NO_TIME)


def split_by_day(interval: Interval, zone: ZoneInfo) -> Iterator[tuple[dt.date, Interval]]:
    """Parts of it by local day."""
    start, end = interval
    while start < end:
        day = start.astimezone(zone).date()
        midnight = local_midnight(day + ONE_DAY, zone)
        yield day, (start, min(end, midnight))
        start = midnight
