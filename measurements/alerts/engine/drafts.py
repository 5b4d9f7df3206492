"""Draft of an episode while it is computed in the order in which readings were taken, before a person's steps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from measurements.alerts.engine.episodes import ClosedBy, Reason, State, Values
from measurements.alerts.engine.facts import Reading, ReadingId
from measurements.alerts.engine.rules import Rule
from measurements.alerts.engine.worsening import NO_VALUES, worst_values


class Feed(NamedTuple):
    """What makes a rule true or leaves it so: a reading, a sitting, an average or a day's weight.

    `reading_ids`: of an average, those that fed no feed before. `first`, `last`: times taken. `known_at`: when it was
    learned of. `gain`: of a change.
    """

    first: dt.datetime
    last: dt.datetime
    known_at: dt.datetime
    values: Values
    reading_ids: tuple[ReadingId, ...]
    is_late: bool = False
    gain: float | None = None
    n: int = 1
    days: int = 1


def feed_of(readings: Iterable[Reading], values: Values, *, gain: float | None = None) -> Feed:
    """Of readings in time order that are judged as one."""
    found = list(readings)
    return Feed(
        found[0].taken,
        found[-1].taken,
        max(reading.received for reading in found),
        values,
        tuple(reading.id for reading in found),
        is_late=all(reading.is_late for reading in found),
        gain=gain,
    )


@dataclass
class Draft:
    """See `Episode` for what the fields mean. `known_closed_at`: when its closing was known."""

    rule: Rule
    metric: str
    state: State
    detected_at: dt.datetime
    feeds: list[Feed] = field(default_factory=list)
    opened_at: dt.datetime | None = None
    first: dt.datetime | None = None
    is_late: bool = False
    reason: Reason | None = None
    baseline: float | None = None
    closed_at: dt.datetime | None = None
    known_closed_at: dt.datetime | None = None
    closed_by: ClosedBy | None = None
    closed_by_person: str = ""
    current: tuple[Values, int, int] | None = None  # of an average or a silence today: values, n, days
    seen_at_once_at: dt.datetime | None = None  # when a critical reading came into sight before it was confirmed
    is_notified_at_once: bool = False
    changes_at: dt.datetime | None = None
    reads_differently: bool = False
    differs_because: str = ""

    @property
    def is_open(self) -> bool:
        return self.state in (State.OPEN, State.UNCONFIRMED)

    @property
    def known_from(self) -> dt.datetime:
        """From when a person could act on it."""
        return self.detected_at if self.seen_at_once_at is None else min(self.seen_at_once_at, self.detected_at)

    @property
    def first_taken(self) -> dt.datetime:
        return self.first or min((feed.first for feed in self.feeds), default=self.detected_at)

    @property
    def last_taken(self) -> dt.datetime:
        return max((feed.last for feed in self.feeds), default=self.first_taken)

    @property
    def reading_ids(self) -> tuple[ReadingId, ...]:
        """Oldest first, each once."""
        return tuple(dict.fromkeys(reading_id for feed in self.feeds for reading_id in feed.reading_ids))

    def peak(self, known_at: dt.datetime | None = None) -> Values:
        """The worst of each value so far, or as it was known at an instant."""
        found = [feed.values for feed in self.feeds if known_at is None or feed.known_at <= known_at]
        return worst_values(self.rule, found) if found else NO_VALUES

    def close(self, at: dt.datetime, by: ClosedBy, *, known_at: dt.datetime | None = None, person: str = "") -> None:
        self.state, self.closed_at, self.closed_by, self.closed_by_person = State.CLOSED, at, by, person
        self.known_closed_at = at if known_at is None else max(at, known_at)
        self.changes_at = None

    def reopen(self) -> None:
        self.state, self.closed_at, self.closed_by, self.closed_by_person = State.OPEN, None, None, ""
        self.known_closed_at = None

    def drop(self, known_at: dt.datetime) -> None:
        """Not confirmed: history only."""
        self.state, self.reason, self.known_closed_at = State.DISSOLVED, Reason.NOT_CONFIRMED, known_at
        self.changes_at = None
