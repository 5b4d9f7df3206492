"""Bulk INSERT of parsed readings into `measurements_measurement`, in one statement that returns what was new."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from django.db import connection

from devices.statuses import DeviceState
from measurements import check_reasons
from measurements.ingest import quality_flags
from measurements.ingest.parsing import ParsedReading
from measurements.models import Metric
from measurements.models.measurement import MeasurementSource, TimeSource
from measurements.models.metric import METRICS_OF_ONE_VALUE


class AttributedReading(msgspec.Struct, frozen=True):
    """A parsed reading with its device and the patient to whom that device was assigned at the time."""

    reading: ParsedReading
    device_id: int
    patient_id: uuid.UUID
    received_at: dt.datetime  # for the first time
    delivery_id: int | None = None


class InsertedReadings(NamedTuple):
    """Keys of the new rows of one device, patient and metric.

    `repeated_time_ids`: another row with the same time existed before; the locks on devices exclude concurrent rows.
    `impossible_pulse_ids`: impossible pulses, and blood pressures that had one before.
    `latest_id`: the newest by time taken that is neither a control nor implausible.
    `implausible`: one of them needs a check.
    `near_estimated`: one of them, or an older row within the duplicate window, has an estimated time.
    """

    patient_id: uuid.UUID
    device_id: int
    metric: str
    ids: list[int]
    repeated_time_ids: list[int]
    impossible_pulse_ids: list[int]
    latest_id: int | None
    near_estimated: bool
    implausible: bool


# Subqueries with an aggregate: PostgreSQL can't answer them all at once from a hash of the whole table, as it did.
# One statement of 8,600 readings/s (docs/figures.md): it returns one row per device, patient and metric, because the
# driver is slower at fetching rows than PostgreSQL at aggregating them, and updates the devices as well.
INSERT_READINGS_SQL = """
WITH new AS (
    INSERT INTO measurements_measurement AS stored (
        patient_id, device_id, metric_id, taken_at, stamped_at, index, value_1, value_2, beyond_meter, time_source,
        estimated, timezone_offset, vendor_created_at, received_at, source, raw_metric, hardware_uuid, sensor_code,
        filter_params, delivery_id, conflict, duplicate, implausible, control, excluded_reason)
    SELECT p, d, m, t, st, COALESCE(i, 0), v1, v2, COALESCE(bm, ''), COALESCE(ts, 'timestamp'), COALESCE(e, false), z,
        c, r, %(source)s, COALESCE(rm, m), COALESCE(h, ''), COALESCE(s, ''), COALESCE(f, '{}'), dl, false, false,
        COALESCE(im, false), COALESCE(co, false), ''
    FROM json_to_recordset(%(rows)s::json) AS row(p uuid, d bigint, m text, t timestamptz, st timestamptz,
        r timestamptz, i int, v1 numeric, v2 numeric, bm text, ts text, e bool, z smallint, c timestamptz,
        rm text, h text, s text, f jsonb, dl bigint, im bool, co bool)
    ORDER BY d, m, t, i, v1, r
    ON CONFLICT DO NOTHING
    RETURNING id, device_id, patient_id, metric_id, taken_at, identity_at, value_1, estimated, implausible, control,
        clock_reset,
        CASE WHEN source = 'webhook' THEN received_at ELSE vendor_created_at END AS seen_at,
        (SELECT count(*) FROM measurements_measurement AS other
            WHERE other.device_id = stored.device_id AND other.metric_id = stored.metric_id
                AND other.identity_at = stored.identity_at) > 0 AS again,
        CASE stored.metric_id WHEN 'pulse' THEN implausible WHEN 'blood_pressure' THEN (
            SELECT bool_or(pulse.implausible) FROM measurements_measurement AS pulse
            WHERE pulse.device_id = stored.device_id AND pulse.metric_id = 'pulse'
                AND pulse.identity_at = stored.identity_at AND pulse.index = stored.index) END AS impossible_pulse
), updated AS (
    UPDATE devices_device AS device SET
        first_reading_at = LEAST(device.first_reading_at, latest.first),
        last_reading_at = GREATEST(device.last_reading_at, latest.last),
        last_stamped_at = GREATEST(device.last_stamped_at, latest.stamp),
        last_seen_at = GREATEST(device.last_seen_at, latest.at),
        battery_percent = COALESCE(latest.battery, device.battery_percent),
        state = CASE WHEN device.state = ANY(%(before)s) THEN %(connected)s ELSE device.state END
    FROM (
        SELECT device_id, min(CASE WHEN clock_reset THEN seen_at ELSE taken_at END) AS first,
            max(CASE WHEN clock_reset THEN seen_at ELSE taken_at END) AS last, max(seen_at) AS at,
            max(identity_at) AS stamp,
            (array_agg(LEAST(100, GREATEST(0, value_1))::int ORDER BY taken_at DESC)
                FILTER (WHERE metric_id = %(battery)s))[1] AS battery
        FROM new GROUP BY device_id
    ) AS latest
    WHERE device.id = latest.device_id
), brought AS (
    SELECT device_id, patient_id, metric_id, array_agg(id) AS ids,
        COALESCE(array_agg(id) FILTER (WHERE again), '{}') AS again,
        COALESCE(array_agg(id) FILTER (WHERE impossible_pulse), '{}') AS impossible_pulse,
        (array_agg(id ORDER BY taken_at DESC, id DESC) FILTER (WHERE NOT control AND NOT implausible))[1] AS newest,
        bool_or(bool_or(estimated)) OVER (PARTITION BY device_id, metric_id) AS estimated,
        bool_or(implausible) AS implausible, min(identity_at) AS first, max(identity_at) AS last
    FROM new GROUP BY device_id, patient_id, metric_id
)
SELECT patient_id, device_id, metric_id, ids, again, impossible_pulse, newest, estimated OR EXISTS (
    SELECT 1 FROM measurements_measurement AS other
    WHERE other.estimated AND other.device_id = brought.device_id AND other.metric_id = brought.metric_id
        AND other.identity_at BETWEEN first - %(stamped_within)s AND last + %(stamped_within)s), implausible
