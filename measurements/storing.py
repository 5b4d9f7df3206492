"""Readings into rows: one statement inserts many, the database refuses repeats, marks and latest values follow.

Everything here runs inside the caller's transaction.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils import timezone

from devices.models import Device
from devices.states import BEFORE_FIRST_READING, DeviceState
from measurements import marks, old_payloads
from measurements.models import Metric
from measurements.models.measurement import MeasurementSource
from patients.models import Patient

if TYPE_CHECKING:
    import uuid

    from measurements.parsing import Reading

BATTERY = "battery_percentage"


@dataclass(frozen=True, slots=True)
class Placed:
    """A reading with the device that took it and the patient who held that device at the time."""

    reading: Reading
    device_id: int
    patient_id: uuid.UUID
    delivery_id: int | None = None


@dataclass
class Stored:
    added: int = 0
    already: int = 0
    added_of_delivery: Counter[int] = field(default_factory=Counter)
    newly_connected: bool = False
    new_ids: list[int] = field(default_factory=list)


INSERT = """
INSERT INTO measurements_measurement (
    patient_id, device_id, metric_id, taken_at, index, value_1, value_2, time_source, estimated, timezone_offset,
    vendor_created_at, received_at, source, raw_metric, hardware_uuid, sensor_code, filter_params, delivery_id,
    conflict, duplicate, implausible, control, excluded_reason)
SELECT p, d, m, t, i, v1, v2, ts, e, z, c, %(received_at)s, %(source)s, rm, h, s, f::jsonb, dl,
    false, false, im, co, ''
FROM unnest(%(patient)s::uuid[], %(device)s::bigint[], %(metric)s::text[], %(taken_at)s::timestamptz[],
    %(index)s::int[], %(value_1)s::numeric[], %(value_2)s::numeric[], %(time_source)s::text[], %(estimated)s::bool[],
    %(timezone_offset)s::smallint[], %(created)s::timestamptz[], %(raw_metric)s::text[], %(hardware_uuid)s::text[],
    %(sensor_code)s::text[], %(filter_params)s::text[], %(delivery)s::bigint[], %(implausible)s::bool[],
    %(control)s::bool[])
    AS row(p, d, m, t, i, v1, v2, ts, e, z, c, rm, h, s, f, dl, im, co)
ORDER BY d, m, t, i, v1
ON CONFLICT DO NOTHING
RETURNING id, delivery_id
"""  # ordered, so that two workers with the same readings never wait for each other in a circle

COMPLETE = """
UPDATE measurements_measurement AS kept SET vendor_created_at = row.c
FROM unnest(%(device)s::bigint[], %(metric)s::text[], %(taken_at)s::timestamptz[], %(index)s::int[],
    %(value_1)s::numeric[], %(value_2)s::numeric[], %(created)s::timestamptz[]) AS row(d, m, t, i, v1, v2, c)
WHERE kept.device_id = row.d AND kept.metric_id = row.m AND kept.taken_at = row.t AND kept.index = row.i
    AND kept.value_1 = row.v1 AND COALESCE(kept.value_2, 0) = COALESCE(row.v2, 0)
    AND kept.vendor_created_at IS NULL AND row.c IS NOT NULL
"""

LATEST = """
INSERT INTO measurements_latestreading AS latest
    (patient_id, metric_id, measurement_id, taken_at, value_1, value_2, estimated, conflict, implausible)
SELECT DISTINCT ON (patient_id, metric_id)
    patient_id, metric_id, id, taken_at, value_1, value_2, estimated, conflict, implausible
FROM measurements_measurement
WHERE id = ANY(%s) AND NOT control AND excluded_at IS NULL
ORDER BY patient_id, metric_id, taken_at DESC, id DESC
ON CONFLICT (patient_id, metric_id) DO UPDATE SET
    measurement_id = excluded.measurement_id, taken_at = excluded.taken_at, value_1 = excluded.value_1,
    value_2 = excluded.value_2, estimated = excluded.estimated, conflict = excluded.conflict,
    implausible = excluded.implausible
