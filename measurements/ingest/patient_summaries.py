"""Keeps one row per patient of what the list sorts by, so that a page of it never reads everybody's readings.

`follow` adds what new readings bring and costs a batch three statements; `rebuild` starts again from the readings, for
when one of them no longer counts or the patient has moved to another time zone. Both run in the caller's transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable

from django.db import connection, transaction

from measurements.models.reading_rules import COUNTED, TRUSTED
from patients.models import Patient

# 62 days of bits: shifted further, bits would come back at the other end or touch the sign. Each row looks up its time
# zone, because PostgreSQL knows little of rows just written: to join, it may walk through all patients for each.
UPSERT_MEASURED_DAYS_SQL = """
WITH counted AS (
    SELECT DISTINCT patient_id,
        timezone((SELECT time_zone FROM patients_patient WHERE patients_patient.id = patient_id), taken_at)::date AS day
    FROM measurements_measurement AS reading
    WHERE {which} AND {counted}
        AND metric_id IN (SELECT code FROM measurements_metric WHERE physiologic)
        AND taken_at BETWEEN now() - interval '64 days' AND now() + interval '1 day'
), last AS (
    SELECT patient_id, day, max(day) OVER (PARTITION BY patient_id) AS until FROM counted
)
INSERT INTO measurements_patientsummary AS kept (patient_id, measured_days_mask, last_measured_on)
SELECT patient_id, bit_or(1::bigint << (until - day)), until
FROM last WHERE until - day < 62
GROUP BY patient_id, until ORDER BY patient_id
ON CONFLICT (patient_id) DO UPDATE SET
    last_measured_on = GREATEST(kept.last_measured_on, excluded.last_measured_on),
    measured_days_mask = CASE
        WHEN kept.last_measured_on IS NULL OR excluded.last_measured_on - kept.last_measured_on >= 62
        THEN excluded.measured_days_mask
        WHEN kept.last_measured_on - excluded.last_measured_on >= 62 THEN kept.measured_days_mask
        WHEN excluded.last_measured_on >= kept.last_measured_on
        THEN ((kept.measured_days_mask << (excluded.last_measured_on - kept.last_measured_on))
            | excluded.measured_days_mask) & {bits}
        ELSE ((excluded.measured_days_mask << (kept.last_measured_on - excluded.last_measured_on))
            | kept.measured_days_mask) & {bits}
    END
"""
MEASURED_DAYS_MASK = f"{(1 << 62) - 1}"
UPSERT_DAYS_OF_NEW_READINGS_SQL = UPSERT_MEASURED_DAYS_SQL.format(
    which="id = ANY(%(ids)s::bigint[])", bits=MEASURED_DAYS_MASK, counted=COUNTED.sql("reading")
)
UPSERT_DAYS_OF_PATIENTS_SQL = UPSERT_MEASURED_DAYS_SQL.format(
    which="patient_id = ANY(%(patients)s)", bits=MEASURED_DAYS_MASK, counted=COUNTED.sql("reading")
)

UPSERT_LATEST_VALUES_SQL = """
INSERT INTO measurements_patientsummary AS kept (patient_id, measured_days_mask, last_at, systolic, glucose, spo2)
SELECT latest.patient_id, 0, max(latest.taken_at),
    max(latest.value_1) FILTER (WHERE latest.metric_id = 'blood_pressure'),
    max(latest.value_1) FILTER (WHERE latest.metric_id = 'glucose'),
    max(latest.value_1) FILTER (WHERE latest.metric_id = 'spO2')
FROM measurements_latestreading AS latest
JOIN measurements_metric AS metric ON metric.code = latest.metric_id AND metric.vital
WHERE latest.patient_id = ANY(%(patients)s)
GROUP BY latest.patient_id ORDER BY latest.patient_id
ON CONFLICT (patient_id) DO UPDATE SET
    last_at = excluded.last_at, systolic = excluded.systolic, glucose = excluded.glucose, spo2 = excluded.spo2
