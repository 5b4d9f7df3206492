"""Backtest of rules: the episodes that a rule would have raised, had it been in force and every reading been on time.

Each instant is judged with readings taken before it, as they are today: excluded ones are left out, late ones count as
if received when taken. Steps of persons, and other rules and goals of the past, change nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from measurements.alerts.engine.drafts import Draft
from measurements.alerts.engine.episodes import State, Values
from measurements.alerts.engine.evaluation import judged_timelines
from measurements.alerts.engine.facts import Event, EventKind, Facts, ReadingId
from measurements.alerts.engine.history import run_rule
from measurements.alerts.engine.known import FactIndex, Known
from measurements.alerts.engine.rules import Goal, Rule, Severity

BACKTEST_DAYS = 90
EVENTS_THAT_COUNT = frozenset({EventKind.PAUSE, EventKind.SWAP, EventKind.DISCHARGE, EventKind.READMIT})


@dataclass(frozen=True)
class BacktestEpisode:
    """`opened_at`: of one that waits for its confirmation, the time of its first reading."""

    rule: str
    metric: str
    severity: Severity
    first: dt.datetime
    opened_at: dt.datetime
    last: dt.datetime
    closed_at: dt.datetime | None
    peak: Values
    reading_ids: tuple[ReadingId, ...]


class Backtest:
    """Of one patient, for any number of rules: readings are sorted once."""

    def __init__(self, facts: Facts, as_of: dt.datetime, *, days: int = BACKTEST_DAYS) -> None:
        self.start = as_of - dt.timedelta(days=days)
        self.facts = facts_on_time(facts, as_of)
        self.known = Known(FactIndex(self.facts), as_of)

    def episodes(self, rule: Rule | None) -> list[BacktestEpisode]:
        """Opened since the start, the oldest first. None raises nothing; so does what the next reading dropped."""
        if rule is None:
            return []
        timelines = judged_timelines(replace(self.facts, rules=(rule,)), self.known)
        drafts = [draft for timeline in timelines for draft in run_rule(timeline, self.known, None, None).drafts]
        found = [backtest_episode(draft) for draft in drafts if draft.state is not State.DISSOLVED]
        return sorted(
            (one for one in found if one.opened_at >= self.start), key=lambda one: (one.opened_at, one.metric)
        )


def backtest_episode(draft: Draft) -> BacktestEpisode:
    return BacktestEpisode(
        draft.rule.code,
        draft.metric,
        draft.rule.severity,
        draft.first_taken,
        draft.opened_at or draft.first_taken,
        draft.last_taken,
        draft.closed_at,
        draft.peak(),
        draft.reading_ids,
    )


def facts_on_time(facts: Facts, as_of: dt.datetime) -> Facts:
    """As if each reading had been received when it was taken, and each pause been known on its first day."""
    index = FactIndex(facts)
    known = Known(index, as_of)
    readings = tuple(
        replace(reading, received=reading.taken)
        for reading in index.readings
        if known.includes(reading.received) and not known.is_excluded(reading)
    )
    events = tuple(known_in_time(event, index) for event in known.events if event.kind in EVENTS_THAT_COUNT)
    return replace(facts, goals=goals_at_end(facts, known.events), readings=readings, events=events)


def known_in_time(event: Event, index: FactIndex) -> Event:
    if event.kind != EventKind.PAUSE:
        return event
    return replace(event, at=min(event.at, index.midnight(event.data["first"])))


def goals_at_end(facts: Facts, events: Sequence[Event]) -> dict[str, Goal]:
    goals = dict(facts.goals)
    for event in events:
        if event.kind == EventKind.GOAL:
            goals[event.metric] = replace(goals.get(event.metric, Goal()), **event.data.get("fields", {}))
    return goals
