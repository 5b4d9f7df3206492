"""Quality flags of readings (conflict, duplicate, implausible): shown everywhere, never a reason to drop a value."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.db import connection

from measurements.ingest.pg_arrays import EMPTY_ARRAY
from measurements.models.metric import METRICS_OF_ONE_VALUE

DUPLICATE_WINDOW = dt.timedelta(hours=72)
DUPLICATE_PARAMETERS = {"within": DUPLICATE_WINDOW, "of_one_value": list(METRICS_OF_ONE_VALUE)}


# Same time, other value, of a metric that can have only one. Two different non-zero indices are two readings.
FLAG_CONFLICTS_SQL = """
UPDATE measurements_measurement AS stored SET conflict = true
FROM (
    SELECT new.id AS new_id, other.id AS other_id
    FROM measurements_measurement AS new
    JOIN measurements_metric AS metric ON metric.code = new.metric_id AND metric.single
    JOIN measurements_measurement AS other
        ON other.device_id = new.device_id AND other.metric_id = new.metric_id AND other.identity_at = new.identity_at
        AND other.id <> new.id
        AND (other.index = new.index OR other.index = 0 OR new.index = 0)
        AND ((other.value_1, other.beyond_meter) IS DISTINCT FROM (new.value_1, new.beyond_meter)
            OR metric.has_second_value AND COALESCE(other.value_2, 0) <> COALESCE(new.value_2, 0))
    WHERE new.id = ANY(%(ids)s::bigint[])
) AS pair
WHERE stored.id IN (pair.new_id, pair.other_id) AND NOT stored.conflict
RETURNING stored.patient_id, stored.metric_id
"""

# The vendor may estimate a time again: the same value then arrives a second time with another time. The newer row is
# flagged, so that the pair counts once. Bounded in time, because an oxygen saturation of 96 recurs every day.
FLAG_DUPLICATES_SQL = """
UPDATE measurements_measurement AS new SET duplicate = true
FROM measurements_measurement AS other
WHERE new.id = ANY(%(ids)s::bigint[]) AND NOT new.duplicate
    AND other.device_id = new.device_id AND other.metric_id = new.metric_id AND other.index = new.index
    AND other.value_1 = new.value_1
    AND (new.metric_id = ANY(%(of_one_value)s) OR COALESCE(other.value_2, 0) = COALESCE(new.value_2, 0))
    AND other.identity_at <> new.identity_at AND other.id < new.id
    AND other.identity_at BETWEEN new.identity_at - %(within)s AND new.identity_at + %(within)s
    AND {estimated}
    AND new.metric_id IN (SELECT code FROM measurements_metric WHERE single)
RETURNING new.patient_id, new.metric_id
"""
# Two statements instead of OR, which would compare every new reading with six days of others.
FLAG_DUPLICATES_OF_ESTIMATED_SQL = FLAG_DUPLICATES_SQL.format(estimated="other.estimated")
FLAG_ESTIMATED_DUPLICATES_SQL = FLAG_DUPLICATES_SQL.format(estimated="new.estimated")


# An impossible pulse says that the cuff has not measured well; its pressure, earlier or later, is to be checked too.
FLAG_PRESSURES_SQL = """
UPDATE measurements_measurement AS pressure SET implausible = true
FROM measurements_measurement AS new
JOIN measurements_measurement AS pulse
    ON pulse.device_id = new.device_id AND pulse.metric_id = 'pulse' AND pulse.identity_at = new.identity_at
    AND pulse.index = new.index AND pulse.implausible
WHERE new.id = ANY(%(ids)s::bigint[]) AND pressure.device_id = new.device_id AND pressure.metric_id = 'blood_pressure'
    AND pressure.identity_at = new.identity_at AND pressure.index = new.index AND NOT pressure.implausible
RETURNING pressure.patient_id, pressure.metric_id
"""


def flag_new_readings(
    *, repeated_time_ids: str, near_estimated: str, estimated: str, pressure_or_pulse: str
) -> set[tuple[uuid.UUID, str]]:
    """Flag conflicts (both rows), probable duplicates (the newer row) and pressures with an impossible pulse.

    Arguments are keys of new rows as `format_bigint_array` writes them: rows whose time may repeat, rows with an
    estimated one within the duplicate window, rows of series that contain estimated ones, and blood pressures with
    implausible pulses. Returns patient and metric of the flagged rows.
    """
    flagged: set[tuple[uuid.UUID, str]] = set()
    for statement, ids in (
        (FLAG_CONFLICTS_SQL, repeated_time_ids),
        (FLAG_PRESSURES_SQL, pressure_or_pulse),
        (FLAG_DUPLICATES_OF_ESTIMATED_SQL, near_estimated),
        (FLAG_ESTIMATED_DUPLICATES_SQL, estimated),
    ):
        if ids != EMPTY_ARRAY:
            values: dict[str, Any] = DUPLICATE_PARAMETERS | {"ids": ids}
            with connection.cursor() as cursor:
                cursor.execute(statement, values)
                flagged.update(cursor.fetchall())
    return flagged
