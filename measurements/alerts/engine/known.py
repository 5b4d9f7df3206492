"""What is known of a patient at an instant: trusted readings by metric, events and monitoring periods."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from measurements.alerts.engine.facts import Event, EventKind, Facts, Reading, ReadingId
from measurements.alerts.engine.kinds.series import Series
from measurements.local_days import ONE_DAY, local_midnight

T = TypeVar("T")
BEGINNING, END = dt.datetime.min.replace(tzinfo=dt.UTC), dt.datetime.max.replace(tzinfo=dt.UTC)


@dataclass(frozen=True)
class Interval:
    """Of monitoring, from `start` (included) to `end`; `by`: who ended it."""

    start: dt.datetime
    end: dt.datetime = END
    by: str = ""

    def contains(self, at: dt.datetime) -> bool:
        return self.start <= at < self.end


class FactIndex:
    """Readings by metric in time order without repeated rows, and local days; built once for an evaluation."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.by_id = {reading.id: reading for reading in sorted(facts.readings, key=lambda reading: reading.sort_key)}
        self.readings = list(self.by_id.values())
        self.by_metric: Mapping[str, list[Reading]] = defaultdict(list)
        for reading in self.readings:
            self.by_metric[reading.metric].append(reading)
        self.events = unique_events(facts.events)
        self.exclusions: Mapping[ReadingId, list[tuple[dt.datetime, bool]]] = defaultdict(list)
        for event in self.events:
            if event.kind in (EventKind.EXCLUDE, EventKind.UNDO_EXCLUSION):
                self.exclusions[event.data["reading"]].append((event.at, event.kind == EventKind.EXCLUDE))
        self.metrics_with_late = {reading.metric for reading in self.readings if reading.is_late}
        self._days: dict[dt.datetime, dt.date] = {}
        self._midnights: dict[dt.date, dt.datetime] = {}

    @property
    def zone(self) -> ZoneInfo:
        return self.facts.zone

    def day_of(self, at: dt.datetime) -> dt.date:
        """The patient's local day."""
        if at not in self._days:
            self._days[at] = at.astimezone(self.zone).date()
        return self._days[at]

    def midnight(self, day: dt.date) -> dt.datetime:
        """The instant at which a local day begins."""
        if day not in self._midnights:
            self._midnights[day] = local_midnight(day, self.zone)
        return self._midnights[day]

    def end_of(self, day: dt.date) -> dt.datetime:
        return self.midnight(day + ONE_DAY)


class Known:
    """Facts as known at `at`: received and done until then, with `before` only what was known before it."""

    def __init__(self, index: FactIndex, at: dt.datetime, *, before: bool = False) -> None:
        self.index, self.at, self.before = index, at, before
        self.events = [event for event in index.events if self.includes(event.at)]
        self._counted: dict[str, list[Reading]] = {}
        self._remembered: dict[Hashable, Any] = {}

    def earlier(self, at: dt.datetime, *, before: bool = False) -> Known:
        """As known at another instant; one for all rules, which look back to the same steps of persons."""
        return self.remember((at, before), lambda: Known(self.index, at, before=before))

    def remember(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Computed once for all rules, which ask for the same."""
        if key not in self._remembered:
            self._remembered[key] = compute()
        found: T = self._remembered[key]
        return found

    def includes(self, instant: dt.datetime) -> bool:
        return instant < self.at or (instant == self.at and not self.before)

    def is_excluded(self, reading: Reading) -> bool:
        changes = self.index.exclusions.get(reading.id)
        if not changes:
            return False
        states = [excluded for at, excluded in changes if self.includes(at)]
        return bool(states) and states[-1]

    def included(self, metric: str) -> list[Reading]:
        """Received and not excluded, whether monitored or not."""
        readings = self.index.by_metric.get(metric, ())
        received = [reading for reading in readings if self.includes(reading.received)]
        return [reading for reading in received if not self.is_excluded(reading)] if self.index.exclusions else received

    def counted(self, metric: str) -> list[Reading]:
        """Received, taken while monitored and not excluded; untrusted ones too. In time order."""
        if metric not in self._counted:
            self._counted[metric] = [r for r in self.included(metric) if self.is_monitored(r.taken)]
        return self._counted[metric]

    def series(self, metric: str) -> Series:
        """Of the trusted readings."""
        return self.remember(("series", metric), lambda: self.compute_series(metric))

    def compute_series(self, metric: str) -> Series:
        readings = [reading for reading in self.counted(metric) if reading.is_trusted]
        return Series(readings, [self.index.day_of(reading.taken) for reading in readings])

    def trusted(self, metric: str) -> Sequence[Reading]:
        return self.series(metric).readings

    @cached_property
    def intervals(self) -> list[Interval]:
        """Of monitoring, in order. An end that is still ahead is one."""
        periods = self.index.facts.monitoring_periods
        found = [Interval(BEGINNING)]
        if periods is not None:
            found = [
                Interval(self.index.midnight(period.start), self.index.end_of(period.end) if period.end else END)
                for period in sorted(periods, key=lambda period: period.start)
            ]
        for event in self.events:
            if event.kind == EventKind.DISCHARGE:
                found = [
                    Interval(interval.start, event.at, event.by) if interval.contains(event.at) else interval
                    for interval in found
                ]
            elif event.kind == EventKind.READMIT and not any(interval.contains(event.at) for interval in found):
                following = [interval.start for interval in found if interval.start > event.at]
                found.append(Interval(event.at, min(following, default=END)))
        return sorted(found, key=lambda interval: interval.start)

    @cached_property
    def is_always_monitored(self) -> bool:
        return self.intervals == [Interval(BEGINNING)]

    def is_monitored(self, at: dt.datetime) -> bool:
        return self.is_always_monitored or any(interval.contains(at) for interval in self.intervals)


def unique_events(events: Iterable[Event]) -> list[Event]:
    """In time order; those of one instant in their given order; a repeated row once."""
    found: list[Event] = []
    for event in sorted(events, key=lambda event: event.at):
        if event not in found[-8:]:
            found.append(event)
    return found
