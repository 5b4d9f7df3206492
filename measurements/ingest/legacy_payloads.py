"""Legacy payloads without `timestamp`: `created` is stored as the time taken, and marked so.

When the REST API later returns the reading with both times, the stored row is completed and belongs to the patient who
had the device at the time taken; when the legacy payload comes second, it is recognised as a repeat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection

from measurements.local_days import AHEAD_AFTER
from measurements.models.measurement import MeasurementSource, TimeSource
from measurements.models.metric import METRICS_OF_ONE_VALUE

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from measurements.ingest.insert import AttributedReading
    from measurements.ingest.parsing import ParsedReading

CREATED_TOLERANCE_SECONDS = 1.0

SAME_READING_SQL = """
    device_id = %(device)s AND metric_id = %(metric)s
    AND value_1 IS NOT DISTINCT FROM %(value_1)s::numeric AND beyond_meter = %(beyond_meter)s
    AND (metric_id = ANY(%(of_one_value)s) OR COALESCE(value_2, 0) = COALESCE(%(value_2)s::numeric, 0))
"""

# The stamp is judged by the receipt of the stored row, which was the first.
COMPLETE_LEGACY_READING_SQL = f"""
UPDATE measurements_measurement AS reading
SET time_source = 'timestamp', patient_id = %(patient)s, vendor_created_at = %(created)s, estimated = %(estimated)s,
    taken_at = CASE WHEN %(stamp)s - received_at > %(ahead_after)s THEN LEAST(%(taken_at)s, received_at)
        ELSE %(stamp)s END,
    stamped_at = CASE WHEN %(stamp)s - received_at > %(ahead_after)s THEN %(stamp)s END
FROM (
    SELECT id, patient_id FROM measurements_measurement
    WHERE {SAME_READING_SQL} AND time_source = 'created'
        AND abs(extract(epoch FROM identity_at - date_trunc('second', %(created)s))) <= {CREATED_TOLERANCE_SECONDS}
    ORDER BY id LIMIT 1) AS stored
WHERE reading.id = stored.id AND NOT EXISTS (
    SELECT 1 FROM measurements_measurement
    WHERE {SAME_READING_SQL} AND identity_at = %(identity_at)s AND index = %(index)s)
RETURNING stored.patient_id
"""  # noqa: S608  our own words only

KNOWN_BY_CREATED_SQL = f"""
SELECT 1 FROM measurements_measurement
WHERE {SAME_READING_SQL}
    AND abs(extract(epoch FROM date_trunc('second', vendor_created_at) - %(identity_at)s))
        <= {CREATED_TOLERANCE_SECONDS}
LIMIT 1
"""  # noqa: S608  our own words only

LEGACY_DEVICES_SQL = (
    "SELECT DISTINCT device_id FROM measurements_measurement WHERE device_id = ANY(%s) AND time_source = 'created'"
)


class ResolvedReadings(NamedTuple):
    """`fresh`: still to be inserted. `corrected`: patients and metrics whose stored readings got another time."""

    fresh: list[AttributedReading]
    corrected: set[tuple[uuid.UUID, str]]


def resolve_legacy_readings(attributed: Sequence[AttributedReading], *, source: MeasurementSource) -> ResolvedReadings:
    if source != MeasurementSource.PULL:
        fresh = [entry for entry in attributed if not (is_legacy_reading(entry.reading) and is_already_stored(entry))]
        return ResolvedReadings(fresh, set())
    old = devices_with_legacy_readings({entry.device_id for entry in attributed})
    resolved = ResolvedReadings([], set())
    for entry in attributed:
        former = complete_legacy_reading(entry) if entry.device_id in old else None
        if former is None:
            resolved.fresh.append(entry)
        else:
            resolved.corrected.update((patient, entry.reading.metric) for patient in (former, entry.patient_id))
    return resolved


def is_legacy_reading(reading: ParsedReading) -> bool:
    return reading.time_source == TimeSource.CREATED


def devices_with_legacy_readings(devices: set[int]) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(LEGACY_DEVICES_SQL, [list(devices)])
        return {row[0] for row in cursor.fetchall()}


def complete_legacy_reading(entry: AttributedReading) -> uuid.UUID | None:
    """The patient to whom the stored reading belonged until now; None if there is none to complete."""
    return execute_for_reading(COMPLETE_LEGACY_READING_SQL, entry) if entry.reading.created is not None else None


def is_already_stored(entry: AttributedReading) -> bool:
    return execute_for_reading(KNOWN_BY_CREATED_SQL, entry) is not None


def execute_for_reading(statement: str, entry: AttributedReading) -> Any:
    """The first column of the first row, or None."""
    reading = entry.reading
    values: dict[str, Any] = {
        "device": entry.device_id,
        "patient": entry.patient_id,
        "metric": reading.metric,
        "value_1": reading.value_1,
        "beyond_meter": reading.beyond_meter,
        "value_2": reading.value_2,
        "taken_at": reading.taken_at,
        "stamp": reading.stamped_at or reading.taken_at,
        "identity_at": reading.identity_at,
        "created": reading.created,
        "estimated": reading.estimated,
        "index": reading.index,
        "ahead_after": AHEAD_AFTER,
        "of_one_value": list(METRICS_OF_ONE_VALUE),
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone()
        return row and row[0]
