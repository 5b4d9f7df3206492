"""Episodes of average rules: a window of local days judged unrounded at every reading and at local midnight."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from measurements.alerts.engine.drafts import Draft, Feed
from measurements.alerts.engine.episodes import ClosedBy, Reason, State, Values
from measurements.alerts.engine.facts import EventKind, Reading
from measurements.alerts.engine.kinds.series import Series
from measurements.alerts.engine.known import Known
from measurements.alerts.engine.rule_versions import RuleTimeline, RuleVersion
from measurements.alerts.engine.rules import ClosingKind, Goal, Rule
from measurements.alerts.engine.shipped_rules import DEFAULT_GOALS, GLUCOSE, GLUCOSE_WEEKLY, closing_of
from measurements.alerts.engine.worsening import is_worse
from measurements.local_days import ONE_DAY

READING, MIDNIGHT = "reading", "midnight"
JUDGED_POINTS = (READING, MIDNIGHT)
OPENS_AGAIN_AFTER = dt.timedelta(days=7)  # when it was never false since a person resolved it


@dataclass(frozen=True)
class Suppression:
    """A person resolved the rule's last episode at `since`, when its worst was `peak`; it may not open at once."""

    since: dt.datetime
    peak: Values

    def has_ended(self, rule: Rule, at: dt.datetime, values: Values, *, is_true: bool, is_false: bool) -> bool:
        """Once the rule was false, when worse by the step, or after 7 days."""
        return is_false or at >= self.since + OPENS_AGAIN_AFTER or (is_true and is_worse(rule, values, self.peak))


class Window(NamedTuple):
    """Trusted readings of the local days until `day`: those of a series from `start` to `end`, with their figures."""

    series: Series
    day: dt.date
    start: int
    end: int
    goal: Goal | None = None  # of a share in range; without it, means

    @property
    def values(self) -> Values:
        if self.goal:
            return self.series.share_in_range(self.goal, self.start, self.end)
        return self.series.means(self.start, self.end)

    @property
    def readings(self) -> Sequence[Reading]:
        return self.series.readings[self.start : self.end]

    @property
    def n(self) -> int:
        return max(0, self.end - self.start)

    @property
    def days(self) -> int:
        return self.series.days_between(self.start, self.end)

    def is_enough(self, rule: Rule) -> bool:
        return self.end - self.start >= rule.least_readings and self.days >= rule.least_days

    def is_true(self, rule: Rule) -> bool:
        return self.is_enough(rule) and rule.is_crossed(self.values)

    def is_false(self, rule: Rule) -> bool:
        return self.is_enough(rule) and not rule.is_crossed(self.values)

    def as_feed(self, known_at: dt.datetime, *, ids_from: int) -> Feed:
        return Feed(
            *(self.series.taken[self.start], self.series.taken[self.end - 1]),
            known_at,
            self.values,
            self.series.ids[max(self.start, ids_from) : self.end],
            n=self.n,
            days=self.days,
        )


def average_episodes(
    timeline: RuleTimeline, known: Known, floor: dt.datetime | None, suppression: Suppression | None
) -> list[Draft]:
    """`floor`: nothing is judged until then; a person resolved the last episode at it."""
    series = known.series(timeline.metric)
    return AverageRun(timeline, known, series, floor, suppression).run() if series.readings else []


