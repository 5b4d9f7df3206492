"""LatestReading upserts: after new readings, and after an exclusion, its undo or a corrected time."""

from __future__ import annotations

import uuid

from django.db import connection

from measurements.ingest.pg_arrays import format_bigint_array
from measurements.models import LatestReading
from measurements.models.reading_rules import INCLUDED

UPSERT_LATEST_READINGS_SQL = f"""
INSERT INTO measurements_latestreading AS latest
    (patient_id, metric_id, measurement_id, taken_at, value_1, value_2, estimated, conflict, implausible)
SELECT DISTINCT ON (patient_id, metric_id)
    patient_id, metric_id, id, taken_at, value_1, value_2, estimated, conflict, implausible
FROM measurements_measurement AS reading
WHERE id = ANY(%s::bigint[]) AND {INCLUDED.sql("reading")}
ORDER BY patient_id, metric_id, taken_at DESC, id DESC
ON CONFLICT (patient_id, metric_id) DO UPDATE SET
    measurement_id = excluded.measurement_id, taken_at = excluded.taken_at, value_1 = excluded.value_1,
    value_2 = excluded.value_2, estimated = excluded.estimated, conflict = excluded.conflict,
    implausible = excluded.implausible
WHERE excluded.taken_at >= latest.taken_at
"""  # noqa: S608 - made of constants

SELECT_LATEST_ID_SQL = f"""
SELECT id FROM measurements_measurement AS reading
WHERE patient_id = %s AND metric_id = %s AND {INCLUDED.sql("reading")}
ORDER BY taken_at DESC, id DESC LIMIT 1
"""  # noqa: S608 - made of constants


def update_latest_readings(ids: str) -> None:
    """For new readings, as `format_bigint_array` writes keys; the newest per device and metric suffice."""
    with connection.cursor() as cursor:
        cursor.execute(UPSERT_LATEST_READINGS_SQL, [ids])


def recompute_latest_reading(*, patient_id: uuid.UUID, metric: str) -> None:
    """The row is locked by a statement of its own, so that the next one sees what ingest has committed meanwhile."""
    latest = LatestReading.objects.filter(patient=patient_id, metric=metric)
    list(latest.select_for_update().values_list("pk"))
    latest.delete()
    with connection.cursor() as cursor:
        cursor.execute(SELECT_LATEST_ID_SQL, [patient_id, metric])
        found = format_bigint_array(pk for (pk,) in cursor.fetchall())
    update_latest_readings(found)
