"""Rows of one patient that alert episodes are computed from, and the facts that the engine reads of them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from devices.models import Assignment
from measurements.alerts.engine.facts import (
    Clinic,
    Device,
    Event,
    EventKind,
    Facts,
    Mark,
    MonitoringPeriod,
    Reading,
)
from measurements.alerts.facts.effective_goals import GoalChange, ScopedBounds, dated_goals
from measurements.alerts.facts.effective_rules import OwnRule, PresetSince, dated_rules
from measurements.alerts.models import AlertEpisode, AlertStep
from patients.models import MonitoringPeriod as MonitoringRow
from patients.models import Patient
from patients.models.clinic import DayWeight

INSTANT = dt.timedelta(microseconds=1)
MAX_CLOCK_DIFFERENCE = dt.timedelta(minutes=5)
MARK_COLUMNS = (Mark.ESTIMATED, Mark.CONFLICT, Mark.IMPLAUSIBLE, Mark.CONTROL, Mark.DUPLICATE)


@dataclass
class PatientFacts:
    """With the stored episodes that are compared with what is computed. The readings are complete from `start` on."""

    patient: Patient
    start: dt.datetime
    readings: list[Reading] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    episodes: list[AlertEpisode] = field(default_factory=list)
    own_rules: list[OwnRule] = field(default_factory=list)
    presets: list[PresetSince] = field(default_factory=list)
    goals: ScopedBounds = field(default_factory=dict)
    goal_changes: list[GoalChange] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    periods: list[MonitoringRow] = field(default_factory=list)
    expected_metrics: frozenset[str] | None = None
    acts: list[tuple[dt.datetime, int]] = field(default_factory=list)  # steps and reviews, with the newest reading then

    def known_until(self, now: dt.datetime) -> tuple[dt.datetime, dt.datetime | None]:
        """The instant to evaluate at, and the next one at which a stored row is known.

        Clocks of machines differ: what another one received or did a little ahead of this one is known all the same.
        """
        instants = [reading.received for reading in self.readings] + [event.at for event in self.events]
        ahead = [at for at in instants if at > now]
        known = max((at for at in ahead if at <= now + MAX_CLOCK_DIFFERENCE), default=now)
        return known, min((at for at in ahead if at > known), default=None)

    def build(self) -> Facts:
        """What a row says wrongly fails this patient only."""
        rules, rule_events = dated_rules(self.presets, self.own_rules, start=self.start)
        goals, goal_events = dated_goals(self.goals, self.goal_changes, start=self.start)
        periods, period_events = monitoring_facts(self.patient, self.periods)
        return Facts(
            zone=self.patient.zone,
            clinic=Clinic(zone=self.patient.clinic.zone),
            goals=goals,
            rules=rules,
            devices=tuple(device_fact(row, self.patient) for row in self.assignments),
            expected_metrics=self.expected_metrics,
            readings=tuple(reading_known_after(self.acts, reading) for reading in self.readings),
            monitoring_periods=periods,
            events=(*self.events, *rule_events, *goal_events, *period_events, *swap_events(self.assignments)),
            day_weight_is_median=self.patient.clinic.day_weight == DayWeight.MEDIAN,
        )


def reading_fact(columns: Sequence[Any]) -> Reading:
    pk, metric, taken_seconds, received_seconds, value_1, value_2, index, device, *flags, is_ahead, beyond = columns
    taken, received = (dt.datetime.fromtimestamp(at, dt.UTC) for at in (taken_seconds, received_seconds))
    marks = {mark for mark, flag in zip(MARK_COLUMNS, flags, strict=True) if flag}
    if is_ahead:
        marks.add(Mark.AHEAD)
    return Reading(pk, metric, taken, received, value_1, value_2, index, str(device), frozenset(marks), str(beyond))


def reading_known_after(acts: Sequence[tuple[dt.datetime, int]], reading: Reading) -> Reading:
    """One that was stored after a person's act was unknown to it, however early its delivery was received."""
    unseen = [at for at, newest_id in acts if reading.received <= at and int(reading.id) > newest_id]
    return replace(reading, received=max(unseen) + INSTANT) if unseen else reading


def step_event(step: AlertStep) -> Event:
    data: dict[str, Any] = {}
    if step.kind == EventKind.SNOOZE:
        data = {"reason": step.text, "until": step.until, "worse_by": step.worse_by}
        if step.until_worse and step.worse_by is None:
            data.pop("worse_by")
    elif step.kind == EventKind.RESOLVE:
        data = {"outcome": step.outcome, "words": step.text}
    elif step.kind in (EventKind.ASSIGN, EventKind.ESCALATE):
        data = {"to": person_name(step.to_id)}
    elif step.text:
        data = {"text": step.text}
    episode = step.episode
    return Event(step.at, EventKind(step.kind), person_name(step.by_id), episode.rule, episode.metric, data)


def monitoring_facts(
    patient: Patient, rows: Sequence[MonitoringRow]
) -> tuple[tuple[MonitoringPeriod, ...] | None, list[Event]]:
    """The first period by its day; its end and what follows as events, because they have a time of day."""
    events = [Event(row.ended_at, EventKind.DISCHARGE) for row in rows if row.ended_at]
    events += [Event(row.started_at, EventKind.READMIT) for row in rows[1:]]
    if not rows and patient.discharged_at:
        events = [Event(patient.discharged_at, EventKind.DISCHARGE)]
    periods = (MonitoringPeriod(rows[0].started_at.astimezone(patient.zone).date()),) if rows else None
    return periods, events


def device_fact(row: Assignment, patient: Patient) -> Device:
    start, end = (at and at.astimezone(patient.zone).date() for at in (row.started_at, row.ended_at))
    kind = row.device.device_type.name if row.device.device_type else row.device.name
    state = row.device.state if row.ended_at is None else ""
    return Device(str(row.device_id), kind, start=start, end=end, state=state)


def swap_events(assignments: Sequence[Assignment]) -> list[Event]:
    """A device of a type was given where another one of the type had ended."""
    by_type: dict[int, list[Assignment]] = defaultdict(list)
    for row in assignments:
        if row.device.device_type_id:
            by_type[row.device.device_type_id].append(row)
    return [
        Event(later.started_at, EventKind.SWAP, data={"serial": str(old.device_id), "to": str(later.device_id)})
        for rows in by_type.values()
        for old, later in pairwise(rows)
        if old.ended_at and later.started_at and old.device_id != later.device_id
    ]


def person_name(user_id: int | None) -> str:
    """In facts a person is the account's number: names change, and are not needed."""
    return "" if user_id is None else str(user_id)