@dataclass
class AverageRun:
    timeline: RuleTimeline
    known: Known
    series: Series
    floor: dt.datetime | None
    suppression: Suppression | None
    found: list[Draft] = field(default_factory=list)
    current: Draft | None = None
    days_under: int = 0  # local days in a row at whose end it was under the limit
    inside: int = 0  # readings in a row inside the limit
    fed: tuple[int, int] = (0, 0)  # first and last position of what fed the current one

    def __post_init__(self) -> None:
        self.readings, self.taken, self.days = self.series.readings, self.series.taken, self.series.days
        self.starts: dict[tuple[dt.date, int], int] = {}  # of windows until a day, so many days long

    def run(self) -> list[Draft]:
        for at, what in self.points():
            if what in JUDGED_POINTS:
                if rule := self.timeline.version_at(at).rule:
                    if what == MIDNIGHT and self.current:
                        self.end_day(at, rule)
                    self.judge(at, rule)
            elif isinstance(what, RuleVersion):
                self.change_rule(at, what)
            elif what == EventKind.DISCHARGE:
                self.close(at, ClosedBy.DISCHARGE)
                self.suppression = None
            else:
                self.reopen_last()
        if self.current:
            self.describe_today(self.current)
        return self.found

    def points(self) -> list[tuple[dt.datetime, RuleVersion | str]]:
        """Instants at which something may change, in order; a midnight comes before a reading of the same time."""
        start = self.floor or self.readings[0].taken - ONE_DAY
        end = max(self.known.at, self.readings[-1].taken)
        found: list[tuple[dt.datetime, int, RuleVersion | str]] = [
            (reading.taken if reading.taken > start else reading.received, 3, READING)
            for reading in self.readings
            if max(reading.taken, reading.received) > start
        ]
        found += [(midnight, 1, MIDNIGHT) for midnight in self.midnights(start, min(end, self.known.at))]
        found += [
            (version.since, 2, version)
            for version in self.timeline.versions_between(start, self.known.at)
            if version.since
        ]
        ends = [interval.end for interval in self.known.intervals if start < interval.end <= self.known.at]
        found += [(at, 0, EventKind.DISCHARGE) for at in ends]
        found += [
            (event.at, 2, EventKind.REOPEN)
            for event in self.known.events
            if event.kind == EventKind.REOPEN and event.rule == self.timeline.code and event.at > start
        ]
        if self.suppression and self.suppression.since + OPENS_AGAIN_AFTER <= self.known.at:
            found.append((self.suppression.since + OPENS_AGAIN_AFTER, 3, READING))
        return [(at, what) for at, _, what in sorted(found, key=lambda point: point[:2])]

    def midnights(self, start: dt.datetime, end: dt.datetime) -> list[dt.datetime]:
        """While any window holds a reading."""
        index, longest = self.known.index, max(v.rule.days for v in self.timeline.versions if v.rule)
        first, last = index.day_of(start), min(index.day_of(end), self.days[-1] + ONE_DAY * (longest + 1))
        days = (first + ONE_DAY * n for n in range(1, (last - first).days + 1))
        return [at for day in days if start < (at := index.midnight(day)) <= end]

    def window(self, at: dt.datetime, day: dt.date, rule: Rule) -> Window:
        """Of the rule's local days until `day`, with what was taken until `at`."""
        start, end = self.start_of(day, rule), self.series.position_after(at)
        if rule.drop_first_day and start < end and self.begins_week(day, rule):
            start = self.series.position_of_day(self.days[start] + ONE_DAY)
        goal = None
        if rule.code == GLUCOSE_WEEKLY:
            goal = self.timeline.version_at(at).goals.get(GLUCOSE) or DEFAULT_GOALS[GLUCOSE]
        return Window(self.series, day, start, end, goal)

    def start_of(self, day: dt.date, rule: Rule) -> int:
        if (day, rule.days) not in self.starts:
            self.starts[day, rule.days] = self.series.position_of_day(day - ONE_DAY * (rule.days - 1))
        return self.starts[day, rule.days]

    def begins_week(self, day: dt.date, rule: Rule) -> bool:
        return day - ONE_DAY * (rule.days - 1) in self.known.index.facts.measuring_weeks

    def judge(self, at: dt.datetime, rule: Rule) -> None:
        if not self.known.is_monitored(at):
            return
        window = self.window(at, self.known.index.day_of(at), rule)
        is_true = window.is_true(rule)
        if self.current:
            if is_true:
                feed = self.feed_of(window, at, rule)
                self.current.feeds.append(feed)
                self.current.detected_at = min(self.current.detected_at, feed.known_at)
            self.count_inside(self.current, at, rule)
            return
        if self.suppression and self.suppression.has_ended(
            rule, at, window.values, is_true=is_true, is_false=window.is_false(rule)
        ):
            self.suppression = None
        if self.suppression:
            return
        if is_true:
            self.open(at, window, rule)

    def known_at(self, window: Window, at: dt.datetime, rule: Rule) -> dt.datetime:
        """When the window was known to be true: with what arrived later, only if it was not true without."""
        soonest = max(at, self.series.received[window.end - 1])
        if self.series.last_received[window.end - 1] <= soonest:
            return soonest
        received = self.series.received[window.start : window.end]
        in_time = [reading for reading in window.readings if reading.received <= soonest]
        series = Series(in_time, [self.known.index.day_of(reading.taken) for reading in in_time])
        first = Window(series, window.day, 0, len(in_time), window.goal)
        return soonest if max(received) <= soonest or first.is_true(rule) else max(received)

    def open(self, at: dt.datetime, window: Window, rule: Rule) -> None:
        self.fed = (window.start, window.start)
        feed = self.feed_of(window, at, rule)
        draft = Draft(rule, rule.metric, State.OPEN, feed.known_at, [feed], opened_at=at)
        self.found.append(draft)
        self.current, self.days_under, self.inside = draft, 0, 0

    def feed_of(self, window: Window, at: dt.datetime, rule: Rule) -> Feed:
        """Names the readings that fed none before; a longer window of a changed rule names all."""
        first, last = self.fed
        ids_from = last if window.start >= first else 0
        self.fed = (min(first, window.start), max(last, window.end))
        return window.as_feed(self.known_at(window, at, rule), ids_from=ids_from)

    def end_day(self, midnight: dt.datetime, rule: Rule) -> None:
        """Under its limit at the end of 2 local days in a row with enough readings closes it."""
        if self.current is None or closing_of(rule).kind is not ClosingKind.AVERAGE:
            return
        day = self.known.index.day_of(midnight) - ONE_DAY
        window = self.window(midnight - dt.timedelta(microseconds=1), day, rule)
        self.days_under = self.days_under + 1 if window.is_false(rule) else 0
        if self.days_under >= closing_of(rule).days:
            self.close(midnight, ClosedBy.READINGS)

    def count_inside(self, draft: Draft, at: dt.datetime, rule: Rule) -> None:
        """Of a row that closes by single readings inside its limit."""
        closing = closing_of(rule)
        if closing.kind is ClosingKind.AVERAGE or at not in self.taken:
            return
        values = self.series.values[bisect_left(self.taken, at)]
        self.inside = 0 if rule.is_crossed(values) else self.inside + 1
        if self.inside >= (closing.n if closing.kind is ClosingKind.READINGS else 1) and draft.is_open:
            self.close(at, ClosedBy.READINGS)

    def close(self, at: dt.datetime, by: ClosedBy, person: str = "") -> None:
        if self.current:
            self.current.close(at, by, person=person)
        self.current = None

    def change_rule(self, at: dt.datetime, version: RuleVersion) -> None:
        """The new rule judges the current window: it continues, ends or opens an episode."""
        rule, draft = version.rule, self.current
        if draft and rule:
            window = self.window(at, self.known.index.day_of(at), rule)
            if rule.limits == draft.rule.limits or rule.is_crossed(window.values):
                draft.rule = rule
                return
        if draft:
            self.close(at, ClosedBy.RULE, version.by)
        elif rule:
            self.judge(at, rule)

    def reopen_last(self) -> None:
        last = self.found[-1] if self.found else None
        if self.current is None and last and last.state is State.CLOSED:
            last.reopen()
            self.current, self.days_under = last, 0

    def describe_today(self, draft: Draft) -> None:
        """The window of today, and whether it still has enough readings."""
        window = self.window(max(self.known.at, self.taken[-1]), self.known.index.day_of(self.known.at), draft.rule)
        if window.n:
            draft.current = (window.values, window.n, window.days)
        if not window.is_enough(draft.rule):
            draft.reason = Reason.NOT_ENOUGH_READINGS
            draft.current = draft.current or (draft.feeds[-1].values, 0, 0)
