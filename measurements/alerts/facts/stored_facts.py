"""Facts of many patients from the database, in a number of queries that doesn't grow with them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Min, Model, Q, QuerySet

from devices.models import Assignment
from measurements.alerts.engine.facts import Event, EventKind
from measurements.alerts.facts.effective_goals import GoalChange
from measurements.alerts.facts.effective_rules import CLINIC, PATIENT, SHIPPED, OwnRule, PresetSince
from measurements.alerts.facts.patient_facts import PatientFacts, person_name, reading_fact, step_event
from measurements.alerts.models import (
    AlertEpisode,
    AlertRuleChange,
    AlertStep,
    ExpectedReadings,
    MeasuringPause,
    PatientReview,
    PresetChange,
)
from measurements.local_days import ONE_DAY
from measurements.models import ExclusionEvent, Threshold, ThresholdChange
from patients.models import MonitoringPeriod as MonitoringRow
from patients.models import Patient

HISTORY = dt.timedelta(days=45)  # read before today, and before the first reading of what is not over
EARLIEST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
# Of no vital sign, but expected of a patient with the device.
ACTIVITY_METRICS = ("steps", "sleep", "heart_rate_statistics")

# From the start on, and of each metric the newest one, however old: a silence is counted from it. Times are numbers,
# which are read in half the time.
READINGS_SQL = """
SELECT reading.patient_id, reading.id, reading.metric_id, extract(epoch FROM reading.taken_at)::float8,
    extract(epoch FROM reading.received_at)::float8,
    reading.value_1::float8, reading.value_2::float8, reading.index, reading.device_id, reading.estimated,
    reading.conflict, reading.implausible, reading.control, reading.duplicate, reading.stamped_at IS NOT NULL,
    reading.beyond_meter, reading.excluded_at, reading.excluded_by_id, reading.excluded_reason
FROM unnest(%(patients)s::uuid[], %(starts)s::timestamptz[]) AS due(patient_id, start)
CROSS JOIN LATERAL (
    SELECT reading.* FROM measurements_measurement AS reading
    WHERE reading.patient_id = due.patient_id AND reading.metric_id = ANY(%(metrics)s)
        AND reading.taken_at >= due.start
    UNION ALL
    SELECT reading.* FROM measurements_latestreading AS latest
    JOIN measurements_measurement AS reading ON reading.id = latest.measurement_id
    WHERE latest.patient_id = due.patient_id AND latest.taken_at < due.start AND latest.metric_id = ANY(%(metrics)s)
    OFFSET 0
) AS reading
"""
METRICS_SQL = "SELECT code FROM measurements_metric WHERE vital OR code = ANY(%s)"
Row = TypeVar("Row", bound=Model)


def load_facts(
    patients: Sequence[Patient], now: dt.datetime, *, as_of: dt.datetime | None = None, whole: bool = False
) -> dict[uuid.UUID, PatientFacts]:
    """By patient; `clinic` is selected with them. `as_of`: as the rows were then. `whole`: from the first reading."""
    ids = [patient.pk for patient in patients]
    live = AlertEpisode.objects.filter(patient__in=ids).live(at=now)
    firsts = dict(live.order_by().values_list("patient_id").annotate(Min("first")))
    found = {}
    for patient in patients:
        start = EARLIEST if whole else min(now, firsts.get(patient.pk, now)) - HISTORY
        found[patient.pk] = PatientFacts(patient, start)
    load_episodes(found)
    load_readings(found)
    load_persons_events(found, as_of or now)
    load_presets_and_rules(found)
    load_goals(found)
    load_equipment_and_periods(found)
    return found


def load_equipment_and_periods(found: Mapping[uuid.UUID, PatientFacts]) -> None:
    assignments = Assignment.objects.filter(patient__in=list(found)).select_related("device__device_type")
    for pk, rows in rows_by_patient(assignments).items():
        found[pk].assignments = sorted(rows, key=lambda row: (row.started_at is not None, row.started_at, str(row.pk)))
    periods = MonitoringRow.objects.filter(patient__in=list(found)).order_by("started_at")
    for pk, own_periods in rows_by_patient(periods).items():
        found[pk].periods = own_periods


def rows_by_patient(rows: QuerySet[Row]) -> dict[uuid.UUID, list[Row]]:
    found: dict[uuid.UUID, list[Row]] = defaultdict(list)
    for row in rows:
        patient_id: Any = vars(row)["patient_id"]
        found[patient_id].append(row)
    return found


def load_episodes(found: Mapping[uuid.UUID, PatientFacts]) -> None:
    """Those that the readings since the start may belong to."""
    earliest = min((facts.start for facts in found.values()), default=None)
    if earliest is None:
        return
    rows = AlertEpisode.objects.filter(patient__in=list(found), last__gte=earliest).order_by("first", "pk")
    for pk, episodes in rows_by_patient(rows).items():
        found[pk].episodes = [row for row in episodes if row.last >= found[pk].start]


def load_readings(found: Mapping[uuid.UUID, PatientFacts], *, metrics: Sequence[str] | None = None) -> None:
    """With their exclusions; one without an entry in the history has the reading's own. `metrics` None: all judged."""
    excluded: dict[int, list[Event]] = defaultdict(list)
    earliest = min((facts.start for facts in found.values()), default=None)
    history = ExclusionEvent.objects.filter(patient__in=list(found))
    if earliest:
        history = history.filter(measurement__taken_at__gte=earliest)
    for row in history.order_by("pk"):
        kind = EventKind.UNDO_EXCLUSION if row.is_undo else EventKind.EXCLUDE
        data = {"reading": row.measurement_id, "reason": row.reason}
        excluded[row.measurement_id].append(Event(row.at, kind, person_name(row.by_id), data=data))
    with connection.cursor() as cursor:
        if metrics is None:
            cursor.execute(METRICS_SQL, [list(ACTIVITY_METRICS)])
            metrics = [code for (code,) in cursor.fetchall()]
        starts = [facts.start for facts in found.values()]
        cursor.execute(READINGS_SQL, {"patients": list(found), "starts": starts, "metrics": list(metrics)})
        for patient_id, *columns, excluded_at, excluded_by, reason in cursor.fetchall():
            facts = found[patient_id]
            reading = reading_fact(columns)
            facts.readings.append(reading)
            if reading.id in excluded:
                facts.events += excluded[int(reading.id)]
            elif excluded_at:
                data = {"reading": reading.id, "reason": reason}
                facts.events.append(Event(excluded_at, EventKind.EXCLUDE, person_name(excluded_by), data=data))


