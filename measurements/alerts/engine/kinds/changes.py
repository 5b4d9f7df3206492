"""Episodes of change rules: a local day's weight against a baseline, which is frozen while an episode is open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from measurements.alerts.engine.drafts import Draft, feed_of
from measurements.alerts.engine.episodes import ClosedBy, Reason, State
from measurements.alerts.engine.facts import Event, EventKind, Reading
from measurements.alerts.engine.kinds.averages import OPENS_AGAIN_AFTER, Suppression
from measurements.alerts.engine.known import Known
from measurements.alerts.engine.rule_versions import RuleTimeline, RuleVersion
from measurements.alerts.engine.rules import ClosingKind, Rule
from measurements.alerts.engine.shipped_rules import closing_of
from measurements.alerts.engine.worsening import is_worse
from measurements.local_days import ONE_DAY, LocalDays
from measurements.weights.figures import (
    USUAL_WEIGHT_DAYS,
    earlier_weights,
    usual_weight,
    weight_difference,
    weights_by_day,
)
from patients.models.clinic import DayWeight

NEW_SCALE_DAYS = 3


def change_episodes(
    timeline: RuleTimeline, known: Known, floor: dt.datetime | None, suppression: Suppression | None
) -> list[Draft]:
    readings = known.trusted(timeline.metric)
    return ChangeRun(timeline, known, readings, floor, suppression).run() if readings else []


@dataclass
class DayValue:
    """Of a local day: the reading that is the day's weight, or the first of it where the median is."""

    day: dt.date
    reading: Reading
    value: float
    scale_since: dt.datetime | None  # a swap before it
    by_day: Mapping[dt.date, float]  # days on the same scale
    received: Mapping[dt.date, dt.datetime]  # of each of these days
    usual_by_person: float | None = None


def is_beyond(change: float, rule: Rule) -> bool:
    """More than so much gained, or, below 0, lost."""
    bound = rule.more_than or 0.0
    return change < bound if bound < 0 else change > bound


def baseline_of(day: DayValue, rule: Rule) -> float | None:
    """None where the days before don't give one."""
    if rule.over == "day":
        return day.by_day.get(day.day - ONE_DAY)
    if rule.over == "week":
        pick = max if (rule.more_than or 0.0) < 0 else min
        return pick(earlier_weights(day.by_day, today=day.day), default=None)
    return day.usual_by_person or usual_weight(day.by_day, today=day.day)


def known_at(day: DayValue, rule: Rule) -> dt.datetime:
    """When the change was known: with days that arrived later than it, only if it was not beyond without them."""
    week = [other for other in day.received if 0 < (day.day - other).days <= USUAL_WEIGHT_DAYS]
    later = {other for other in week if day.received[other] > day.reading.received}
    in_time = replace(day, by_day={other: value for other, value in day.by_day.items() if other not in later})
    change = weight_difference(day.value, baseline_of(in_time, rule))
    if not later or (change is not None and is_beyond(change, rule)):
        return day.reading.received
    return max(day.received[other] for other in later)


def is_on_old_scale(reading: Reading, swap: Event) -> bool:
    """A reading that names no device is attributed by its time."""
    return reading.taken < swap.at or (bool(reading.device) and reading.device == swap.data.get("serial"))


def is_other_type(known: Known, serial: object) -> bool:
    """Whether the device is stated to be no scale."""
    types = [device.type.casefold() for device in known.index.facts.devices or () if device.serial == serial]
    return bool(types and types[0]) and not any(word in types[0] for word in ("scale", "weight"))


class DayValues:
    """The days' weights of a patient, by scale."""

    def __init__(self, known: Known, readings: list[Reading]) -> None:
        self.known = known
        rule = DayWeight.MEDIAN if known.index.facts.day_weight_is_median else DayWeight.FIRST
        devices = {reading.device for reading in readings if reading.device}
        self.swaps = [
            event
            for event in known.events
            if event.kind == EventKind.SWAP
            and (not devices or {event.data.get("serial"), event.data.get("to")} & devices)
            and not is_other_type(known, event.data.get("serial"))
        ]
        self.groups: list[tuple[dt.datetime | None, list[Reading]]] = [(None, readings)]
        for swap in self.swaps:
            since, last = self.groups.pop()
            self.groups.append((since, [reading for reading in last if is_on_old_scale(reading, swap)]))
            self.groups.append((swap.at, [reading for reading in last if not is_on_old_scale(reading, swap)]))
        self.rule = rule

    def in_order(self) -> list[DayValue]:
        found = [value for since, readings in self.groups if readings for value in self.of_scale(since, readings)]
        return sorted(found, key=lambda value: value.reading.taken)

    def of_scale(self, since: dt.datetime | None, readings: list[Reading]) -> list[DayValue]:
        index = self.known.index
        days = LocalDays(index.zone, index.day_of(readings[0].taken), index.day_of(readings[-1].taken))
        weights = [(reading.taken, float(reading.value_1 or 0)) for reading in readings]
        by_day = weights_by_day(weights, days=days, rule=self.rule)
        first_of_day: dict[dt.date, Reading] = {}
        for reading in readings:
            first_of_day.setdefault(index.day_of(reading.taken), reading)
        received = {day: reading.received for day, reading in first_of_day.items()}
        return [DayValue(day, first_of_day[day], by_day[day], since, by_day, received) for day in sorted(by_day)]


