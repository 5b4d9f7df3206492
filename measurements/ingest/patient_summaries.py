"""PatientSummary rows: followed for each batch of new readings, rebuilt when one was excluded or a time zone changed.

Both functions run in the caller's transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable

from django.db import connection, transaction
from django.utils import timezone

from measurements.ingest import reading_days
from measurements.models import PatientSummary, TriageEntry
from measurements.models.patient_summary import BEYOND_METER_SORT_VALUES, MEASURED_DAYS_BITS
from measurements.weeks import week_figures
from measurements.weights.trends import fetch_weight_trends
from patients.models import Patient

# The newest ReadingDay rows of each patient, as bits back from the last one.
UPSERT_MEASURED_DAYS_SQL = f"""
INSERT INTO measurements_patientsummary (patient_id, measured_days_mask, last_measured_on, week, week_status,
    irregular_count, check_count)
SELECT patient_id, bit_or(1::bigint << (last - day)), last, '{{}}', '', 0, 0
FROM (
    SELECT patient.patient_id, newest.day, max(newest.day) OVER (PARTITION BY patient.patient_id) AS last
    FROM unnest(%(patients)s::uuid[]) AS patient(patient_id)
    CROSS JOIN LATERAL (
        SELECT day FROM measurements_readingday AS stored WHERE stored.patient_id = patient.patient_id
        ORDER BY day DESC LIMIT {MEASURED_DAYS_BITS}
    ) AS newest
) AS days
WHERE last - day < {MEASURED_DAYS_BITS}
GROUP BY patient_id, last ORDER BY patient_id
ON CONFLICT (patient_id) DO UPDATE SET
    measured_days_mask = excluded.measured_days_mask, last_measured_on = excluded.last_measured_on
"""  # noqa: S608 - made of constants

# By what the list sorts.
SORT_VALUE_SQL = "CASE latest.beyond_meter WHEN 'above' THEN {} WHEN 'below' THEN {} ELSE latest.value_1 END".format(
    *BEYOND_METER_SORT_VALUES
)
# New readings of the week may not change the newest ones, so its figures are due in any case.
UPSERT_LATEST_VALUES_SQL = f"""
INSERT INTO measurements_patientsummary AS stored (patient_id, measured_days_mask, last_at, systolic, systolic_at,
    glucose, glucose_at, spo2, spo2_at, week, week_status, week_due_at, irregular_count, check_count)
SELECT latest.patient_id, 0, max(GREATEST(latest.taken_at, (
        SELECT taken_at FROM measurements_measurement AS doubtful WHERE doubtful.id = latest.doubtful_id))),
    max(latest.value_1) FILTER (WHERE latest.metric_id = 'blood_pressure'),
    max(latest.taken_at) FILTER (WHERE latest.metric_id = 'blood_pressure'),
    max({SORT_VALUE_SQL}) FILTER (WHERE latest.metric_id = 'glucose'),
    max(latest.taken_at) FILTER (WHERE latest.metric_id = 'glucose'),
    max(latest.value_1) FILTER (WHERE latest.metric_id = 'spO2'),
    max(latest.taken_at) FILTER (WHERE latest.metric_id = 'spO2'),
    '{{}}', '', %(now)s, 0, 0
FROM measurements_latestreading AS latest
JOIN measurements_metric AS metric ON metric.code = latest.metric_id AND metric.vital
WHERE latest.patient_id = ANY(%(patients)s)
GROUP BY latest.patient_id ORDER BY latest.patient_id
ON CONFLICT (patient_id) DO UPDATE SET
    last_at = excluded.last_at, systolic = excluded.systolic, systolic_at = excluded.systolic_at,
    glucose = excluded.glucose, glucose_at = excluded.glucose_at, spo2 = excluded.spo2, spo2_at = excluded.spo2_at,
    week_due_at = excluded.week_due_at
WHERE stored.week_due_at IS NULL OR stored.week_due_at > excluded.week_due_at
    OR (stored.last_at, stored.systolic, stored.systolic_at, stored.glucose, stored.glucose_at, stored.spo2,
        stored.spo2_at)
    IS DISTINCT FROM (excluded.last_at, excluded.systolic, excluded.systolic_at, excluded.glucose, excluded.glucose_at,
        excluded.spo2, excluded.spo2_at)
