"""Effective goals of a patient over time, as the engine reads them. Pure: `stored_facts` loads the rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal

from measurements.alerts.engine.facts import Event, EventKind
from measurements.alerts.engine.rules import Goal

Bounds = Sequence[Decimal | None] | None  # very low, low, high, very high; None: the scope has none
Part = tuple[str, int]  # metric and component
PRECEDENCE = ("shipped", "clinic", "patient")


@dataclass(frozen=True)
class GoalChange:
    at: dt.datetime
    scope: str
    part: Part
    before: Bounds
    after: Bounds
    by: str = ""


ScopedBounds = dict[tuple[str, Part], Bounds]


def goals_of(bounds: Mapping[tuple[str, Part], Bounds]) -> dict[str, Goal]:
    """By metric. An upper bound alone is not included in the goal, as the goals' form states it."""
    found: dict[str, dict[str, float | None]] = {}
    for metric, component in dict.fromkeys(part for _, part in bounds):
        scoped = [bounds.get((scope, (metric, component))) for scope in PRECEDENCE]
        own = next((row for row in reversed(scoped) if row is not None), None)
        if own is None:
            continue
        low, high = (None if bound is None else float(bound) for bound in own[1:3])
        upper = "below" if low is None else "to"
        found.setdefault(metric, {})[f"value_{component}_from"] = low
        found[metric][f"value_{component}_{upper}"] = high
    return {metric: Goal(**values) for metric, values in found.items()}


def dated_goals(
    now: ScopedBounds, changes: Iterable[GoalChange], *, start: dt.datetime
) -> tuple[dict[str, Goal], list[Event]]:
    """The goals at `start` and later changes as events. `now`: as they are today; `changes` oldest first."""
    later = [change for change in changes if change.at > start]
    bounds = dict(now)
    for change in reversed(later):
        bounds[change.scope, change.part] = change.before
    first = current = goals_of(bounds)
    events = []
    for change in later:
        bounds[change.scope, change.part] = change.after
        goals = goals_of(bounds)
        metric = change.part[0]
        if goals.get(metric) != current.get(metric):
            values = asdict(goals.get(metric, Goal()))
            events.append(Event(change.at, EventKind.GOAL, change.by, metric=metric, data={"fields": values}))
        current = goals
    return first, events
