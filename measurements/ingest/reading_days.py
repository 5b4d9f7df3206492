"""ReadingDay rows: inserted for new readings, recounted when a reading or the patient's time zone changed.

Both run after the caller has locked the patient's summary, so that a day never goes missing between two writers.
"""

from __future__ import annotations

import uuid

from django.db import connection

from measurements.models.patient_summary import MEASURED_DAYS_BITS
from measurements.models.reading_rules import COUNTED

# The day of a reading of a reset clock is not known.
MAKES_A_DAY_SQL = f"""
    {COUNTED.sql("reading")} AND NOT reading.clock_reset
    AND reading.metric_id IN (SELECT code FROM measurements_metric WHERE physiologic)
    AND NOT (reading.metric_id = 'irregular_heartbeat' AND reading.value_1 = 0)
"""  # noqa: S608 - made of constants

# Bits of days back from the newer of the two last days.
MOVED_MASK_SQL = f"""CASE
    WHEN GREATEST(stored.last_measured_on, excluded.last_measured_on) - {{days}}.last_measured_on < {MEASURED_DAYS_BITS}
    THEN {{days}}.measured_days_mask
        << (GREATEST(stored.last_measured_on, excluded.last_measured_on) - {{days}}.last_measured_on)
        & {(1 << MEASURED_DAYS_BITS) - 1}
    ELSE 0 END"""

# The time zone is looked up by key: PostgreSQL has no statistics of rows just written, and could join by a scan of
# all patients for each row.
INSERT_DAYS_OF_NEW_READINGS_SQL = f"""
WITH added AS (
    INSERT INTO measurements_readingday (patient_id, day)
    SELECT DISTINCT patient_id,
        timezone((SELECT time_zone FROM patients_patient WHERE id = patient_id), taken_at)::date
    FROM measurements_measurement AS reading
    WHERE reading.id = ANY(%s::bigint[]) AND {MAKES_A_DAY_SQL}
    ORDER BY 1, 2
    ON CONFLICT (patient_id, day) DO NOTHING
    RETURNING patient_id, day
)
INSERT INTO measurements_patientsummary AS stored (patient_id, measured_days_mask, last_measured_on, week, week_status,
    irregular_count, check_count)
SELECT patient_id, bit_or(1::bigint << (last - day)), last, '{{}}', '', 0, 0
FROM (SELECT patient_id, day, max(day) OVER (PARTITION BY patient_id) AS last FROM added) AS days
WHERE last - day < {MEASURED_DAYS_BITS}
GROUP BY patient_id, last ORDER BY patient_id
ON CONFLICT (patient_id) DO UPDATE SET
    measured_days_mask = {MOVED_MASK_SQL.format(days="stored")} | {MOVED_MASK_SQL.format(days="excluded")},
    last_measured_on = GREATEST(stored.last_measured_on, excluded.last_measured_on)
"""  # noqa: S608 - made of constants

RECOUNT_DAYS_SQL = f"""
WITH counted AS MATERIALIZED (
    SELECT DISTINCT reading.patient_id, timezone(patient.time_zone, reading.taken_at)::date AS day
    FROM patients_patient AS patient
    JOIN measurements_measurement AS reading ON reading.patient_id = patient.id
    WHERE patient.id = ANY(%(patients)s) AND {MAKES_A_DAY_SQL}
), removed AS (
    DELETE FROM measurements_readingday AS stored
    WHERE stored.patient_id = ANY(%(patients)s) AND (stored.patient_id, stored.day) NOT IN (SELECT * FROM counted)
)
INSERT INTO measurements_readingday (patient_id, day) SELECT * FROM counted ORDER BY 1, 2
ON CONFLICT (patient_id, day) DO NOTHING
"""  # noqa: S608 - made of constants


def insert_reading_days(ids: str) -> None:
    """For new readings, given as `format_bigint_array` writes their keys; also into the patients' summaries."""
    with connection.cursor() as cursor:
        cursor.execute(INSERT_DAYS_OF_NEW_READINGS_SQL, [ids])


def recount_reading_days(patients: list[uuid.UUID]) -> None:
    """From all readings of these patients, by each patient's present time zone."""
    with connection.cursor() as cursor:
        cursor.execute(RECOUNT_DAYS_SQL, {"patients": patients})