"""  # noqa: S608 - made of constants

UPDATE_WEIGHT_GAIN_SQL = """
UPDATE measurements_patientsummary AS stored SET weight_gain = newest.gain, usual_weight = newest.usual,
    weight_at = newest.taken_at
FROM unnest(%s::uuid[], %s::float8[], %s::float8[], %s::timestamptz[]) AS newest(patient_id, gain, usual, taken_at)
WHERE stored.patient_id = newest.patient_id
"""
RESET_SUMMARIES_SQL = """
UPDATE measurements_patientsummary
SET measured_days_mask = 0, last_measured_on = NULL, last_at = NULL, systolic = NULL, systolic_at = NULL,
    glucose = NULL, glucose_at = NULL, spo2 = NULL, spo2_at = NULL
WHERE patient_id = ANY(%s)
"""


def update_patient_summaries(ids: str, *, patients: Iterable[uuid.UUID], weighed: Collection[uuid.UUID]) -> None:
    """Add new readings, flagged already, whose patients' LatestReading is up to date.

    `ids` is as `format_bigint_array` writes keys; `weighed` are the patients with a new weight.
    """
    with connection.cursor() as cursor:
        # First, because it locks each summary: a concurrent exclusion recounts days before or after this batch.
        cursor.execute(UPSERT_LATEST_VALUES_SQL, {"patients": sorted(set(patients)), "now": timezone.now()})
    reading_days.insert_reading_days(ids)
    if weighed:
        update_weight_gains(weighed)


def update_weight_gains(patients: Collection[uuid.UUID]) -> None:
    """The newest weight and its difference from the usual weight, as `weights` computes them; None without weights."""
    chosen, trends = sorted(patients), fetch_weight_trends(patients)
    gains = [trends[pk].from_usual if pk in trends else None for pk in chosen]
    usual = [trends[pk].usual if pk in trends else None for pk in chosen]
    times = [trends[pk].taken_at if pk in trends else None for pk in chosen]
    with connection.cursor() as cursor:
        cursor.execute(UPDATE_WEIGHT_GAIN_SQL, [chosen, gains, usual, times])


def lock_patient_summaries(patients: Collection[uuid.UUID]) -> None:
    """In the order of their keys, before several statements that each write some of them."""
    rows = PatientSummary.objects.filter(pk__in=patients).order_by("pk")
    list(rows.select_for_update(no_key=True).values_list("pk"))


def rebuild_patient_summaries(patients: Iterable[uuid.UUID]) -> None:
    """From the readings and LatestReading rows; the caller has locked the patients."""
    chosen = sorted(set(patients))
    with connection.cursor() as cursor:
        cursor.execute(RESET_SUMMARIES_SQL, [chosen])
        reading_days.recount_reading_days(chosen)
        for statement in (UPSERT_LATEST_VALUES_SQL, UPSERT_MEASURED_DAYS_SQL):
            cursor.execute(statement, {"patients": chosen, "now": timezone.now()})
    update_weight_gains(chosen)
    week_figures.refresh_weeks(chosen)


STALE_BATCH_SIZE = 500  # patients in one transaction; the next sweep finds the others


@transaction.atomic
def rebuild_stale_summaries() -> None:
    """Rebuild what an edit of the patient has marked stale; an edit meanwhile waits and marks again."""
    stale = Patient.objects.summary_stale()
    chosen = list(stale.order_by("pk").values_list("pk", flat=True)[:STALE_BATCH_SIZE])
    # Summaries and triage entries before patients, as ingest locks them: the other way round they could deadlock.
    lock_patient_summaries(chosen)
    TriageEntry.objects.mark_due(chosen)
    still_stale = stale.filter(pk__in=chosen).order_by("pk").select_for_update(no_key=True)
    if locked := list(still_stale.values_list("pk", flat=True)):
        rebuild_patient_summaries(locked)
        stale.filter(pk__in=locked).clear_summary_stale()
