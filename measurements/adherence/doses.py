"""Doses of a pillbox or cap by local day: taken, late or missed by a schedule, and openings that belong to no dose.

Pure functions. The vendor sends openings and no schedule: without one there are openings only. A dose may be taken from
`on_time` before its time; it is late after `on_time`, and missed after `missed_after`.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from zoneinfo import ZoneInfo

from measurements.local_days import ONE_DAY, LocalDays

NOON = dt.time(12)
MORNING, EVENING = 1, 2  # of a pillbox, in the vendor's numbers
WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")  # 1 is Sunday
HALVES = {MORNING: "AM", EVENING: "PM"}


class DoseState(StrEnum):
    TAKEN = "taken"
    LATE = "late"
    MISSED = "missed"
    NOT_REPORTED = "not reported yet"
    DUE = "not yet"

    @property
    def tone(self) -> str:
        return {"taken": "ok", "late": "warn", "missed": "bad"}.get(self.value, "idle")


@dataclass(frozen=True)
class Opening:
    """`compartment`: weekday (1 is Sunday) and half of the day of a pillbox; None where none is stated."""

    at: dt.datetime
    compartment: tuple[int, int] | None = None

    @property
    def compartment_label(self) -> str:
        """Wednesday AM."""
        return f"{WEEKDAYS[self.compartment[0] - 1]} {HALVES[self.compartment[1]]}" if self.compartment else ""


@dataclass(frozen=True)
class Schedule:
    """In force from `starts_on` until one that follows it in the list begins. No times: no doses."""

    starts_on: dt.date
    times: tuple[dt.time, ...]
    on_time: dt.timedelta
    missed_after: dt.timedelta


@dataclass(frozen=True)
class Dose:
    due_at: dt.datetime
    state: DoseState
    taken_at: dt.datetime | None = None


@dataclass
class DoseDay:
    day: dt.date
    doses: list[Dose] = field(default_factory=list)
    openings: list[Opening] = field(default_factory=list)  # of no dose
    refilled: int = 0


def build_dose_days(
    days: LocalDays,
    openings: Sequence[Opening],
    schedules: Sequence[Schedule],
    *,
    now: dt.datetime,
    upload_delay: dt.timedelta = dt.timedelta(),
) -> list[DoseDay]:
    """`openings` oldest first; `schedules` in the order in which they were set. `upload_delay`: until when a device
    may still report what was opened."""
    rows = [DoseDay(days.first + ONE_DAY * n) for n in range(len(days))]
    left = list(openings)
    for row in rows:
        if schedule := schedule_on(row.day, schedules):
            row.doses += [
                judge_dose(row.day, time, schedule, left, days.zone, now=now, upload_delay=upload_delay)
                for time in schedule.times
            ]
    for opening in left:
        rows[min(max(days.day_index(opening.at), 0), len(rows) - 1)].openings.append(opening)
    return rows


def schedule_on(day: dt.date, schedules: Iterable[Schedule]) -> Schedule | None:
    """The one that was set last, of those that have begun."""
    begun = [schedule for schedule in schedules if schedule.starts_on <= day]
    return begun[-1] if begun else None


def judge_dose(
    day: dt.date,
    time: dt.time,
    schedule: Schedule,
    openings: list[Opening],
    zone: ZoneInfo,
    *,
    now: dt.datetime,
    upload_delay: dt.timedelta,
) -> Dose:
    """Takes the first opening that belongs to the dose out of `openings`."""
    due_at = dt.datetime.combine(day, time, tzinfo=zone).astimezone(dt.UTC)
    ends_at, compartment = due_at + schedule.missed_after, compartment_of(day, time)
    for opening in openings:
        if not due_at - schedule.on_time <= opening.at < ends_at or opening.compartment not in (None, compartment):
            continue
        openings.remove(opening)
        on_time = opening.at <= due_at + schedule.on_time
        return Dose(due_at, DoseState.TAKEN if on_time else DoseState.LATE, opening.at)
    if now < ends_at:
        return Dose(due_at, DoseState.DUE)
    return Dose(due_at, DoseState.NOT_REPORTED if now < ends_at + upload_delay else DoseState.MISSED)


def compartment_of(day: dt.date, time: dt.time) -> tuple[int, int]:
    return day.isoweekday() % 7 + 1, MORNING if time < NOON else EVENING


def count_doses(rows: Iterable[DoseDay]) -> list[tuple[DoseState, int]]:
    """By state, those that are settled first; only states that occur."""
    counts = Counter(dose.state for row in rows for dose in row.doses)
    return [(state, counts[state]) for state in DoseState if counts[state]]


def split_weeks(rows: Sequence[DoseDay]) -> list[list[DoseDay | None]]:
    """Weeks from Sunday to Saturday, newest first; None for days out of the range."""
    if not rows:
        return []
    padded: list[DoseDay | None] = [*[None] * (rows[0].day.isoweekday() % 7), *rows]
    padded += [None] * (-len(padded) % 7)
    return [padded[n : n + 7] for n in range(0, len(padded), 7)][::-1]