FROM brought
"""

COMPLETE_VENDOR_CREATED_SQL = """
UPDATE measurements_measurement AS stored SET vendor_created_at = row.c
FROM json_to_recordset(%(rows)s::json)
    AS row(d bigint, m text, t timestamptz, st timestamptz, i int, v1 numeric, v2 numeric, bm text,
        c timestamptz)
WHERE stored.device_id = row.d AND stored.metric_id = row.m
    AND stored.identity_at = date_trunc('second', COALESCE(row.st, row.t))
    AND stored.index = COALESCE(row.i, 0)
    AND (stored.value_1, stored.beyond_meter) IS NOT DISTINCT FROM (row.v1, COALESCE(row.bm, ''))
    AND (stored.metric_id = ANY(%(of_one_value)s) OR COALESCE(stored.value_2, 0) = COALESCE(row.v2, 0))
    AND stored.vendor_created_at IS NULL AND row.c IS NOT NULL
"""

CONSTANT_PARAMETERS: dict[str, Any] = {
    "before": list(DeviceState.before_first_reading()),
    "connected": DeviceState.CONNECTED,
    "battery": "battery_percentage",
    "stamped_within": quality_flags.DUPLICATE_STAMPED_WITHIN,
    "of_one_value": list(METRICS_OF_ONE_VALUE),
}


def insert_readings(attributed: Sequence[AttributedReading], *, source: MeasurementSource) -> list[InsertedReadings]:
    """Insert what is new. A pull also adds the vendor's `created` to rows that a webhook brought without it."""
    values = CONSTANT_PARAMETERS | {
        "rows": encode_insert_rows(attributed),
        "source": source,
    }
    with connection.cursor() as cursor:
        cursor.execute(INSERT_READINGS_SQL, values)
        news = [InsertedReadings(*row) for row in cursor.fetchall()]
        if source == MeasurementSource.PULL:
            cursor.execute(COMPLETE_VENDOR_CREATED_SQL, values)
    return news


def get_or_create_metrics(codes: set[str]) -> dict[str, Metric]:
    known = Metric.objects.in_bulk(codes)
    unknown = codes - known.keys()
    if unknown:  # listed under "other readings" until their meaning is known
        Metric.objects.bulk_create(
            [Metric(code=code, label=code.replace("_", " ")) for code in sorted(unknown)], ignore_conflicts=True
        )
        known |= Metric.objects.in_bulk(unknown)
    return known


class InsertRow(msgspec.Struct, omit_defaults=True):
    """A row for INSERT_READINGS_SQL. Defaults are omitted: each JSON key costs PostgreSQL half a microsecond."""

    p: uuid.UUID
    d: int
    m: str
    t: dt.datetime
    r: dt.datetime
    v1: Decimal | None
    v2: Decimal | None = None
    i: int = 0
    ts: str = TimeSource.TIMESTAMP.value
    e: bool = False
    z: int | None = None
    c: dt.datetime | None = None
    rm: str | None = None
    h: str = ""
    s: str = ""
    f: dict[str, Any] = {}  # a struct copies it
    dl: int | None = None
    im: bool = False
    co: bool = False
    st: dt.datetime | None = None
    bm: str = ""


def encode_insert_rows(attributed: Sequence[AttributedReading]) -> str:
    """One JSON document, which PostgreSQL parses faster than the driver adapts eighteen arrays."""
    metrics = get_or_create_metrics({entry.reading.metric for entry in attributed})
    return msgspec.json.encode(
        [build_insert_row(entry, metrics[entry.reading.metric]) for entry in attributed]
    ).decode()


def build_insert_row(entry: AttributedReading, metric: Metric) -> InsertRow:
    reading = entry.reading
    return InsertRow(
        entry.patient_id,
        entry.device_id,
        reading.metric,
        reading.taken_at,
        entry.received_at,
        reading.value_1,
        reading.value_2,
        reading.index,
        reading.time_source,
        reading.estimated,
        reading.timezone_offset,
        reading.created,
        None if reading.raw_metric == reading.metric else reading.raw_metric,
        reading.hardware_uuid,
        reading.sensor_code,
        reading.filter_params,
        entry.delivery_id,
        bool(check_reasons.implausible_values(metric, (reading.value_1, reading.value_2))),
        reading.control,
        reading.stamped_at,
        reading.beyond_meter,
    )