WHERE excluded.taken_at >= latest.taken_at
"""

HEARD = """
UPDATE devices_device AS device SET
    first_reading_at = LEAST(device.first_reading_at, heard.first),
    last_reading_at = GREATEST(device.last_reading_at, heard.last),
    last_heard_at = GREATEST(device.last_heard_at, heard.at),
    battery_percent = COALESCE(heard.battery, device.battery_percent),
    state = CASE WHEN device.state = ANY(%(before)s) THEN %(connected)s ELSE device.state END
FROM (
    SELECT device_id, min(taken_at) AS first, max(taken_at) AS last,
        max(CASE WHEN source = 'webhook' THEN received_at ELSE vendor_created_at END) AS at,
        (array_agg(LEAST(100, GREATEST(0, value_1))::int ORDER BY taken_at DESC)
            FILTER (WHERE metric_id = %(battery)s))[1] AS battery
    FROM measurements_measurement WHERE id = ANY(%(ids)s) GROUP BY device_id
) AS heard
WHERE device.id = heard.device_id
"""


def store(placed: Sequence[Placed], *, source: MeasurementSource) -> Stored:
    """Insert what is new. Repeats change nothing; a pull completes the vendor's `created` of rows a webhook brought."""
    fresh = old_payloads.settle(placed, source=source)
    stored = Stored(already=len(placed) - len(fresh))
    if not fresh:
        return stored
    metrics = _metrics({entry.reading.metric for entry in fresh})
    columns = _columns(fresh, metrics, source)
    with connection.cursor() as cursor:
        cursor.execute(INSERT, columns)
        rows = cursor.fetchall()
        if source == MeasurementSource.PULL:
            cursor.execute(COMPLETE, columns)
    stored.new_ids = [row[0] for row in rows]
    stored.added = len(rows)
    stored.already += len(fresh) - len(rows)
    stored.added_of_delivery = Counter(row[1] for row in rows if row[1] is not None)
    if rows:
        _follow(stored, fresh)
    return stored


def _follow(stored: Stored, fresh: Iterable[Placed]) -> None:
    """What rests on the new rows, in the same transaction."""
    fresh = list(fresh)
    marks.mark_new(stored.new_ids)
    devices = sorted({entry.device_id for entry in fresh})
    waiting = Device.objects.filter(pk__in=devices, state__in=BEFORE_FIRST_READING)
    stored.newly_connected = waiting.exists()
    with connection.cursor() as cursor:
        cursor.execute(LATEST, [stored.new_ids])
        cursor.execute(
            HEARD,
            {
                "ids": stored.new_ids,
                "before": list(BEFORE_FIRST_READING),
                "connected": DeviceState.CONNECTED,
                "battery": BATTERY,
            },
        )
    Patient.objects.bump({entry.patient_id for entry in fresh})


def _metrics(codes: set[str]) -> dict[str, Metric]:
    known = Metric.objects.in_bulk(codes)
    unknown = codes - known.keys()
    if unknown:  # kept under "other readings" until somebody tells us what they mean
        Metric.objects.bulk_create(
            [Metric(code=code, label=code.replace("_", " ")) for code in sorted(unknown)], ignore_conflicts=True
        )
        known |= Metric.objects.in_bulk(unknown)
    return known


def _columns(placed: Sequence[Placed], metrics: dict[str, Metric], source: MeasurementSource) -> dict[str, Any]:
    readings = [entry.reading for entry in placed]
    return {
        "patient": [entry.patient_id for entry in placed],
        "device": [entry.device_id for entry in placed],
        "delivery": [entry.delivery_id for entry in placed],
        "implausible": [marks.implausible(reading, metrics[reading.metric]) for reading in readings],
        "control": [reading.control for reading in readings],
        "filter_params": [json.dumps(reading.filter_params) for reading in readings],
        "received_at": timezone.now(),
        "source": source,
        **{
            name: [getattr(reading, name) for reading in readings]
            for name in (
                "metric", "taken_at", "index", "value_1", "value_2", "time_source", "estimated", "timezone_offset",
                "created", "raw_metric", "hardware_uuid", "sensor_code",
            )
        },
    }  # fmt: skip
