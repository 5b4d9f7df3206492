"""Episodes of silence: so many whole local days without a trusted reading of a metric, as it was known at the time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

from measurements.alerts.engine.drafts import Draft
from measurements.alerts.engine.episodes import ClosedBy, Reason, State
from measurements.alerts.engine.facts import Event, EventKind, Mark, Reading
from measurements.alerts.engine.kinds.averages import OPENS_AGAIN_AFTER, Suppression
from measurements.alerts.engine.known import BEGINNING, Interval, Known
from measurements.alerts.engine.rule_versions import RuleTimeline, RuleVersion
from measurements.alerts.engine.rules import Rule
from measurements.alerts.engine.worsening import NO_VALUES
from measurements.local_days import ONE_DAY

UPLOAD_GRACE = dt.timedelta(hours=2)
MAX_DAYS_AHEAD = 400  # of a pause
Change = tuple[dt.datetime, int, Reading | Event | RuleVersion | Interval | None]


@dataclass
class SilenceRun:
    """One pass in the order in which facts became known."""

    timeline: RuleTimeline
    known: Known
    suppression: Suppression | None
    found: list[Draft] = field(default_factory=list)
    current: Draft | None = None
    last_day: dt.date | None = None  # days are counted from the day after it
    waits_from: dt.date | None = None  # for the first reading of a new device
    pauses: list[tuple[dt.date, dt.date]] = field(default_factory=list)
    interval: Interval | None = None
    rule: Rule | None = None
    next_at: dt.datetime | None = None

    def run(self) -> list[Draft]:
        self.rule = self.timeline.versions[0].rule
        for at, _, what in self.changes():
            self.open_if_due(at, inclusive=False)
            self.apply(at, what)
        self.open_if_due(self.known.at, inclusive=True)
        due = self.due_at()
        self.next_at = due if due and due > self.known.at else None
        if self.current:
            self.current.current = (NO_VALUES, 0, self.days_now(self.known.at))
            self.next_at = self.next_day_at(self.known.at)
        return self.found

    def changes(self) -> list[Change]:
        metric, at = self.timeline.metric, self.known.at
        found: list[Change] = [(reading.received, 3, reading) for reading in self.known.included(metric)]
        for event in self.known.events:
            is_pause = event.kind == EventKind.PAUSE and event.metric in ("", metric)
            is_reopening = event.kind == EventKind.REOPEN and event.rule == self.timeline.code
            if is_pause or event.kind == EventKind.SWAP or (is_reopening and event.metric in ("", metric)):
                found.append((event.at, 2, event))
        found += [(version.since, 2, version) for version in self.timeline.versions if version.since]
        for interval in self.known.intervals:
            found.append((interval.start, 1, interval))
            if interval.end <= at:
                found.append((interval.end, 0, None))
        if self.suppression and self.suppression.since + OPENS_AGAIN_AFTER <= at:
            found.append((self.suppression.since + OPENS_AGAIN_AFTER, 4, None))
        return sorted((change for change in found if change[0] <= at), key=lambda change: change[:2])

    def apply(self, at: dt.datetime, what: Reading | Event | RuleVersion | Interval | None) -> None:
        if isinstance(what, Reading):
            self.receive(what)
        elif isinstance(what, RuleVersion):
            self.change_rule(at, what)
        elif isinstance(what, Interval):
            self.interval = what
        elif isinstance(what, Event):
            self.apply_event(what)
        elif self.interval and self.interval.end == at:
            self.close(at, ClosedBy.DISCHARGE, person=self.interval.by)
            self.interval = None
            self.allow_opening(at)
        else:
            self.allow_opening(at)  # 7 days after a person resolved it
            self.open_what_lasts(at)

    def apply_event(self, event: Event) -> None:
        if event.kind == EventKind.PAUSE:
            self.pauses.append((event.data["first"], event.data["last"]))
            if self.current and not self.is_missing(event.at):
                self.close(event.at, ClosedBy.PERSON, person=event.by)
        elif event.kind == EventKind.SWAP:
            readings = self.known.included(self.timeline.metric)
            sent = {reading.device for reading in readings}
            received = [reading for reading in readings if reading.device == event.data["to"]]
            if event.data["serial"] in sent and not any(r.received <= event.at for r in received):
                self.waits_from = self.known.index.day_of(event.at)
        elif self.current is None and self.found and self.found[-1].state is State.CLOSED:
            self.current = self.found[-1]
            self.current.reopen()

    def receive(self, reading: Reading) -> None:
        """Any reading of the metric ends a silence; days are counted from the day after a trusted one."""
        if reading.marks & {Mark.CONTROL, Mark.DUPLICATE}:
            return
        day = self.known.index.day_of(reading.taken)
        is_newer = self.last_day is None or day > self.last_day
        if is_newer and (reading.is_trusted or self.current or self.last_day is None):
            self.last_day = day
        if is_newer and self.waits_from and day >= self.waits_from:
            self.waits_from = None
        if is_newer and self.current is None:
            self.allow_opening(reading.received)
        if self.current and self.rule and is_newer:
            self.end_silence(self.current, reading)

    def end_silence(self, draft: Draft, reading: Reading) -> None:
        """A reading that was taken or learned of late ends it at its receipt, unless the days after it suffice."""
        if self.rule is None or self.silent_days(reading.received) >= self.rule.days:
            return
        opened = draft.opened_at or reading.taken
        if reading.is_late or reading.taken < opened:
            draft.reason = Reason.MEASURED_ARRIVED_LATE
            self.close(reading.received, ClosedBy.READINGS)
        else:
            self.close(reading.taken, ClosedBy.READINGS, known_at=reading.received)

    def counted_days(self) -> Iterator[dt.date]:
        """Days after the last reading, while monitored: neither paused nor waiting for a new device."""
        if self.last_day is None or self.interval is None:
            return
        index, day = self.known.index, self.last_day
        if self.interval.start > BEGINNING:
            day = max(day, index.day_of(self.interval.start))
        for _ in range(MAX_DAYS_AHEAD):
            day += ONE_DAY
            if self.waits_from and day >= self.waits_from:
                return
            if not any(first <= day <= last for first, last in self.pauses):
                yield day

    def nth_day(self, n: int) -> dt.date | None:
        return next((day for position, day in enumerate(self.counted_days(), 1) if position == n), None)

    def over_at(self, day: dt.date | None) -> dt.datetime | None:
        """When a day is over: at midnight, or 2 hours after the day's last due upload."""
        if day is None:
            return None
        if self.rule and self.rule.uploads_at:
            due = dt.datetime.combine(day, max(self.rule.uploads_at), self.known.index.zone)
            return due.astimezone(dt.UTC) + UPLOAD_GRACE
        return self.known.index.end_of(day)

    def silent_days(self, at: dt.datetime) -> int:
        """Whole days that are over."""
        count = 0
        for day in self.counted_days():
            over = self.over_at(day)
            if over is None or over > at:
                break
            count += 1
        return count

    def is_missing(self, at: dt.datetime) -> bool:
        """Whether the rule still holds; none holds without a rule."""
        return self.rule is not None and self.silent_days(at) >= self.rule.days

    def days_now(self, at: dt.datetime) -> int:
        """The figure of an open episode."""
        return self.silent_days(at)

    def next_day_at(self, at: dt.datetime) -> dt.datetime | None:
        """When the figure of an open episode changes by time alone."""
        return self.over_at(self.nth_day(self.silent_days(at) + 1))

    def due_at(self) -> dt.datetime | None:
        """When the n-th day is over."""
        if self.rule is None or self.current or self.suppression:
            return None
        return self.over_at(self.nth_day(self.rule.days))

    def allow_opening(self, at: dt.datetime) -> None:
        """Since a person resolved it, the silence was interrupted, or has lasted for 7 days."""
        if self.suppression and at > self.suppression.since:
            self.suppression = None

    def is_too_soon(self, at: dt.datetime) -> bool:
        """Whether not even all days since the last reading would be enough: true at most readings."""
        if self.rule is None or self.last_day is None:
            return True
        return at < self.known.index.midnight(self.last_day + ONE_DAY * self.rule.days)

    def open_if_due(self, until: dt.datetime, *, inclusive: bool, not_before: dt.datetime = BEGINNING) -> None:
        if self.is_too_soon(until):
            return
        due = self.due_at()
        if due is None or self.rule is None or not (due < until or (inclusive and due == until)):
            return
        self.open(self.rule, max(due, not_before))

    def open_what_lasts(self, at: dt.datetime) -> None:
        self.open_if_due(at, inclusive=True, not_before=at)

    def open(self, rule: Rule, at: dt.datetime) -> None:
        self.current = Draft(rule, self.timeline.metric, State.OPEN, at, first=at, opened_at=at)
        self.found.append(self.current)

    def close(self, at: dt.datetime, by: ClosedBy, *, known_at: dt.datetime | None = None, person: str = "") -> None:
        if self.current:
            self.current.current = (NO_VALUES, 0, self.days_of(self.current, at))
            self.current.close(at, by, known_at=known_at, person=person)
        self.current = None

    def days_of(self, draft: Draft, at: dt.datetime) -> int:
        """Silent days of an episode that ends: those before its opening and those until now."""
        opened = draft.opened_at or at
        since = (self.known.index.day_of(at) - self.known.index.day_of(opened)).days
        return draft.rule.days + max(0, since)

    def change_rule(self, at: dt.datetime, version: RuleVersion) -> None:
        """A new or stricter rule judges the silence of now."""
        self.rule = version.rule
        if self.current and not self.is_missing(at):
            self.close(at, ClosedBy.RULE, person=version.by)
        elif self.current and self.rule:
            self.current.rule = self.rule
        else:
            self.open_what_lasts(at)


