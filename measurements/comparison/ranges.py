"""Two ranges of local days to compare: around a day, or typed. URLs, which are logged, contain a key and no dates."""

from __future__ import annotations

import datetime as dt
import zlib
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest

from measurements.chart.date_range import DateRange, DateRangeForm
from measurements.local_days import ONE_DAY, LocalDays
from patients.models import Patient

LENGTHS = (7, 14, 30, 90)  # days on each side
DEFAULT_LENGTH = 14
SESSION_KEY = "compared_ranges"  # rows of patient id and four days, newest first
MAX_REMEMBERED_PAIRS = 20
Days = tuple[dt.date, dt.date]


@dataclass(frozen=True)
class RangePair:
    """First and last day of each range, both included. The ranges have no day in common."""

    before: Days
    after: Days

    @classmethod
    def around(cls, split: dt.date, *, length: int, today: dt.date) -> RangePair:
        """`length` days before the day `split`, and as many that begin with it, of which some may be still to come."""
        end = min(split + ONE_DAY * (length - 1), today)
        return cls((split - ONE_DAY * length, split - ONE_DAY), (split, max(end, split)))

    @property
    def iso_dates(self) -> list[str]:
        return [day.isoformat() for day in (*self.before, *self.after)]

    @property
    def key(self) -> str:
        return f"r{zlib.crc32(' '.join(self.iso_dates).encode()):08x}"

    @property
    def labels(self) -> tuple[str, str]:
        """Oct 20 to Nov 2, 2026 for each."""
        return DateRange(dates=self.before).label, DateRange(dates=self.after).label

    def local_days(self, patient: Patient, *, now: dt.datetime) -> tuple[LocalDays, LocalDays]:
        return LocalDays(patient.zone, *self.before, now=now), LocalDays(patient.zone, *self.after, now=now)


def remember_pair(request: HttpRequest, patient: Patient, pair: RangePair) -> None:
    """Of one patient, until the user signs out."""
    row = [str(patient.pk), *pair.iso_dates]
    others = [other for other in request.session.get(SESSION_KEY, []) if other != row]
    request.session[SESSION_KEY] = [row, *others][:MAX_REMEMBERED_PAIRS]


def remembered_pair(request: HttpRequest, patient: Patient, key: str) -> RangePair:
    """Http404 for a key that this session doesn't know: other days must not be shown instead."""
    for patient_id, *days in request.session.get(SESSION_KEY, []):
        first, last, after_first, after_last = map(dt.date.fromisoformat, days)
        pair = RangePair((first, last), (after_first, after_last))
        if patient_id == str(patient.pk) and pair.key == key:
            return pair
    raise Http404("These days are no longer remembered.")


class RangePairForm:
    """The form of free dates, twice. No day may be in both ranges, which would blur the difference."""

    def __init__(self, data: Any = None, *, days: tuple[LocalDays, LocalDays], today: dt.date) -> None:
        self.before, self.after = (
            DateRangeForm(data, days=each, today=today, prefix=prefix)
            for each, prefix in zip(days, ("before", "after"), strict=True)
        )

    def is_valid(self) -> bool:
        if not all([self.before.is_valid(), self.after.is_valid()]):
            return False
        last, first = self.before.cleaned_data["last"], self.after.cleaned_data["first"]
        if first <= last:
            self.after.add_error(
                "first", f"Must be later than the last day before, {last:%b} {last.day}: no day is in both ranges."
            )
        return self.after.is_valid()

    @property
    def has_errors(self) -> bool:
        return bool(self.before.errors or self.after.errors)

    @property
    def pair(self) -> RangePair:
        before, after = self.before.cleaned_data, self.after.cleaned_data
        return RangePair((before["first"], before["last"]), (after["first"], after["last"]))
