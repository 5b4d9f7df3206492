"""Episodes of limit, k-of-n and pattern rules: sittings are judged one after another in the order they were taken."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from measurements.alerts.engine.drafts import Draft, Feed, feed_of
from measurements.alerts.engine.episodes import ClosedBy, Reason, State
from measurements.alerts.engine.facts import EventKind
from measurements.alerts.engine.kinds.series import Series
from measurements.alerts.engine.kinds.sittings import Sitting, sitting_of
from measurements.alerts.engine.known import END, Interval, Known
from measurements.alerts.engine.rule_versions import RuleTimeline, RuleVersion
from measurements.alerts.engine.rules import ClosingKind, Kind, Rule, positions_beyond
from measurements.alerts.engine.shipped_rules import PREGNANCY_SEVERE, closing_of
from measurements.local_days import ONE_DAY

CONFIRMED_WITHIN = dt.timedelta(hours=4)  # a second severe pressure in pregnancy


def reading_episodes(timeline: RuleTimeline, known: Known, floor: dt.datetime | None) -> list[Draft]:
    """In time order. `floor`: only readings taken or received after it; a person resolved the last one at it."""
    found: list[Draft] = []
    series, is_grouped = known.series(timeline.metric), Kind.LIMIT not in timeline.kinds
    for interval in known.intervals:
        judged = series
        if floor is not None or not known.is_always_monitored:
            inside = [reading for reading in series.readings if interval.contains(reading.taken)]
            judged = Series([one for one in inside if floor is None or max(one.taken, one.received) > floor], ())
        sittings = judged.sittings if is_grouped else judged.single_sittings
        if sittings:
            found += SittingRun(timeline, known, interval, floor).run(sittings)
    return found


@dataclass
class SittingRun:
    """One pass over the readings of one monitoring period; history begins empty."""

    timeline: RuleTimeline
    known: Known
    interval: Interval
    floor: dt.datetime | None
    found: list[Draft] = field(default_factory=list)
    current: Draft | None = None
    sittings: Sequence[Sitting] = ()
    judged: int = 0  # sittings so far
    used: set[Sitting] = field(default_factory=set)  # that feed an episode
    inside: int = 0  # trusted readings in a row inside the limit
    reached: dt.datetime | None = None  # until when changes by time are done

    def run(self, sittings: Sequence[Sitting]) -> list[Draft]:
        self.reached = sittings[0].first - dt.timedelta(microseconds=1) if self.floor is None else self.floor
        reopened = any(event.kind == EventKind.REOPEN for event in self.known.events)
        self.sittings, rules, crossed = self.judged_sittings(sittings)
        following = 0
        while following < len(self.sittings):
            if not (reopened or self.current or crossed[following]):  # nothing can change
                following = next((n for n in range(following, len(crossed)) if crossed[n]), len(crossed))
                continue
            sitting, following = self.sittings[following], following + 1
            self.judged = following
            self.advance(sitting.first)
            self.judge(sitting, rules[following - 1], is_crossed=crossed[following - 1])
        end = min(self.known.at, self.interval.end)
        self.advance(end, final=True)
        if self.interval.end <= self.known.at and self.current:
            self.close_current(self.interval.end, ClosedBy.DISCHARGE, person=self.interval.by)
        return self.found

    def judged_sittings(self, sittings: Sequence[Sitting]) -> tuple[Sequence[Sitting], Sequence[Rule], Sequence[bool]]:
        """Those for which a rule is in force, with it and whether they cross it."""
        rule = self.timeline.versions[0].rule
        if len(self.timeline.versions) == 1 and rule and rule.kind is not Kind.PATTERN:
            crossed = [False] * len(sittings)
            for position in positions_beyond(rule.bounds, [sitting.values for sitting in sittings]):
                crossed[position] = True
            return sittings, [rule] * len(sittings), crossed
        versions = ((sitting, self.timeline.version_at(sitting.first).rule) for sitting in sittings)
        judged = [(sitting, rule, self.is_crossed(sitting, rule)) for sitting, rule in versions if rule]
        return [one for one, _, _ in judged], [rule for _, rule, _ in judged], [crossed for _, _, crossed in judged]

    def advance(self, until: dt.datetime, *, final: bool = False) -> None:
        """What changes between sittings: changed rules, reopening, no repeat in time, nothing for so many days."""
        for at, change in self.changes_until(until):
            self.advance_clock(at, final=False)
            if isinstance(change, RuleVersion):
                self.change_rule(change)
            else:
                self.reopen_last()
        self.advance_clock(until, final=final)
        self.reached = until

    def changes_until(self, until: dt.datetime) -> list[tuple[dt.datetime, RuleVersion | None]]:
        start = self.reached or until
        changes: list[tuple[dt.datetime, RuleVersion | None]] = [
            (version.since, version) for version in self.timeline.versions_between(start, until) if version.since
        ]
        changes += [
            (event.at, None)
            for event in self.known.events
            if event.kind == EventKind.REOPEN and event.rule == self.timeline.code and start < event.at <= until
        ]
        return sorted(changes, key=lambda change: change[0])

    def advance_clock(self, until: dt.datetime, *, final: bool) -> None:
        draft = self.current
        if draft is None or draft.changes_at is None:
            return
        if draft.changes_at < until or (final and draft.changes_at == until):
            if draft.state is State.UNCONFIRMED:
                self.open_unrepeated(draft)
                self.advance_clock(until, final=final)
            else:
                self.close_current(draft.changes_at, ClosedBy.READINGS)

    def judge(self, sitting: Sitting, rule: Rule, *, is_crossed: bool) -> None:
        if self.current is None:
            if is_crossed:
                self.start(sitting, rule)
        elif self.current.state is State.UNCONFIRMED:
            self.settle(self.current, sitting, is_crossed=is_crossed)
        elif is_crossed:
            self.feed(self.current, sitting, rule)
        if self.current and self.current.state is State.OPEN:
            self.count_inside(self.current, sitting, rule)

    def is_crossed(self, sitting: Sitting, rule: Rule) -> bool:
        """A pattern needs a value that isn't zero."""
        if rule.kind is Kind.PATTERN:
            return sitting.is_flagged
        return rule.is_crossed(sitting.values)

    def start(self, sitting: Sitting, rule: Rule) -> None:
        if rule.kind is Kind.LIMIT:
            self.start_single(sitting, rule)
            return
        sittings = [other for other in self.recent_sittings(sitting, rule) if self.was_crossed(other)]
        if rule.kind is Kind.PATTERN and len({self.day_of(other) for other in sittings}) < rule.k:
            return
        if len(sittings) < rule.k:
            return
        fresh = [other for other in sittings if other not in self.used]
        self.open_repeated(fresh, sitting, rule)

    def day_of(self, sitting: Sitting) -> dt.date:
        return self.known.index.day_of(sitting.first)

    def recent_sittings(self, newest: Sitting, rule: Rule) -> list[Sitting]:
        """The last n, within the hours before the newest one, or within the local days of a pattern."""
        if rule.kind is Kind.PATTERN:
            first_day = self.day_of(newest) - ONE_DAY * (rule.days - 1)
            return self.sittings_while(lambda sitting: self.day_of(sitting) >= first_day)
        start = newest.last - dt.timedelta(hours=rule.hours) if rule.hours is not None else None
        found = self.sittings_while(lambda sitting: start is None or sitting.last >= start)
        return found[-rule.n :] if rule.n else found

    def sittings_while(self, is_recent: Callable[[Sitting], bool]) -> list[Sitting]:
        """The newest ones of those judged so far."""
        newest = (self.sittings[position] for position in range(self.judged - 1, -1, -1))
        return list(takewhile(is_recent, newest))[::-1]

    def was_crossed(self, sitting: Sitting) -> bool:
        """By the rule when it was taken and by every later version: a tightened rule judges later readings only."""
        versions = [self.timeline.version_at(sitting.first)]
        versions += self.timeline.versions_between(sitting.first, self.sittings[self.judged - 1].first)
        return all(version.rule is not None and self.is_crossed(sitting, version.rule) for version in versions)

    def start_single(self, sitting: Sitting, rule: Rule) -> None:
        feed = feed_of(sitting.readings, sitting.values)
        if revived := self.find_revivable(sitting, rule):
            self.current = revived
            self.confirm(revived, feed)
            return
        draft = Draft(rule, rule.metric, State.OPEN, feed.known_at, [feed], is_late=feed.is_late)
        self.keep_draft(draft)
        if rule.confirm:
            draft.state, draft.reason, draft.seen_at_once_at = State.UNCONFIRMED, Reason.REPEAT_ASKED, feed.known_at
            draft.changes_at = sitting.first + dt.timedelta(minutes=rule.confirm_minutes)
            draft.is_notified_at_once = rule.code == PREGNANCY_SEVERE and not feed.is_late
        else:
            draft.opened_at = sitting.first
            self.schedule_closing(draft)

    def keep_draft(self, draft: Draft) -> None:
        self.found.append(draft)
        self.current, self.inside = draft, 0

    def find_revivable(self, sitting: Sitting, rule: Rule) -> Draft | None:
        """A second severe pressure within 4 hours confirms, whatever was measured between."""
        last = self.found[-1] if self.found and rule.code == PREGNANCY_SEVERE else None
        if last and last.state is State.DISSOLVED and sitting.first - last.feeds[0].first <= CONFIRMED_WITHIN:
            return last
        return None

    def settle(self, draft: Draft, sitting: Sitting, *, is_crossed: bool) -> None:
        if is_crossed:
            self.confirm(draft, feed_of(sitting.readings, sitting.values))
        else:
            draft.drop(max(draft.detected_at, sitting.readings[-1].received))
            self.current = None

    def confirm(self, draft: Draft, feed: Feed) -> None:
        deadline = draft.feeds[0].first + dt.timedelta(minutes=draft.rule.confirm_minutes)
        unrepeated_at = max(draft.feeds[0].known_at, deadline)
        confirmed_at = max(draft.feeds[0].known_at, feed.known_at)
        draft.feeds.append(feed)
        draft.state, draft.reason, draft.opened_at = State.OPEN, None, feed.last
        if draft.rule.code != PREGNANCY_SEVERE:
            draft.detected_at = min(unrepeated_at, confirmed_at)
        draft.is_late = draft.is_late and feed.is_late
        self.inside = 0
        self.schedule_closing(draft)

    def open_unrepeated(self, draft: Draft) -> None:
        deadline = draft.changes_at or draft.detected_at
        draft.state, draft.reason, draft.opened_at = State.OPEN, Reason.NOT_REPEATED, draft.feeds[0].last
        if draft.rule.code != PREGNANCY_SEVERE:  # its message and its clock date from its first reading
            draft.detected_at = max(draft.feeds[0].known_at, deadline)
        self.schedule_closing(draft)

    def open_repeated(self, sittings: list[Sitting], newest: Sitting, rule: Rule) -> None:
        self.used.update(sittings)
        feeds = [feed_of(sitting.readings, sitting.values) for sitting in sittings]
        completing = newest.completing_reading(lambda values: rule.kind is Kind.PATTERN or rule.is_crossed(values))
        draft = Draft(
            *(rule, rule.metric, State.OPEN, max(feed.known_at for feed in feeds), feeds),
            opened_at=completing.taken,
            is_late=feeds[-1].is_late,
        )
        self.keep_draft(draft)
        self.schedule_closing(draft)

    def feed(self, draft: Draft, sitting: Sitting, rule: Rule) -> None:
        feed = feed_of(sitting.readings, sitting.values)
        draft.feeds.append(feed)
        self.used.add(sitting)
        known = sorted(one.known_at for one in draft.feeds)
        soonest = known[min(rule.k, len(known)) - 1]
        if draft.is_late and not feed.is_late:
            draft.is_late, draft.detected_at = False, max(soonest, feed.known_at)
        elif draft.reason is not Reason.NOT_REPEATED:
            draft.detected_at = min(draft.detected_at, soonest) if not rule.confirm else draft.detected_at
        self.schedule_closing(draft)

    def schedule_closing(self, draft: Draft) -> None:
        """Of a closing by so many local days with nothing that feeds it."""
        closing = closing_of(draft.rule)
        draft.changes_at = None
        if closing.kind is ClosingKind.NONE:
            draft.changes_at = self.known.index.end_of(
                self.known.index.day_of(draft.feeds[-1].last) + ONE_DAY * closing.days
            )

    def count_inside(self, draft: Draft, sitting: Sitting, rule: Rule) -> None:
        closing = closing_of(rule)
        if closing.kind not in (ClosingKind.READINGS, ClosingKind.ANY):
            return
        needed = closing.n if closing.kind is ClosingKind.READINGS else 1
        for reading in sitting.readings:
            self.inside = 0 if self.is_crossed(sitting_of(reading), rule) else self.inside + 1
            if self.inside >= needed and reading.taken >= (draft.opened_at or reading.taken):
                self.close_current(reading.taken, ClosedBy.READINGS, known_at=reading.received)
                return

    def close_current(
        self, at: dt.datetime, by: ClosedBy, *, known_at: dt.datetime | None = None, person: str = ""
    ) -> None:
        if self.current:
            self.current.close(at, by, known_at=known_at, person=person)
        self.current, self.inside = None, 0

    def change_rule(self, version: RuleVersion) -> None:
        """An open one stays if any of its readings still feeds it under the new rule."""
        draft, rule = self.current, version.rule
        if draft is None:
            return
        if rule and (rule.kind is Kind.PATTERN or any(rule.is_crossed(feed.values) for feed in draft.feeds)):
            draft.rule = rule
            if draft.state is State.OPEN:
                self.schedule_closing(draft)
        else:
            self.close_current(version.since or END, ClosedBy.RULE, person=version.by)

    def reopen_last(self) -> None:
        last = self.found[-1] if self.found else None
        if self.current is None and last and last.state is State.CLOSED:
            last.reopen()
            self.current, self.inside = last, 0
            self.schedule_closing(last)
