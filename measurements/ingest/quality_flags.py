"""Quality flags of readings (conflict, duplicate, implausible): shown everywhere, never a reason to drop a value."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import connection

from measurements.ingest.pg_arrays import EMPTY_ARRAY

if TYPE_CHECKING:
    from decimal import Decimal

    from measurements.ingest.parsing import ParsedReading
    from measurements.models import Metric

DUPLICATE_WINDOW = dt.timedelta(hours=72)


def is_implausible(reading: ParsedReading, metric: Metric) -> bool:
    """Outside the range of the instrument, or a diastolic value that is not below its systolic one."""
    if is_outside_limits(reading.value_1, metric.lowest_1, metric.highest_1):
        return True
    if not metric.has_second_value or reading.value_2 is None:
        return False
    swapped = metric.code == "blood_pressure" and reading.value_2 >= reading.value_1
    return swapped or is_outside_limits(reading.value_2, metric.lowest_2, metric.highest_2)


def is_outside_limits(value: Decimal, lowest: Decimal | None, highest: Decimal | None) -> bool:
    return (lowest is not None and value < lowest) or (highest is not None and value > highest)


# Same time, other value, of a metric that can have only one. Two different non-zero indices are two readings.
FLAG_CONFLICTS_SQL = """
UPDATE measurements_measurement AS stored SET conflict = true
FROM (
    SELECT new.id AS new_id, other.id AS other_id
    FROM measurements_measurement AS new
    JOIN measurements_metric AS metric ON metric.code = new.metric_id AND metric.single
    JOIN measurements_measurement AS other
        ON other.device_id = new.device_id AND other.metric_id = new.metric_id AND other.taken_at = new.taken_at
        AND other.id <> new.id
        AND (other.index = new.index OR other.index = 0 OR new.index = 0)
        AND (other.value_1 <> new.value_1 OR COALESCE(other.value_2, 0) <> COALESCE(new.value_2, 0))
    WHERE new.id = ANY(%s::bigint[])
) AS pair
WHERE stored.id IN (pair.new_id, pair.other_id) AND NOT stored.conflict
RETURNING stored.id
"""

# The vendor may estimate a time again: the same value then arrives a second time with another time. The newer row is
# flagged, so that the pair counts once. Bounded in time, because an oxygen saturation of 96 recurs every day.
FLAG_DUPLICATES_SQL = """
UPDATE measurements_measurement AS new SET duplicate = true
FROM measurements_measurement AS other
WHERE new.id = ANY(%(ids)s::bigint[]) AND NOT new.duplicate
    AND other.device_id = new.device_id AND other.metric_id = new.metric_id AND other.index = new.index
    AND other.value_1 = new.value_1 AND COALESCE(other.value_2, 0) = COALESCE(new.value_2, 0)
    AND other.taken_at <> new.taken_at AND other.id < new.id
    AND other.taken_at BETWEEN new.taken_at - %(within)s AND new.taken_at + %(within)s
    AND {estimated}
    AND new.metric_id IN (SELECT code FROM measurements_metric WHERE single)
"""
# Two statements instead of OR, which would compare every new reading with six days of others.
FLAG_DUPLICATES_OF_ESTIMATED_SQL = FLAG_DUPLICATES_SQL.format(estimated="other.estimated")
FLAG_ESTIMATED_DUPLICATES_SQL = FLAG_DUPLICATES_SQL.format(estimated="new.estimated")

FLAG_LATEST_CONFLICTS_SQL = "UPDATE measurements_latestreading SET conflict = true WHERE measurement_id = ANY(%s)"


def flag_new_readings(*, repeated_time_ids: str, near_estimated: str, estimated: str) -> None:
    """Flag conflicts (both rows) and probable duplicates (the newer row) among new and earlier readings.

    Arguments are keys of new rows as `format_bigint_array` writes them: rows whose time may repeat, rows with an
    estimated one within the duplicate window, and rows of series that contain estimated ones.
    """
    if repeated_time_ids != EMPTY_ARRAY:
        flag_conflicts(repeated_time_ids)
    for statement, ids in (
        (FLAG_DUPLICATES_OF_ESTIMATED_SQL, near_estimated),
        (FLAG_ESTIMATED_DUPLICATES_SQL, estimated),
    ):
        if ids != EMPTY_ARRAY:
            values: dict[str, Any] = {"ids": ids, "within": DUPLICATE_WINDOW}
            with connection.cursor() as cursor:
                cursor.execute(statement, values)


def flag_conflicts(repeated_time_ids: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(FLAG_CONFLICTS_SQL, [repeated_time_ids])
        in_conflict = [row[0] for row in cursor.fetchall()]
        if in_conflict:
            cursor.execute(FLAG_LATEST_CONFLICTS_SQL, [in_conflict])
