"""Quality flags of readings (conflict, duplicate, implausible): shown everywhere, never a reason to drop a value."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, NamedTuple

from django.db import connection

from measurements.ingest.pg_arrays import EMPTY_ARRAY
from measurements.ingest.placement import MAX_TIME_AHEAD
from measurements.models.metric import METRICS_OF_ONE_VALUE

# Of the two readings that may be one: how far apart they were taken, and how far apart the vendor got them (or we did).
DUPLICATE_TAKEN_WITHIN = dt.timedelta(hours=24)
DUPLICATE_RECEIVED_WITHIN = dt.timedelta(hours=72)
# Of their stamps, by which the index finds them: that of a clock ahead lies up to 24 h after the time taken.
DUPLICATE_STAMPED_WITHIN = DUPLICATE_TAKEN_WITHIN + MAX_TIME_AHEAD
DUPLICATE_PARAMETERS: dict[str, Any] = {
    "stamped_within": DUPLICATE_STAMPED_WITHIN,
    "taken_within": DUPLICATE_TAKEN_WITHIN,
    "received_within": DUPLICATE_RECEIVED_WITHIN,
    "of_one_value": list(METRICS_OF_ONE_VALUE),
}

# In these statements what a new reading is compared with is found by a correlated subquery that PostgreSQL can't turn
# into a join: for lack of statistics of rows just written it has chosen to read the whole table for one.

# Same time, other value, of a metric that can have only one. Two different non-zero indices are two readings.
FLAG_CONFLICTS_SQL = """
UPDATE measurements_measurement AS stored SET conflict = true
WHERE NOT stored.conflict AND stored.id = ANY(ARRAY(
    SELECT unnest(ARRAY(
        SELECT unnest(ARRAY[other.id, new.id]) FROM measurements_measurement AS other
        WHERE other.device_id = new.device_id AND other.metric_id = new.metric_id
            AND other.identity_at = new.identity_at AND other.id <> new.id
            AND (other.index = new.index OR other.index = 0 OR new.index = 0)
            AND ((other.value_1, other.beyond_meter) IS DISTINCT FROM (new.value_1, new.beyond_meter)
                OR metric.has_second_value AND COALESCE(other.value_2, 0) <> COALESCE(new.value_2, 0))
    ))
    FROM measurements_measurement AS new
    JOIN measurements_metric AS metric ON metric.code = new.metric_id AND metric.single
    WHERE new.id = ANY(%(ids)s::bigint[])
))
RETURNING stored.id, stored.patient_id, stored.metric_id
"""

# The vendor may estimate a time again: the same value then arrives a second time with another time. Bounded in time,
# because an oxygen saturation of 96 recurs every day.
SAME_VALUE_SQL = """
    other.device_id = reading.device_id AND other.metric_id = reading.metric_id AND other.index = reading.index
    AND other.value_1 = reading.value_1
    AND (reading.metric_id = ANY(%(of_one_value)s) OR COALESCE(other.value_2, 0) = COALESCE(reading.value_2, 0))
    AND other.identity_at
        BETWEEN reading.identity_at - %(stamped_within)s AND reading.identity_at + %(stamped_within)s
    AND other.taken_at BETWEEN reading.taken_at - %(taken_within)s AND reading.taken_at + %(taken_within)s
    AND COALESCE(other.vendor_created_at, other.received_at)
        BETWEEN COALESCE(reading.vendor_created_at, reading.received_at) - %(received_within)s
            AND COALESCE(reading.vendor_created_at, reading.received_at) + %(received_within)s
    AND reading.metric_id IN (SELECT code FROM measurements_metric WHERE single)
"""
# The one with a certain time counts, of two estimates the first received: whatever the order in which they are stored.
IS_DUPLICATE_SQL = f"""(reading.estimated AND (
    SELECT count(*) FROM measurements_measurement AS other
    WHERE {SAME_VALUE_SQL}
        AND (NOT other.estimated OR (other.received_at, other.id) < (reading.received_at, reading.id))
) > 0)"""  # noqa: S608 - made of constants
FLAG_DUPLICATES_SQL = f"""
UPDATE measurements_measurement AS reading SET duplicate = true
WHERE NOT reading.duplicate AND {IS_DUPLICATE_SQL} AND reading.id = ANY(ARRAY(
    SELECT unnest(ARRAY(
        SELECT other.id FROM measurements_measurement AS other WHERE other.estimated AND {SAME_VALUE_SQL}
    ))
    FROM measurements_measurement AS reading WHERE reading.id = ANY(%(ids)s::bigint[])
))
RETURNING reading.id, reading.patient_id, reading.metric_id
"""  # noqa: S608 - made of constants


# An impossible pulse says that the cuff has not measured well; its pressure, earlier or later, is to be checked too.
FLAG_PRESSURES_SQL = """
UPDATE measurements_measurement AS stored SET implausible = true
WHERE NOT stored.implausible AND stored.id = ANY(ARRAY(
    SELECT unnest(ARRAY(
        SELECT pressure.id FROM measurements_measurement AS pressure
        WHERE pressure.device_id = new.device_id AND pressure.metric_id = 'blood_pressure'
            AND pressure.identity_at = new.identity_at AND pressure.index = new.index
            AND (
                SELECT bool_or(pulse.implausible) FROM measurements_measurement AS pulse
                WHERE pulse.device_id = new.device_id AND pulse.metric_id = 'pulse'
                    AND pulse.identity_at = new.identity_at AND pulse.index = new.index
            )
    ))
    FROM measurements_measurement AS new WHERE new.id = ANY(%(ids)s::bigint[])
))
RETURNING stored.id, stored.patient_id, stored.metric_id
"""


class FlaggedReading(NamedTuple):
    """A reading that has got a flag it had not."""

    id: int
    patient_id: uuid.UUID
    metric: str


def flag_new_readings(
    *, repeated_time_ids: str, near_estimated: str, impossible_pulse: str
) -> tuple[list[FlaggedReading], list[FlaggedReading]]:
    """Flag conflicts (both rows), pressures with an impossible pulse, and probable duplicates (new or older rows).

    Arguments are keys of new rows as `format_bigint_array` writes them: rows whose time may repeat, rows with an
    estimated one nearby in their series or among them, and impossible pulses with the blood pressures that had one.
    Returns those that need a check now, and those that are duplicates now.
    """
    to_check = execute_flagging(FLAG_CONFLICTS_SQL, repeated_time_ids)
    to_check += execute_flagging(FLAG_PRESSURES_SQL, impossible_pulse)
    return to_check, execute_flagging(FLAG_DUPLICATES_SQL, near_estimated)


def execute_flagging(statement: str, ids: str) -> list[FlaggedReading]:
    if ids == EMPTY_ARRAY:
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement, DUPLICATE_PARAMETERS | {"ids": ids})
        return [FlaggedReading(*row) for row in cursor.fetchall()]
