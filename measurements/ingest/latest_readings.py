"""LatestReading upserts: after new readings, and after an exclusion, its undo or a corrected time."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable

from django.db import connection

from measurements.models import LatestReading
from measurements.models.reading_rules import COUNTED, CREDIBLE, INCLUDED

SeriesKey = tuple[uuid.UUID, str]  # patient and metric

# A newer reading to be checked, and one that was shown for want of a trusted one, stays beside what is trusted.
UPSERT_LATEST_READINGS_SQL = f"""
INSERT INTO measurements_latestreading AS latest
    (patient_id, metric_id, measurement_id, taken_at, value_1, value_2, beyond_meter, estimated, conflict, implausible)
SELECT DISTINCT ON (patient_id, metric_id)
    patient_id, metric_id, id, taken_at, value_1, value_2, beyond_meter, estimated, conflict, implausible
FROM measurements_measurement AS reading
WHERE id = ANY(%s::bigint[]) AND {CREDIBLE.sql("reading")}
ORDER BY patient_id, metric_id, taken_at DESC, id DESC
ON CONFLICT (patient_id, metric_id) DO UPDATE SET
    measurement_id = excluded.measurement_id, taken_at = excluded.taken_at, value_1 = excluded.value_1,
    value_2 = excluded.value_2, beyond_meter = excluded.beyond_meter, estimated = excluded.estimated,
    conflict = false, implausible = false,
    doubtful_id = (
        SELECT id FROM measurements_measurement AS doubtful
        WHERE doubtful.taken_at > excluded.taken_at AND doubtful.id = CASE
            WHEN latest.conflict OR latest.implausible THEN latest.measurement_id ELSE latest.doubtful_id END)
WHERE excluded.taken_at >= latest.taken_at OR latest.conflict OR latest.implausible
"""  # noqa: S608 - made of constants

NEWEST_SQL = """
    SELECT id, taken_at FROM measurements_measurement AS reading
    WHERE reading.patient_id = series.patient_id AND reading.metric_id = series.metric_id AND {rule}
    ORDER BY taken_at DESC, id DESC LIMIT 1
"""
RECOMPUTE_LATEST_READINGS_SQL = f"""
INSERT INTO measurements_latestreading AS latest
    (patient_id, metric_id, measurement_id, taken_at, value_1, value_2, beyond_meter, estimated, conflict, implausible,
        doubtful_id)
SELECT series.patient_id, series.metric_id, shown.id, shown.taken_at, shown.value_1, shown.value_2, shown.beyond_meter,
    shown.estimated, shown.conflict, shown.implausible,
    CASE WHEN doubtful.taken_at > shown.taken_at THEN doubtful.id END
FROM (SELECT DISTINCT * FROM unnest(%s::uuid[], %s::text[])) AS series(patient_id, metric_id)
CROSS JOIN LATERAL ({NEWEST_SQL.format(rule=INCLUDED.sql("reading"))}) AS newest
LEFT JOIN LATERAL ({NEWEST_SQL.format(rule=CREDIBLE.sql("reading"))}) AS trusted ON true
LEFT JOIN LATERAL (
    {NEWEST_SQL.format(rule=COUNTED.sql("reading") + " AND (reading.conflict OR reading.implausible)")}
) AS doubtful ON trusted.id IS NOT NULL
JOIN measurements_measurement AS shown ON shown.id = COALESCE(trusted.id, newest.id)
ORDER BY 1, 2
ON CONFLICT (patient_id, metric_id) DO UPDATE SET
    measurement_id = excluded.measurement_id, taken_at = excluded.taken_at, value_1 = excluded.value_1,
    value_2 = excluded.value_2, beyond_meter = excluded.beyond_meter, estimated = excluded.estimated,
    conflict = excluded.conflict, implausible = excluded.implausible, doubtful_id = excluded.doubtful_id
WHERE (latest.measurement_id, latest.taken_at, latest.conflict, latest.implausible, latest.doubtful_id)
    IS DISTINCT FROM (excluded.measurement_id, excluded.taken_at, excluded.conflict, excluded.implausible,
        excluded.doubtful_id)
"""  # noqa: S608 - made of constants

DELETE_OUTDATED_SQL = f"""
DELETE FROM measurements_latestreading AS series
USING unnest(%s::uuid[], %s::text[]) AS given(patient_id, metric_id)
WHERE series.patient_id = given.patient_id AND series.metric_id = given.metric_id AND NOT EXISTS (
    {NEWEST_SQL.format(rule=INCLUDED.sql("reading"))})
"""  # noqa: S608 - made of constants


def update_latest_readings(
    trusted_ids: str,
    *,
    doubtful: Collection[SeriesKey],
    corrected: Collection[SeriesKey],
    touched: Iterable[SeriesKey],
) -> None:
    """After new readings: `trusted_ids`, as `format_bigint_array` writes keys, are the newest per device and metric.

    `doubtful`: series with new readings that need a check, or with older ones that need it now; `corrected`: those of
    which a stored reading got another time or patient. Both are recomputed. Then the rows of all series, the `touched`
    ones too, are locked first, in order, so that two workers can't deadlock.
    """
    to_recompute = {*doubtful, *corrected}
    if to_recompute:
        lock_latest_readings([*touched, *to_recompute])
    with connection.cursor() as cursor:
        cursor.execute(UPSERT_LATEST_READINGS_SQL, [trusted_ids])
        if corrected:
            cursor.execute(DELETE_OUTDATED_SQL, split_series(corrected))
        if to_recompute:
            cursor.execute(RECOMPUTE_LATEST_READINGS_SQL, split_series(to_recompute))


def recompute_latest_readings(series: Iterable[SeriesKey]) -> None:
    """From the readings. Rows are locked by a statement of its own, so that the next one sees what ingest committed."""
    series = list(series)
    lock_latest_readings(series)
    with connection.cursor() as cursor:
        cursor.execute(DELETE_OUTDATED_SQL, split_series(series))
        cursor.execute(RECOMPUTE_LATEST_READINGS_SQL, split_series(series))


def lock_latest_readings(series: Iterable[SeriesKey]) -> None:
    patients, metrics = split_series(series)
    rows = LatestReading.objects.filter(patient__in=patients, metric__in=metrics).order_by("patient_id", "metric_id")
    list(rows.select_for_update().values_list("pk"))


def split_series(series: Iterable[SeriesKey]) -> tuple[list[uuid.UUID], list[str]]:
    """Patients and metrics, as two arrays for `unnest`."""
    keys = sorted(set(series))
    return [patient_id for patient_id, _ in keys], [metric for _, metric in keys]