@dataclass
class ChangeRun:
    timeline: RuleTimeline
    known: Known
    readings: list[Reading]
    floor: dt.datetime | None
    suppression: Suppression | None
    found: list[Draft] = field(default_factory=list)
    current: Draft | None = None
    days_within: int = 0
    usual: tuple[dt.datetime, float] | None = None  # set by a person

    def run(self) -> list[Draft]:
        reached = self.floor
        for day in DayValues(self.known, self.readings).in_order():
            known_at = max(day.reading.taken, day.reading.received)
            self.advance(reached, day.reading.taken)
            reached = day.reading.taken if reached is None else max(reached, day.reading.taken)
            rule = self.timeline.version_at(day.reading.taken).rule
            if rule and not (self.floor and known_at <= self.floor):
                self.judge(day, rule)
        self.advance(reached, self.known.at)
        return self.found

    def advance(self, start: dt.datetime | None, end: dt.datetime) -> None:
        """Events between two days' weights."""
        if start is None:
            start = self.readings[0].taken - ONE_DAY
        for at, what in self.changes_between(start, end):
            if isinstance(what, RuleVersion):
                self.change_rule(at, what)
            elif isinstance(what, Event):
                self.apply_event(what)
            else:
                self.close(at, ClosedBy.DISCHARGE)
                self.suppression = None

    def changes_between(
        self, start: dt.datetime, end: dt.datetime
    ) -> list[tuple[dt.datetime, RuleVersion | Event | None]]:
        found: list[tuple[dt.datetime, RuleVersion | Event | None]] = [
            (version.since, version) for version in self.timeline.versions_between(start, end) if version.since
        ]
        found += [
            (event.at, event)
            for event in self.known.events
            if start < event.at <= end
            and (
                (event.kind == EventKind.REOPEN and event.rule == self.timeline.code)
                or (event.kind == EventKind.GOAL and event.data.get("usual") is not None)
            )
        ]
        found += [(interval.end, None) for interval in self.known.intervals if start < interval.end <= end]
        return sorted(found, key=lambda change: change[0])

    def apply_event(self, event: Event) -> None:
        """A person set a new usual weight, or opened the last episode again."""
        if event.kind == EventKind.GOAL:
            self.usual = (event.at, event.data["usual"])
            self.close(event.at, ClosedBy.PERSON, event.by)
            return
        last = self.found[-1] if self.found else None
        if self.current is None and last and last.state is State.CLOSED:
            last.reopen()
            self.current, self.days_within = last, 0

    def judge(self, day: DayValue, rule: Rule) -> None:
        """After a swap the rule waits for 3 days on the new scale."""
        earlier = [other for other in day.by_day if other < day.day]
        if day.scale_since is not None and len(earlier) < NEW_SCALE_DAYS:
            if self.current:
                self.current.reason = Reason.WAITS_FOR_NEW_SCALE
            return
        if self.current and self.current.reason is Reason.WAITS_FOR_NEW_SCALE:
            self.current.reason = Reason.BASELINE_OF_OPENING
        self.use_usual_of_person(day)
        baseline = self.current.baseline if self.current else baseline_of(day, rule)
        change = weight_difference(day.value, baseline)
        if change is None:
            return
        if self.current:
            self.judge_open(self.current, day, rule, change)
        elif self.may_open(day, rule, change) and is_beyond(change, rule):
            self.open(day, rule, change, baseline)

    def use_usual_of_person(self, day: DayValue) -> None:
        """Until 3 days of the week before were measured after it was set."""
        if self.usual is None or day.reading.taken <= self.usual[0]:
            return
        set_on = self.known.index.day_of(self.usual[0])
        since = {other: value for other, value in day.by_day.items() if set_on < other}
        median = usual_weight(since, today=day.day)
        day.usual_by_person = self.usual[1] if median is None else median

    def may_open(self, day: DayValue, rule: Rule, change: float) -> bool:
        held = self.suppression
        if held is None:
            return True
        at, values = day.reading.taken, (day.value, None)
        if not is_beyond(change, rule) or at >= held.since + OPENS_AGAIN_AFTER or is_worse(rule, values, held.peak):
            self.suppression = None
        return self.suppression is None

    def open(self, day: DayValue, rule: Rule, change: float, baseline: float | None) -> None:
        feed = feed_of([day.reading], (day.value, None), gain=change)
        draft = Draft(rule, rule.metric, State.OPEN, known_at(day, rule), [feed], opened_at=day.reading.taken)
        draft.baseline, draft.is_late, draft.reason = baseline, feed.is_late, Reason.BASELINE_OF_OPENING
        self.found.append(draft)
        self.current, self.days_within = draft, 0

    def judge_open(self, draft: Draft, day: DayValue, rule: Rule, change: float) -> None:
        if is_beyond(change, rule):
            feed = feed_of([day.reading], (day.value, None), gain=change)
            draft.feeds.append(feed)
            self.days_within = 0
            if draft.is_late and not feed.is_late:
                draft.is_late, draft.detected_at = False, feed.known_at
            elif not draft.is_late:
                draft.detected_at = min(draft.detected_at, feed.known_at)
            return
        self.days_within += 1
        closing = closing_of(rule)
        needed = {ClosingKind.BASELINE: closing.days, ClosingKind.READINGS: closing.n}
        if self.days_within >= needed.get(closing.kind, 1):
            self.close(day.reading.taken, ClosedBy.READINGS, known_at=day.reading.received)

    def close(self, at: dt.datetime, by: ClosedBy, person: str = "", *, known_at: dt.datetime | None = None) -> None:
        if self.current:
            self.current.close(at, by, known_at=known_at, person=person)
        self.current = None

    def change_rule(self, at: dt.datetime, version: RuleVersion) -> None:
        draft, rule = self.current, version.rule
        if draft is None:
            return
        if rule and any(feed.gain is not None and is_beyond(feed.gain, rule) for feed in draft.feeds):
            draft.rule = rule
        else:
            self.close(at, ClosedBy.RULE, version.by)
