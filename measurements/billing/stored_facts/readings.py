"""Readings, exclusions and device assignments of many patients as billing facts."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from django.db import connection

from devices.models import Assignment
from measurements.alerts.engine.facts import Device, Reading
from measurements.alerts.facts.patient_facts import reading_fact
from measurements.billing.engine.days.counted_days import ADHERENCE_METRICS, RPM_METRICS
from measurements.billing.engine.facts import Exclusion, ZoneChange
from measurements.models import ExclusionEvent

METRICS = sorted(RPM_METRICS | ADHERENCE_METRICS)
# Times are numbers, which are read in half the time.
READINGS_SQL = """
SELECT reading.patient_id, reading.excluded_at, reading.excluded_by_id, reading.excluded_reason,
    reading.id, reading.metric_id, extract(epoch FROM reading.taken_at)::float8,
    extract(epoch FROM reading.received_at)::float8, reading.value_1::float8, reading.value_2::float8, reading.index,
    reading.device_id, reading.estimated, reading.conflict, reading.implausible, reading.control, reading.duplicate,
    reading.stamped_at IS NOT NULL, reading.beyond_meter
FROM measurements_measurement AS reading
WHERE reading.patient_id = ANY(%s::uuid[]) AND reading.metric_id = ANY(%s)
"""


class StoredReadings(NamedTuple):
    readings: Mapping[uuid.UUID, list[Reading]]
    exclusions: Mapping[uuid.UUID, list[Exclusion]]


def load_readings(patients: Collection[uuid.UUID]) -> StoredReadings:
    """A reading that is excluded without an entry in the history has the exclusion that it names itself."""
    readings: dict[uuid.UUID, list[Reading]] = defaultdict(list)
    exclusions = load_exclusions(patients)
    explained = {one.reading for rows in exclusions.values() for one in rows}
    with connection.cursor() as cursor:
        cursor.execute(READINGS_SQL, [list(patients), METRICS])
        for patient_id, excluded_at, excluded_by, reason, *columns in cursor.fetchall():
            reading = reading_fact(columns)
            readings[patient_id].append(reading)
            if excluded_at and reading.id not in explained:
                exclusions[patient_id].append(Exclusion(reading.id, excluded_at, str(excluded_by or ""), reason))
    return StoredReadings(readings, exclusions)


def load_exclusions(patients: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Exclusion]]:
    """Each with the undoing that came after it."""
    rows = ExclusionEvent.objects.filter(patient__in=patients).order_by("pk")
    by_reading: dict[tuple[uuid.UUID, int], list[Exclusion]] = defaultdict(list)
    for row in rows:
        of_reading = by_reading[row.patient_id, row.measurement_id]
        if not row.is_undo:
            of_reading.append(Exclusion(row.measurement_id, row.at, str(row.by_id or ""), row.reason))
        elif of_reading and of_reading[-1].undone_at is None:
            last = of_reading.pop()
            of_reading.append(Exclusion(last.reading, last.at, last.by, last.reason, row.at))
    found: dict[uuid.UUID, list[Exclusion]] = defaultdict(list)
    for (patient_id, _), own in by_reading.items():
        found[patient_id] += own
    return found


def load_assignments(patients: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Assignment]]:
    found: dict[uuid.UUID, list[Assignment]] = defaultdict(list)
    for row in Assignment.objects.filter(patient__in=patients).select_related("device__device_type"):
        found[row.patient_id].append(row)
    return found


def device_facts(rows: Sequence[Assignment], zones: Sequence[ZoneChange]) -> tuple[Device, ...]:
    return tuple(
        Device(
            str(row.device_id),
            row.device.device_type.name if row.device.device_type else row.device.name,
            start=local_day(row.started_at, zones),
            end=local_day(row.ended_at, zones),
        )
        for row in rows
    )


def local_day(at: dt.datetime | None, zones: Sequence[ZoneChange]) -> dt.date | None:
    """By the zone in force, of which there is at least one; None stays None."""
    if at is None:
        return None
    started = [change.zone for change in zones if change.start is None or change.start <= at]
    return at.astimezone((started or [zones[0].zone])[-1]).date()
