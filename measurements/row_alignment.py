"""Alignment steps of readings and of what is computed from them: placement in time, latest readings, summaries."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import connection

from measurements import word_alignment
from measurements.ingest import latest_readings, patient_summaries, quality_flags
from measurements.ingest.pg_arrays import format_bigint_array
from measurements.local_days import AHEAD_AFTER
from measurements.models import LatestReading, Measurement, PatientSummary, ReadingDay, TriageEntry
from patients.audit.row_alignment import AlignedSlice, AlignmentStep, RowKey, aligned_patients, next_patients

# Readings that were received together are one upload. What is beyond 24 h was quarantined.
PLACE_READINGS_AHEAD_SQL = """
UPDATE measurements_measurement AS stored
SET stamped_at = stored.taken_at, taken_at = ahead.received_at - (ahead.newest - stored.taken_at)
FROM (
    SELECT id, received_at, max(taken_at) OVER (PARTITION BY device_id, received_at) AS newest
    FROM measurements_measurement
    WHERE patient_id = ANY(%(patients)s) AND stamped_at IS NULL AND taken_at - received_at > %(ahead_after)s
) AS ahead
WHERE stored.id = ahead.id
RETURNING stored.patient_id
"""


def place_readings_ahead(after: RowKey | None) -> AlignedSlice:
    patients = next_patients(after)
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"patients": patients, "ahead_after": AHEAD_AFTER}
        cursor.execute(PLACE_READINGS_AHEAD_SQL, values)
        return aligned_patients(patients, changed=[patient_id for (patient_id,) in cursor.fetchall()])


def flag_pressures_of_impossible_pulses(after: RowKey | None) -> AlignedSlice:
    patients = next_patients(after)
    pulses = Measurement.objects.filter(patient__in=patients, metric="pulse", implausible=True)
    flagged = quality_flags.execute_flagging(
        quality_flags.FLAG_PRESSURES_SQL, format_bigint_array(pulses.values_list("pk", flat=True))
    )
    return aligned_patients(patients, changed=[row.patient_id for row in flagged])


CORRECT_DUPLICATES_SQL = f"""
UPDATE measurements_measurement AS reading SET duplicate = NOT reading.duplicate
WHERE reading.patient_id = ANY(%(patients)s) AND (reading.estimated OR reading.duplicate)
    AND reading.duplicate <> {quality_flags.IS_DUPLICATE_SQL}
RETURNING reading.patient_id
"""  # noqa: S608 - made of constants


def correct_duplicates(after: RowKey | None) -> AlignedSlice:
    patients = next_patients(after)
    with connection.cursor() as cursor:
        cursor.execute(CORRECT_DUPLICATES_SQL, quality_flags.DUPLICATE_PARAMETERS | {"patients": patients})
        return aligned_patients(patients, changed=[patient_id for (patient_id,) in cursor.fetchall()])


# Only where a stamp has set a time that no reading has: one still to come, or one of a reset clock.
CORRECT_DEVICE_TIMES_SQL = """
UPDATE devices_device AS device
SET first_reading_at = GREATEST(device.first_reading_at, found.first),
    last_reading_at = LEAST(device.last_reading_at, found.last)
FROM (
    SELECT device_id, min(CASE WHEN clock_reset THEN arrived ELSE taken_at END) AS first,
        max(CASE WHEN clock_reset THEN arrived ELSE taken_at END) AS last
    FROM measurements_measurement, COALESCE(vendor_created_at, received_at) AS arrived
    WHERE device_id IN (SELECT device_id FROM measurements_measurement WHERE patient_id = ANY(%(patients)s))
    GROUP BY device_id
) AS found
WHERE device.id = found.device_id
    AND (device.first_reading_at < found.first OR device.last_reading_at > found.last)
RETURNING device.patient_id
"""


def correct_device_times(after: RowKey | None) -> AlignedSlice:
    patients = next_patients(after)
    with connection.cursor() as cursor:
        cursor.execute(CORRECT_DEVICE_TIMES_SQL, {"patients": patients})
        holders = [patient_id for (patient_id,) in cursor.fetchall()]
    aligned = aligned_patients(patients, changed=[patient_id for patient_id in holders if patient_id])
    return aligned._replace(changed=len(holders))


def recompute_latest_readings(after: RowKey | None) -> AlignedSlice:
    patients = next_patients(after)
    readings = Measurement.objects.filter(patient__in=patients).order_by()
    before = computed_rows(LatestReading, patients)
    latest_readings.recompute_latest_readings(readings.values_list("patient_id", "metric_id").distinct())
    return aligned_patients(patients, changed=differing_patients(before, computed_rows(LatestReading, patients)))


def rebuild_summaries(after: RowKey | None) -> AlignedSlice:
    patients = next_patients(after)
    before = [computed_rows(model, patients) for model in (PatientSummary, ReadingDay)]
    patient_summaries.rebuild_patient_summaries(patients)
    TriageEntry.objects.mark_due(patients)  # the steps before may have changed any reading
    changed = [
        patient
        for rows, model in zip(before, (PatientSummary, ReadingDay), strict=True)
        for patient in differing_patients(rows, computed_rows(model, patients))
    ]
    return aligned_patients(patients, changed=changed)


def computed_rows(model: Any, patients: list[uuid.UUID]) -> set[tuple[Any, ...]]:
    """The rows of these patients without their keys and without when they are due, the patient first."""
    left_out = ("id", "patient_id", "week", "week_due_at")
    names = [field.attname for field in model._meta.fields if field.attname not in left_out]
    return set(model.objects.filter(patient__in=patients).values_list("patient_id", *names))


def differing_patients(before: set[tuple[Any, ...]], after: set[tuple[Any, ...]]) -> list[uuid.UUID]:
    """Once for each row that is new or was changed, and for each that is gone."""
    added, gone = [row[0] for row in after - before], [row[0] for row in before - after]
    return added if len(added) >= len(gone) else gone


STEPS = (
    *word_alignment.STEPS,
    AlignmentStep(
        "measurements.readings_ahead",
        "Readings stamped more than 5 minutes after they were received get the time of their receipt.",
        place_readings_ahead,
    ),
    AlignmentStep(
        "measurements.pressures_to_check",
        "A blood pressure whose pulse is impossible is to be checked.",
        flag_pressures_of_impossible_pulses,
    ),
    AlignmentStep(
        "measurements.probable_duplicates",
        "Of two equal values taken within 24 h and received within 72 h, the one of estimated time is a duplicate.",
        correct_duplicates,
    ),
    AlignmentStep(
        "measurements.device_times",
        "First and last reading of a device are times at which it can have taken one.",
        correct_device_times,
    ),
    AlignmentStep(
        "measurements.latest_readings",
        "The latest reading of each kind is the newest trusted one.",
        recompute_latest_readings,
    ),
    AlignmentStep(
        "measurements.patient_summaries",
        "Days measured and what the patient list sorts by follow from the readings.",
        rebuild_summaries,
    ),
)
