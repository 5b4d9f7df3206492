"""Versions of each alert rule of a patient over time: changed, switched off, or following a changed goal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from measurements.alerts.engine.facts import Event, EventKind, Facts
from measurements.alerts.engine.rules import Goal, Kind, Rule
from measurements.alerts.engine.shipped_rules import (
    DEFAULT_GOALS,
    GLUCOSE_WEEKLY,
    SHIPPED_RULES,
    shipped_rules,
    with_goal,
)


@dataclass(frozen=True)
class RuleVersion:
    """`since` None: from the beginning. `rule` None: switched off, or not yet there."""

    since: dt.datetime | None
    rule: Rule | None
    by: str = ""
    goals: Mapping[str, Goal] = field(default_factory=dict)


@dataclass(frozen=True)
class RuleTimeline:
    """All versions of one rule, oldest first; never empty."""

    code: str
    metric: str
    versions: tuple[RuleVersion, ...]

    def version_at(self, taken: dt.datetime) -> RuleVersion:
        """What judges a reading of that time: a change judges readings taken after it."""
        found = self.versions[0]
        if len(self.versions) == 1:
            return found
        for version in self.versions[1:]:
            if version.since is not None and version.since < taken:
                found = version
        return found

    def versions_between(self, start: dt.datetime, end: dt.datetime) -> list[RuleVersion]:
        """That came into force after `start`, until `end`."""
        return [version for version in self.versions if version.since is not None and start < version.since <= end]

    @cached_property
    def kinds(self) -> set[Kind]:
        return {version.rule.kind for version in self.versions if version.rule}

    @cached_property
    def is_about_weeks(self) -> bool:
        return any(version.rule.least_days_a_week is not None for version in self.versions if version.rule)

    def for_metric(self, metric: str) -> RuleTimeline:
        versions = [
            replace(version, rule=version.rule and replace(version.rule, metric=metric)) for version in self.versions
        ]
        return RuleTimeline(self.code, metric, tuple(versions))


def rule_timelines(facts: Facts, events: Sequence[Event]) -> list[RuleTimeline]:
    """By the events that are known, in time order. A silence rule without a metric is left without one."""
    first = shipped_rules(facts.conditions) if facts.rules is None else facts.rules
    base = {rule.code: rule for rule in first}
    changed = [event.rule for event in events if event.kind in (EventKind.RULE, EventKind.RULE_OFF)]
    timelines = []
    for code in dict.fromkeys([*base, *changed]):
        versions = tuple(versions_of(code, base.get(code), facts.goals, events))
        metric = next((version.rule.metric for version in versions if version.rule), "")
        timelines.append(RuleTimeline(code, metric, versions))
    return timelines


def versions_of(
    code: str, base: Rule | None, goals: Mapping[str, Goal], events: Iterable[Event]
) -> Iterable[RuleVersion]:
    """A changed goal makes a version of the rules that follow it only."""
    goals = {**DEFAULT_GOALS, **goals}
    current, last = base, base
    newest = RuleVersion(None, with_goal(current, goals) if current else None, goals=goals)
    yield newest
    for event in events:
        if event.kind == EventKind.GOAL:
            goals = {**goals, event.metric: replace(goals.get(event.metric, Goal()), **event.data.get("fields", {}))}
        elif event.kind == EventKind.RULE_OFF and event.rule == code:
            current = None
        elif event.kind == EventKind.RULE and event.rule == code:
            current = last = changed_rule(code, last, event)
        else:
            continue
        version = RuleVersion(event.at, with_goal(current, goals) if current else None, event.by, goals)
        if version.rule != newest.rule or (code == GLUCOSE_WEEKLY and goals != newest.goals):
            newest = version
            yield version


def changed_rule(code: str, last: Rule | None, event: Event) -> Rule:
    """The last version, or the shipped row of a rule that is new for the patient, with the changed fields."""
    fields = event.data.get("fields", {})
    base = last or SHIPPED_RULES.get(code)
    return replace(base, **fields) if base else Rule(code, **fields)
