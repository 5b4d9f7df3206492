"""Episodes of too few days with readings in a week: of 7 local days in a row that are over, as it was known then."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from measurements.alerts.engine.drafts import Draft
from measurements.alerts.engine.episodes import ClosedBy, Reason
from measurements.alerts.engine.facts import Event, Reading
from measurements.alerts.engine.kinds.silence import MAX_DAYS_AHEAD, SilenceRun
from measurements.alerts.engine.known import BEGINNING, Interval
from measurements.alerts.engine.rule_versions import RuleVersion
from measurements.local_days import ONE_DAY

DAYS_OF_WEEK = 7


@dataclass
class WeekDaysRun(SilenceRun):
    """Paused days, and those that wait for a new device, are left out: the week reaches further back instead."""

    measured: set[dt.date] = field(default_factory=set)
    cursor: dt.datetime = BEGINNING  # what changed last; earlier days are judged

    def apply(self, at: dt.datetime, what: Reading | Event | RuleVersion | Interval | None) -> None:
        self.cursor = at
        super().apply(at, what)

    def receive(self, reading: Reading) -> None:
        """A trusted reading makes its day a measured one; enough of them, today included, end the episode."""
        if not reading.is_trusted:
            return
        day = self.known.index.day_of(reading.taken)
        self.measured.add(day)
        if self.waits_from and day >= self.waits_from:
            if day > self.waits_from:
                self.pauses.append((self.waits_from, day - ONE_DAY))
            self.waits_from = None
        if self.is_short(self.known.index.day_of(reading.received)):
            return
        self.allow_opening(reading.received)
        if self.current:
            self.end_shortage(self.current, reading)

    def end_shortage(self, draft: Draft, reading: Reading) -> None:
        if reading.is_late or (draft.opened_at and reading.taken < draft.opened_at):
            draft.reason = Reason.MEASURED_ARRIVED_LATE
            self.close(reading.received, ClosedBy.READINGS)
        else:
            self.close(reading.taken, ClosedBy.READINGS, known_at=reading.received)

    def week_until(self, day: dt.date) -> list[dt.date]:
        """The newest 7 days that count; fewer where the patient has not measured, or been monitored, for so long."""
        if not self.measured or self.interval is None:
            return []
        start = min(self.measured)
        if self.interval.start > BEGINNING:
            start = max(start, self.known.index.day_of(self.interval.start))
        found: list[dt.date] = []
        while day >= start and len(found) < DAYS_OF_WEEK:
            if not self.is_left_out(day):
                found.append(day)
            day -= ONE_DAY
        return found

    def is_left_out(self, day: dt.date) -> bool:
        is_paused = any(first <= day <= last for first, last in self.pauses)
        return is_paused or (self.waits_from is not None and day >= self.waits_from)

    def measured_days(self, day: dt.date) -> int:
        return len(self.measured.intersection(self.week_until(day)))

    def is_short(self, day: dt.date) -> bool:
        """Fewer days than expected in the whole week that ends with a day."""
        least = self.rule.least_days_a_week if self.rule else None
        if least is None or len(self.week_until(day)) < DAYS_OF_WEEK:
            return False
        return self.measured_days(day) < least

    def is_missing(self, at: dt.datetime) -> bool:
        return self.is_short(self.last_whole_day(at))

    def last_whole_day(self, at: dt.datetime) -> dt.date:
        day = self.known.index.day_of(at)
        over = self.over_at(day)
        return day if over is not None and over <= at else day - ONE_DAY

    def due_at(self) -> dt.datetime | None:
        """When the first day is over with which the week is short, if nothing more is measured."""
        if self.rule is None or self.current or self.suppression or not self.measured:
            return None
        day = self.known.index.day_of(self.cursor)
        for _ in range(MAX_DAYS_AHEAD):
            if self.waits_from and day >= self.waits_from:
                return None
            if not self.is_left_out(day) and self.is_short(day):
                return self.over_at(day)
            day += ONE_DAY
        return None

    def open_what_lasts(self, at: dt.datetime) -> None:
        if self.rule and self.current is None and self.suppression is None and self.is_missing(at):
            self.open(self.rule, at)

    def is_too_soon(self, at: dt.datetime) -> bool:
        return self.rule is None or not self.measured or at <= self.cursor

    def days_now(self, at: dt.datetime) -> int:
        """Measured ones of the week until today."""
        return self.measured_days(self.known.index.day_of(at))

    def days_of(self, _: Draft, at: dt.datetime) -> int:
        return self.days_now(at)

    def next_day_at(self, at: dt.datetime) -> dt.datetime | None:
        return self.known.index.end_of(self.known.index.day_of(at))