def load_persons_events(found: Mapping[uuid.UUID, PatientFacts], as_of: dt.datetime) -> None:
    """Steps, reviews, pauses, expected readings. What was taken back later than `as_of` was still in force then."""
    load_pauses(found, as_of)
    load_expected_readings(found, as_of)
    ids = list(found)
    earliest = min((facts.start for facts in found.values()), default=as_of)
    steps = AlertStep.objects.filter(patient__in=ids, at__gte=earliest).select_related("episode").order_by("at", "pk")
    for step in steps:
        if step.at >= found[step.patient_id].start:
            found[step.patient_id].events.append(step_event(step))
            if step.newest_reading_id is not None:
                found[step.patient_id].acts.append((step.at, step.newest_reading_id))
    reviews = PatientReview.objects.filter(Q(undone_at__isnull=True) | Q(undone_at__gt=as_of), patient__in=ids)
    for review in reviews.filter(at__gte=earliest):
        event = Event(review.through, EventKind.REVIEW, person_name(review.by_id))
        found[review.patient_id].events.append(event)
        if review.newest_reading_id is not None:
            found[review.patient_id].acts.append((review.through, review.newest_reading_id))


def load_pauses(found: Mapping[uuid.UUID, PatientFacts], as_of: dt.datetime) -> None:
    for pause in MeasuringPause.objects.filter(patient__in=list(found)):
        facts = found[pause.patient_id]
        last = pause.last_day
        if pause.ended_at and pause.ended_at <= as_of:
            last = min(last, pause.ended_at.astimezone(facts.patient.zone).date() - ONE_DAY)
        if last >= pause.first_day:
            data = {"first": pause.first_day, "last": last, "reason": pause.reason}
            by = person_name(pause.by_id)
            facts.events.append(Event(pause.at, EventKind.PAUSE, by, metric=pause.metric_id or "", data=data))


def load_expected_readings(found: Mapping[uuid.UUID, PatientFacts], as_of: dt.datetime) -> None:
    rows = ExpectedReadings.objects.filter(patient__in=list(found), at__lte=as_of)
    for row in rows.order_by("patient_id", "-pk").distinct("patient_id"):
        found[row.patient_id].expected_metrics = None if row.metrics is None else frozenset(row.metrics)


def load_presets_and_rules(found: Mapping[uuid.UUID, PatientFacts]) -> None:
    for pk, presets in rows_by_patient(PresetChange.objects.filter(patient__in=list(found)).order_by("pk")).items():
        found[pk].presets = [PresetSince(row.at, tuple(row.conditions)) for row in presets]
    for facts in found.values():
        facts.presets = facts.presets or [PresetSince(None, tuple(facts.patient.conditions))]
    for change in AlertRuleChange.objects.filter(of_scopes(found)).order_by("at", "pk"):
        own = own_rule(change)
        for facts in in_scope(found, change):
            facts.own_rules.append(own)


def own_rule(change: AlertRuleChange) -> OwnRule:
    return OwnRule(
        change.rule,
        scope_of(change),
        change.at,
        change.changes,
        change.is_off,
        change.is_chosen,
        person_name(change.by_id),
    )


def load_goals(found: Mapping[uuid.UUID, PatientFacts]) -> None:
    shipped = Q(patient__isnull=True, clinic__isnull=True)
    for row in Threshold.objects.filter(of_scopes(found) | shipped, context=""):
        for facts in in_scope(found, row):
            facts.goals[scope_of(row), (row.metric_id, row.component)] = row.bounds
    for goal in ThresholdChange.objects.filter(of_scopes(found), context="").order_by("at", "pk"):
        part = (goal.metric_id, goal.component)
        change = GoalChange(goal.at, scope_of(goal), part, goal.before, goal.after, person_name(goal.by_id))
        for facts in in_scope(found, goal):
            facts.goal_changes.append(change)


def of_scopes(found: Mapping[uuid.UUID, PatientFacts]) -> Q:
    clinics = {facts.patient.clinic_id for facts in found.values()}
    return Q(patient__in=list(found)) | Q(clinic__in=clinics)


def scope_of(row: Any) -> str:
    return PATIENT if row.patient_id else CLINIC if row.clinic_id else SHIPPED


def in_scope(found: Mapping[uuid.UUID, PatientFacts], row: Any) -> list[PatientFacts]:
    if row.patient_id:
        return [found[row.patient_id]]
    return [facts for facts in found.values() if row.clinic_id in (None, facts.patient.clinic_id)]
