"""Stored episodes follow the computed ones: paired, compared, and only what differs is written.

What a person resolved, and what closed more than 7 days ago, is history: its row stays as it was and says that it would
read differently now. Persons' steps still show on it.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from measurements.alerts.engine.episodes import ClosedBy, Episode, State
from measurements.alerts.engine.facts import EventKind, Facts
from measurements.alerts.engine.known import END
from measurements.alerts.engine.rule_versions import RuleTimeline, rule_timelines
from measurements.alerts.engine.rules import Kind
from measurements.alerts.facts_files.answers import describe_rule
from measurements.alerts.models import AlertEpisode
from measurements.alerts.models.episode import FIXED_AFTER
from patients.models import Patient

# From the beginning of the readings on, an episode may be computed with less than what came before it.
UNCERTAIN_FOR = dt.timedelta(days=10)
FACTS_CHANGED = "facts_changed"  # beside the reasons of the engine

# What two computations of an episode are compared by, as `engine.history.fingerprint` does.
COMPARED = ("first", "opened_at", "last", "count", "peak_1", "peak_2", "closed_at", "closed_by")
PERSONS_COLUMNS = (
    *("section", "is_acknowledged", "is_seen", "is_notified", "notified_again_at"),
    *("snoozed_until", "assigned_to_id"),
)
FACT_COLUMNS = (
    *("kind", "severity", "queue", "state", "reason", "first", "last", "opened_at", "detected_at", "first_known_at"),
    *("last_known_at", "peak_1", "peak_2", "value_1", "value_2", "baseline", "gain", "count", "n", "days"),
    *("reading_ids", "closed_at", "closed_by", "closed_by_person_id", "is_late"),
)
STORED_COLUMNS = (*FACT_COLUMNS, *PERSONS_COLUMNS, "is_frozen", "differs_because", "live_version")


@dataclass
class EpisodeChanges:
    """What is to be written for one patient or many."""

    created: list[AlertEpisode] = field(default_factory=list)
    changed: list[AlertEpisode] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.created or self.changed)

    def write(self) -> None:
        """First those that are over, so that a rule never has two open episodes; in the caller's transaction."""
        over = [row for row in self.changed if not row.is_open]
        still_open = [row for row in self.changed if row.is_open]
        for rows in (over, still_open):
            if rows:
                AlertEpisode.objects.bulk_update(rows, STORED_COLUMNS)
        AlertEpisode.objects.bulk_create(self.created)


def compare_episodes(
    patient: Patient,
    stored: Sequence[AlertEpisode],
    computed: Sequence[Episode],
    *,
    facts: Facts,
    start: dt.datetime,
    now: dt.datetime,
    is_first: bool,
) -> EpisodeChanges:
    """`start`: of the readings. `is_first`: nothing has been stored of the patient, so that nothing is missing."""
    changes = EpisodeChanges()
    certain_from = start if is_first else start + UNCERTAIN_FOR
    timelines = rule_timelines(facts, sorted(facts.events, key=lambda event: event.at))
    pairs, missing, new = pair_episodes(stored, computed)
    for row, episode in pairs:
        # Its first readings, or steps on it, may lie before what was loaded.
        is_cut_off = row.first < certain_from and not row.is_open
        if not is_cut_off and update_row(row, episode, now=now):
            changes.changed.append(row)
    for row in missing:
        if dissolve_row(row, now=now, is_certain=row.first >= certain_from):
            changes.changed.append(row)
    for episode in new:
        if episode.is_open or episode.first >= certain_from:
            rule_row = raised_rule(timelines, episode)
            row = AlertEpisode(patient=patient, rule=episode.rule, metric=episode.metric, rule_row=rule_row)
            set_columns(row, computed_columns(episode))
            row.is_frozen = is_history(row, now)
            row.differs_because = episode.differs_because
            changes.created.append(row)
    return changes


def pair_episodes(
    stored: Iterable[AlertEpisode], computed: Iterable[Episode]
) -> tuple[list[tuple[AlertEpisode, Episode]], list[AlertEpisode], list[Episode]]:
    """By identity, then by common readings or, of averages and silences, by their time. Then what is left of each."""
    rows_by_rule: dict[tuple[str, str], list[AlertEpisode]] = defaultdict(list)
    for row in stored:
        rows_by_rule[row.rule, row.metric].append(row)
    pairs: list[tuple[AlertEpisode, Episode]] = []
    left = list(computed)
    for is_pair in (is_same, is_same_first, is_overlapping):
        unpaired = []
        for episode in left:
            rows = rows_by_rule[episode.rule, episode.metric]
            found = next((row for row in rows if is_pair(row, episode)), None)
            if found is None:
                unpaired.append(episode)
            else:
                rows.remove(found)
                pairs.append((found, episode))
        left = unpaired
    return pairs, [row for rows in rows_by_rule.values() for row in rows], left


