"""The vendor's first payload generation has no `timestamp`: its `created` is taken as the time, and marked so.

When REST later gives the same reading with both times, the kept row is completed instead of a second one inserted;
when the old payload comes second, it is recognised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection

from measurements.models.measurement import MeasurementSource, TimeSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from measurements.ingest.insert import Placed
    from measurements.ingest.parsing import Reading

SAME_SECOND = 1.0

SAME_READING = """
    device_id = %(device)s AND metric_id = %(metric)s AND value_1 = %(value_1)s
    AND COALESCE(value_2, 0) = COALESCE(%(value_2)s::numeric, 0)
"""

FINISH = f"""
UPDATE measurements_measurement
SET taken_at = %(taken_at)s, time_source = 'timestamp', vendor_created_at = %(created)s, estimated = %(estimated)s
WHERE id = (
    SELECT id FROM measurements_measurement
    WHERE {SAME_READING} AND time_source = 'created'
        AND abs(extract(epoch FROM taken_at - %(created)s)) <= {SAME_SECOND}
    ORDER BY id LIMIT 1)
AND NOT EXISTS (
    SELECT 1 FROM measurements_measurement WHERE {SAME_READING} AND taken_at = %(taken_at)s AND index = %(index)s)
RETURNING id
"""  # noqa: S608  our own words only

KNOWN_BY_CREATED = f"""
SELECT 1 FROM measurements_measurement
WHERE {SAME_READING} AND abs(extract(epoch FROM vendor_created_at - %(taken_at)s)) <= {SAME_SECOND} LIMIT 1
"""  # noqa: S608  our own words only

ANY_OLD = (
    "SELECT DISTINCT device_id FROM measurements_measurement WHERE device_id = ANY(%s) AND time_source = 'created'"
)


def settle(placed: Sequence[Placed], *, source: MeasurementSource) -> list[Placed]:
    """Those that are still to be inserted."""
    if source == MeasurementSource.PULL:
        old = _devices_with_old_rows({entry.device_id for entry in placed})
        return [entry for entry in placed if entry.device_id not in old or not _finished(entry)]
    return [entry for entry in placed if not (_is_old(entry.reading) and _known(entry))]


def _is_old(reading: Reading) -> bool:
    return reading.time_source == TimeSource.CREATED


def _devices_with_old_rows(devices: set[int]) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(ANY_OLD, [list(devices)])
        return {row[0] for row in cursor.fetchall()}


def _finished(entry: Placed) -> bool:
    return entry.reading.created is not None and _one(FINISH, entry)


def _known(entry: Placed) -> bool:
    return _one(KNOWN_BY_CREATED, entry)


def _one(statement: str, entry: Placed) -> bool:
    reading = entry.reading
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                "device": entry.device_id,
                "metric": reading.metric,
                "value_1": reading.value_1,
                "value_2": reading.value_2,
                "taken_at": reading.taken_at,
                "created": reading.created,
                "estimated": reading.estimated,
                "index": reading.index,
            },
        )
        return cursor.fetchone() is not None