WHERE (kept.last_at, kept.systolic, kept.glucose, kept.spo2)
    IS DISTINCT FROM (excluded.last_at, excluded.systolic, excluded.glucose, excluded.spo2)
"""

# `summaries.baseline` in SQL: the newest weight less the median of the medians of the seven local days before its own,
# of which three must have a weight.
TRUSTED_WEIGHT_SQL = f"""
    reading.patient_id = patient.id AND reading.metric_id = 'weight' AND {TRUSTED.sql("reading")}
"""
UPDATE_WEIGHT_GAIN_SQL = f"""
UPDATE measurements_patientsummary AS kept SET weight_gain = found.gain, weight_at = found.taken_at
FROM (
    SELECT patient.id, newest.taken_at, (newest.value_1 - usual.median)::double precision AS gain
    FROM patients_patient AS patient
    LEFT JOIN LATERAL (
        SELECT taken_at, value_1, timezone(patient.time_zone, taken_at)::date AS day
        FROM measurements_measurement AS reading WHERE {TRUSTED_WEIGHT_SQL}
        ORDER BY reading.taken_at DESC LIMIT 1
    ) AS newest ON true
    LEFT JOIN LATERAL (
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY days.median) AS median, count(*) AS n
        FROM (
            SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY reading.value_1) AS median
            FROM measurements_measurement AS reading
            WHERE {TRUSTED_WEIGHT_SQL} AND reading.taken_at > newest.taken_at - interval '9 days'
                AND reading.taken_at < newest.taken_at
                AND timezone(patient.time_zone, reading.taken_at)::date BETWEEN newest.day - 7 AND newest.day - 1
            GROUP BY timezone(patient.time_zone, reading.taken_at)::date
        ) AS days
    ) AS usual ON usual.n >= 3
    WHERE patient.id = ANY(%(patients)s)
) AS found
WHERE kept.patient_id = found.id
"""  # noqa: S608 - made of constants
RESET_SUMMARIES_SQL = """
UPDATE measurements_patientsummary
SET measured_days_mask = 0, last_measured_on = NULL, last_at = NULL, systolic = NULL, glucose = NULL, spo2 = NULL
WHERE patient_id = ANY(%s)
"""


def update_patient_summaries(ids: str, *, patients: Iterable[uuid.UUID], weighed: Collection[uuid.UUID]) -> None:
    """New readings `ids`, already marked, as `bigints` writes them, whose patients' LatestReading is up to date."""
    execute_statements(
        (UPSERT_LATEST_VALUES_SQL, UPSERT_DAYS_OF_NEW_READINGS_SQL), {"ids": ids, "patients": sorted(set(patients))}
    )
    if weighed:
        execute_statements((UPDATE_WEIGHT_GAIN_SQL,), {"patients": sorted(weighed)})


def rebuild_patient_summaries(patients: Iterable[uuid.UUID]) -> None:
    """From the readings and LatestReading as they stand; the caller has locked or bumped the patients."""
    found = sorted(set(patients))
    with connection.cursor() as cursor:
        cursor.execute(RESET_SUMMARIES_SQL, [found])
    execute_statements(
        (UPSERT_LATEST_VALUES_SQL, UPSERT_DAYS_OF_PATIENTS_SQL, UPDATE_WEIGHT_GAIN_SQL), {"patients": found}
    )


STALE_BATCH_SIZE = 500  # patients in one transaction; the next sweep finds the others


@transaction.atomic
def rebuild_stale_summaries() -> None:
    """Rebuild what an edit of the patient has marked stale; an edit meanwhile waits and marks again."""
    stale = Patient.objects.summary_stale()
    locked = list(stale.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True)[:STALE_BATCH_SIZE])
    if locked:
        rebuild_patient_summaries(locked)
        stale.filter(pk__in=locked).clear_summary_stale()


def execute_statements(statements: Iterable[str], values: dict[str, str | list[uuid.UUID]]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, values)