def is_same(row: AlertEpisode, episode: Episode) -> bool:
    return is_same_first(row, episode) and row.detected_at == episode.detected_at


def is_same_first(row: AlertEpisode, episode: Episode) -> bool:
    return row.first == episode.first


def is_overlapping(row: AlertEpisode, episode: Episode) -> bool:
    """What a reading dropped was never an episode, so it becomes none."""
    if (row.state == State.DISSOLVED) != (episode.state is State.DISSOLVED):
        return False
    if episode.kind not in (Kind.AVERAGE, Kind.SILENCE):
        return bool(set(row.reading_ids) & set(episode.reading_ids))
    starts = (row.opened_at or row.detected_at, episode.opened_at or episode.detected_at)
    return max(starts) < min(row.closed_at or END, episode.closed_at or END)


def is_history(row: AlertEpisode, now: dt.datetime) -> bool:
    if row.is_open or row.closed_at is None:
        return False
    return row.closed_by == ClosedBy.PERSON or now - row.closed_at > FIXED_AFTER


def update_row(row: AlertEpisode, episode: Episode, *, now: dt.datetime) -> bool:
    """Whether anything has changed."""
    before = columns_of(row)
    columns = computed_columns(episode)
    was_reopened = row.closed_at is not None and any(
        step.kind == EventKind.REOPEN and step.at >= row.closed_at for step in episode.steps
    )
    if is_history(row, now) and not was_reopened:
        differs = any(getattr(row, name) != columns[name] for name in COMPARED)
        row.differs_because = episode.differs_because or (FACTS_CHANGED if differs else "")
        columns = {name: columns[name] for name in PERSONS_COLUMNS}
    else:
        row.differs_because = episode.differs_because
    set_columns(row, columns)
    row.is_frozen = is_history(row, now)
    return touch_if_changed(row, before)


def dissolve_row(row: AlertEpisode, *, now: dt.datetime, is_certain: bool) -> bool:
    """By today's facts it was never true. History stays, and says so."""
    if row.state == State.DISSOLVED or not (is_certain or row.is_open):
        return False
    before = columns_of(row)
    if is_history(row, now):
        row.differs_because = FACTS_CHANGED
    else:
        row.state, row.section, row.snoozed_until = State.DISSOLVED, "", None
    row.is_frozen = is_history(row, now)
    return touch_if_changed(row, before)


def columns_of(row: AlertEpisode) -> list[Any]:
    return [getattr(row, name) for name in STORED_COLUMNS]


def set_columns(row: AlertEpisode, columns: dict[str, Any]) -> None:
    for name, value in columns.items():
        setattr(row, name, value)


def touch_if_changed(row: AlertEpisode, before: list[Any]) -> bool:
    if columns_of(row) == before:
        return False
    row.live_version += 1
    return True


def computed_columns(episode: Episode) -> dict[str, Any]:
    named = {name: getattr(episode, name) for name in same_named_columns()}
    return named | {
        "kind": str(episode.kind),
        "severity": str(episode.severity),
        "queue": str(episode.queue),
        "state": str(episode.state),
        "section": str(episode.section or ""),
        "reason": str(episode.reason or ""),
        "closed_by": str(episode.closed_by or ""),
        "closed_by_person_id": person_key(episode.closed_by_person),
        "assigned_to_id": person_key(episode.assigned_to),
        "peak_1": episode.peak[0],
        "peak_2": episode.peak[1],
        "value_1": episode.value[0],
        "value_2": episode.value[1],
        "reading_ids": [int(reading_id) for reading_id in episode.reading_ids],
    }


def same_named_columns() -> Iterator[str]:
    return (name for name in (*FACT_COLUMNS, *PERSONS_COLUMNS) if name in Episode.__dataclass_fields__)


def person_key(name: str) -> int | None:
    return int(name) if name else None


def raised_rule(timelines: Sequence[RuleTimeline], episode: Episode) -> dict[str, Any]:
    """The version in force when it opened."""
    timeline = next((found for found in timelines if found.code == episode.rule), None)
    if timeline is None:
        return {}
    at = episode.opened_at or episode.first
    rules = [version.rule for version in timeline.versions if version.since is None or version.since <= at]
    rule = next((rule for rule in reversed(rules) if rule), None)
    rule = rule or next((version.rule for version in timeline.versions if version.rule), None)
    return describe_rule(rule) if rule else {}
