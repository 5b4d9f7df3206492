"""Episodes of change rules: a local day's weight against a baseline, which is frozen while an episode is open."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from measurements.alerts.engine.drafts import Draft, feed_of
from measurements.alerts.engine.episodes import ClosedBy, Reason, State
from measurements.alerts.engine.facts import Event, EventKind
from measurements.alerts.engine.kinds.averages import Suppression
from measurements.alerts.engine.kinds.day_values import DayValue, day_values
from measurements.alerts.engine.known import END, Known
from measurements.alerts.engine.rule_versions import RuleTimeline, RuleVersion
from measurements.alerts.engine.rules import ClosingKind, Rule
from measurements.alerts.engine.shipped_rules import closing_of
from measurements.local_days import ONE_DAY
from measurements.weights.figures import USUAL_WEIGHT_DAYS, usual_weight, weight_difference

NEW_SCALE_DAYS = 3
Change = tuple[dt.datetime, RuleVersion | Event | None]


def change_episodes(
    timeline: RuleTimeline, known: Known, floor: dt.datetime | None, suppression: Suppression | None
) -> list[Draft]:
    days = day_values(known, timeline.metric)
    return ChangeRun(timeline, known, days, floor, suppression).run() if days else []


def is_beyond(change: float, rule: Rule) -> bool:
    """More than so much gained, or, below 0, lost."""
    bound = rule.more_than or 0.0
    return change < bound if bound < 0 else change > bound


def baseline_of(day: DayValue, rule: Rule, usual_by_person: float | None = None) -> float | None:
    """None where the days before don't give one."""
    if rule.over == "day":
        return day.by_day.get(day.day - ONE_DAY)
    if rule.over == "week":
        pick = max if (rule.more_than or 0.0) < 0 else min
        return pick(day.earlier, default=None)
    return usual_by_person or day.usual


def known_at(day: DayValue, rule: Rule, usual_by_person: float | None) -> dt.datetime:
    """When the change was known: with days that arrived later than it, only if it was not beyond without them."""
    week = [other for other in day.received if 0 < (day.day - other).days <= USUAL_WEIGHT_DAYS]
    later = {other for other in week if day.received[other] > day.reading.received}
    in_time = replace(day, by_day={other: value for other, value in day.by_day.items() if other not in later})
    change = weight_difference(day.value, baseline_of(in_time, rule, usual_by_person))
    if not later or (change is not None and is_beyond(change, rule)):
        return day.reading.received
    return max(day.received[other] for other in later)


@dataclass
class ChangeRun:
    timeline: RuleTimeline
    known: Known
    days: Sequence[DayValue]
    floor: dt.datetime | None
    suppression: Suppression | None
    found: list[Draft] = field(default_factory=list)
    current: Draft | None = None
    days_within: int = 0
    usual: tuple[dt.datetime, float] | None = None  # set by a person

    def run(self) -> list[Draft]:
        changes = deque(self.changes())
        for day in self.days:
            self.advance(changes, day.reading.taken)
            rule = self.timeline.version_at(day.reading.taken).rule
            if rule and not (self.floor and max(day.reading.taken, day.reading.received) <= self.floor):
                self.judge(day, rule)
        self.advance(changes, self.known.at)
        return self.found

    def advance(self, changes: deque[Change], until: dt.datetime) -> None:
        """What changed between two days' weights."""
        while changes and changes[0][0] <= until:
            at, what = changes.popleft()
            if isinstance(what, RuleVersion):
                self.change_rule(at, what)
            elif isinstance(what, Event):
                self.apply_event(what)
            else:
                self.close(at, ClosedBy.DISCHARGE)
                self.suppression = None

    def changes(self) -> list[Change]:
        """In time order."""
        start = self.days[0].reading.taken - ONE_DAY if self.floor is None else self.floor
        found: list[Change] = [
            (version.since, version) for version in self.timeline.versions_between(start, END) if version.since
        ]
        found += [
            (event.at, event)
            for event in self.known.events
            if start < event.at
            and (
                (event.kind == EventKind.REOPEN and event.rule == self.timeline.code)
                or (event.kind == EventKind.GOAL and event.data.get("usual") is not None)
            )
        ]
        found += [(interval.end, None) for interval in self.known.intervals if start < interval.end]
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
        if day.scale_since is not None and sum(other < day.day for other in day.by_day) < NEW_SCALE_DAYS:
            if self.current:
                self.current.reason = Reason.WAITS_FOR_NEW_SCALE
            return
        if self.current and self.current.reason is Reason.WAITS_FOR_NEW_SCALE:
            self.current.reason = Reason.BASELINE_OF_OPENING
        usual = self.usual_by_person(day)
        baseline = self.current.baseline if self.current else baseline_of(day, rule, usual)
        change = weight_difference(day.value, baseline)
        if change is None:
            return
        if self.current:
            self.judge_open(self.current, day, rule, change)
        elif self.may_open(day, rule, is_true=is_beyond(change, rule)):
            self.open(day, rule, change, baseline, known_at(day, rule, usual))

    def usual_by_person(self, day: DayValue) -> float | None:
        """Until 3 days of the week before were measured after it was set."""
        if self.usual is None or day.reading.taken <= self.usual[0]:
            return None
        set_on = self.known.index.day_of(self.usual[0])
        since = {other: value for other, value in day.by_day.items() if set_on < other}
        median = usual_weight(since, today=day.day)
        return self.usual[1] if median is None else median

    def may_open(self, day: DayValue, rule: Rule, *, is_true: bool) -> bool:
        if self.suppression and self.suppression.has_ended(
            rule, day.reading.taken, (day.value, None), is_true=is_true, is_false=not is_true
        ):
            self.suppression = None
        return is_true and self.suppression is None

    def open(self, day: DayValue, rule: Rule, change: float, baseline: float | None, detected_at: dt.datetime) -> None:
        feed = feed_of([day.reading], (day.value, None), gain=change)
        draft = Draft(rule, rule.metric, State.OPEN, detected_at, [feed], opened_at=day.reading.taken)
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
