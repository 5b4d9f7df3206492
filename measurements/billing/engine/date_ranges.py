"""Ranges of local dates, both ends included, and months of the calendar."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from measurements.local_days import ONE_DAY

MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")


@dataclass(frozen=True, kw_only=True)
class DateRange:
    """`start` None: ever since; `end` None: while it is open."""

    start: dt.date | None = None
    end: dt.date | None = None

    def contains(self, day: dt.date, *, days_after: int = 0) -> bool:
        """`days_after`: so many days after the end belong to it too."""
        return self.touches(day, day, days_after=days_after)

    def touches(self, first: dt.date, last: dt.date, *, days_after: int = 0) -> bool:
        is_begun = self.start is None or self.start <= last
        return is_begun and (self.end is None or first <= self.end + ONE_DAY * days_after)

    def intersection(self, other: DateRange) -> DateRange | None:
        starts = [start for start in (self.start, other.start) if start]
        ends = [end for end in (self.end, other.end) if end]
        found = DateRange(start=max(starts, default=None), end=min(ends, default=None))
        return None if found.start and found.end and found.end < found.start else found

    @property
    def sort_key(self) -> tuple[dt.date, dt.date]:
        return self.start or dt.date.min, self.end or dt.date.max


def month_of(day: dt.date) -> dt.date:
    """Its first day."""
    return day.replace(day=1)


def next_month(month: dt.date) -> dt.date:
    return month_of(month + ONE_DAY * 31)


def last_day_of(month: dt.date) -> dt.date:
    return next_month(month) - ONE_DAY


def parse_month(text: str) -> dt.date | None:
    """First day of a month that is written as 2026-11; None for any other text."""
    if not MONTH.fullmatch(text):
        return None
    try:
        return dt.date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