# Sent beside another reading, only when something is detected, or not by a measurement.
NEVER_EXPECTED = frozenset({"irregular_heartbeat", "pulse", "perfusion_index", "battery_percentage"})
EVENT_WORDS = ("pillbox", "patchcap", "_event")
ENDED_STATES = frozenset({"returned", "unlinked", "cancelled"})


def expected_metrics(known: Known, *, named: bool) -> set[str]:
    """That the patient is expected to measure: named ones, else those that the active devices have sent."""
    facts, index = known.index.facts, known.index
    if facts.expected_metrics is not None:
        return set(facts.expected_metrics)
    today = index.day_of(known.at)
    ended = {
        device.serial
        for device in facts.devices or ()
        if device.state in ENDED_STATES or (device.end is not None and device.end < today)
    }
    found = set()
    for metric, readings in index.by_metric.items():
        is_usable = named or not (metric in NEVER_EXPECTED or any(word in metric for word in EVENT_WORDS))
        if is_usable and any(known.includes(r.received) and r.device not in ended for r in readings):
            found.add(metric)
    return found


def silence_timelines(timeline: RuleTimeline, known: Known) -> list[RuleTimeline]:
    """One for each expected metric, or for the rule's own one if it is expected."""
    if timeline.metric:
        return [timeline] if timeline.metric in expected_metrics(known, named=True) else []
    return [timeline.for_metric(metric) for metric in sorted(expected_metrics(known, named=False))]
