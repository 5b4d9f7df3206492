"""Measured days: on how many days of a range a vital sign was measured, out of those on which it could have been.

Days count from enrolment or the first reading in the range, whichever is earlier, to the end of the range; for a
discharged patient to the discharge or the last reading in the range, whichever is later.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from measurements.local_days import ONE_DAY, LocalDays
from patients.models import Patient
from patients.wording import count_noun


@dataclass(frozen=True)
class MeasuredDays:
    """`begins`: the day that counting begins with and what happened on it, where the range is longer than that."""

    measured: int
    among: int
    begins: tuple[dt.date, str] | None = None

    def __str__(self) -> str:
        return f"{self.measured} of {self.among}"

    @property
    def words(self) -> str:
        """88 of 90 days since enrolment on Sep 2, 2026."""
        if not self.among:
            return f"no days, {self.explanation}"
        return f"{self.measured:,} of {count_noun(self.among, 'day')} {self.explanation}".rstrip()

    @property
    def explanation(self) -> str:
        """Why these days are fewer than those of the range; empty where they are not."""
        if not self.among:
            return "because they are before enrolment or after discharge"
        if self.begins is None:
            return ""
        first, event = self.begins
        return f"since {event} on {first:%b} {first.day}, {first.year}"


def count_measured_days(patient: Patient, days: LocalDays, measured: Sequence[dt.date]) -> MeasuredDays:
    """`measured`: the days of the range with a reading, in order."""
    enrolled_on = patient.enrolled_at.astimezone(days.zone).date()
    begin, last = counted_span(patient, days, measured)
    among = max((last - max(begin, days.first)).days + 1, 0)
    event = "enrolment" if begin == enrolled_on else "the first reading of the range"
    return MeasuredDays(len(measured), among, (begin, event) if among and begin > days.first else None)


def counted_span(patient: Patient, days: LocalDays, measured: Sequence[dt.date]) -> tuple[dt.date, dt.date]:
    """The day that counting begins with, which may be before the range, and the last one in the range that counts."""
    begin = min([patient.enrolled_at.astimezone(days.zone).date(), *measured[:1]])
    if patient.discharged_at is None:
        return begin, days.last
    return begin, min(days.last, max([patient.discharged_at.astimezone(days.zone).date(), *measured[-1:]]))


def find_gaps(
    patient: Patient, days: LocalDays, measured: Sequence[dt.date], *, today: dt.date
) -> list[tuple[dt.date, dt.date]]:
    """First and last day of each run of days without a reading, of those that count and are over."""
    begin, last = counted_span(patient, days, measured)
    first, end, found = max(begin, days.first), min(last, today - ONE_DAY), set(measured)
    counted = (first + ONE_DAY * n for n in range((end - first).days + 1))
    return group_consecutive_days(day for day in counted if day not in found)


def group_consecutive_days(measured: Iterable[dt.date]) -> list[tuple[dt.date, dt.date]]:
    """First and last day of each run without a day between; `measured` in order."""
    runs: list[tuple[dt.date, dt.date]] = []
    for day in measured:
        if runs and day - runs[-1][1] <= ONE_DAY:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs
