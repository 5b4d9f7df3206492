"""Readings into rows: one statement inserts many, the database refuses repeats, marks and latest values follow.

Everything here runs inside the caller's transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from django.db import connection
from django.utils import timezone

from devices.states import BEFORE_FIRST_READING, DeviceState
from measurements import marks, newest, old_payloads, overviews
from measurements.arrays import bigints
from measurements.models import Metric
from measurements.models.measurement import MeasurementSource
from patients.models import Patient

if TYPE_CHECKING:
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
    already: int = 0
    newly_connected: bool = False
    new_ids: list[int] = field(default_factory=list)

    @property
    def added(self) -> int:
        return len(self.new_ids)


# `again`: of a moment that stood there before this statement; the devices' locks keep other workers' rows from arriving
# meanwhile. Told per device and patient, because the driver takes longer for a row than PostgreSQL for adding it up.
INSERT = """
WITH new AS (
    INSERT INTO measurements_measurement (
        patient_id, device_id, metric_id, taken_at, index, value_1, value_2, time_source, estimated, timezone_offset,
        vendor_created_at, received_at, source, raw_metric, hardware_uuid, sensor_code, filter_params, delivery_id,
        conflict, duplicate, implausible, control, excluded_reason)
    SELECT p, d, m, t, i, v1, v2, ts, e, z, c, %(received_at)s, %(source)s, rm, h, s, f, dl,
        false, false, im, co, ''
    FROM json_to_recordset(%(rows)s::json) AS row(p uuid, d bigint, m text, t timestamptz, i int, v1 numeric,
        v2 numeric, ts text, e bool, z smallint, c timestamptz, rm text, h text, s text, f jsonb, dl bigint, im bool,
        co bool)
    ORDER BY d, m, t, i, v1
    ON CONFLICT DO NOTHING
    RETURNING id, device_id, patient_id, metric_id, estimated, EXISTS (
        SELECT 1 FROM measurements_measurement AS other
        WHERE other.device_id = measurements_measurement.device_id
            AND other.metric_id = measurements_measurement.metric_id
            AND other.taken_at = measurements_measurement.taken_at) AS again
)
SELECT device_id, patient_id, array_agg(id), COALESCE(array_agg(id) FILTER (WHERE again), '{}'),
    bool_or(metric_id = 'weight'), bool_or(estimated)
FROM new GROUP BY device_id, patient_id
"""

COMPLETE = """
UPDATE measurements_measurement AS kept SET vendor_created_at = row.c
FROM json_to_recordset(%(rows)s::json)
    AS row(d bigint, m text, t timestamptz, i int, v1 numeric, v2 numeric, c timestamptz)
WHERE kept.device_id = row.d AND kept.metric_id = row.m AND kept.taken_at = row.t AND kept.index = row.i
    AND kept.value_1 = row.v1 AND COALESCE(kept.value_2, 0) = COALESCE(row.v2, 0)
    AND kept.vendor_created_at IS NULL AND row.c IS NOT NULL
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
    FROM measurements_measurement WHERE id = ANY(%(ids)s::bigint[]) GROUP BY device_id
) AS heard
WHERE device.id = heard.device_id
"""


# Devices before patients, each in the order of their keys, as every writer here takes them: nobody waits in a circle.
# Before anything is inserted: of two workers with the two sides of a conflict, the second one must see the first's row.
LOCK_DEVICES = "SELECT id, state FROM devices_device WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"


class New(NamedTuple):
    """What one device has brought of one patient. `again`: rows whose device, metric and moment stood there before."""

    device_id: int
    patient_id: uuid.UUID
    ids: list[int]
    again: list[int]
    weighed: bool
    estimated: bool


def store(placed: Sequence[Placed], *, source: MeasurementSource) -> Stored:
    """Insert what is new. Repeats change nothing; a pull completes the vendor's `created` of rows a webhook brought."""
    states = _locked({entry.device_id for entry in placed})
    fresh = old_payloads.settle(placed, source=source)
    stored = Stored(already=len(placed) - len(fresh))
    if source == MeasurementSource.PULL and stored.already:
        _follow_finished(placed, fresh)
    if not fresh:
        return stored
    values: dict[str, Any] = {"rows": _rows(fresh), "received_at": timezone.now(), "source": source}
    with connection.cursor() as cursor:
        cursor.execute(INSERT, values)
        news = [New(*row) for row in cursor.fetchall()]
        if source == MeasurementSource.PULL:
            cursor.execute(COMPLETE, values)
    stored.new_ids = [pk for new in news for pk in new.ids]
    stored.already += len(fresh) - stored.added
    if news:
        _follow(news, twice=_same_moments(fresh))
        stored.newly_connected = any(states[new.device_id] in BEFORE_FIRST_READING for new in news)
    return stored


def _same_moments(placed: Sequence[Placed]) -> bool:
    """Whether two of these are of one device, metric and time: rare enough to look at all of their rows then."""
    return len({(each.device_id, each.reading.metric, each.reading.taken_at) for each in placed}) < len(placed)


def _locked(devices: set[int]) -> dict[int, str]:
    """Each device's state before these readings."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_DEVICES, [sorted(devices)])
        return dict(cursor.fetchall())


def _follow_finished(placed: Sequence[Placed], fresh: Sequence[Placed]) -> None:
    """The time of kept readings has become more exact: what rests on the order of readings is found anew."""
    to_insert = {id(entry) for entry in fresh}
    finished = {(entry.patient_id, entry.reading.metric) for entry in placed if id(entry) not in to_insert}
    for patient_id, metric in sorted(finished):
        newest.recompute(patient_id=patient_id, metric=metric)
    overviews.rebuild({patient_id for patient_id, _ in finished})
    Patient.objects.bump({patient_id for patient_id, _ in finished})


def _follow(news: Sequence[New], *, twice: bool) -> None:
    """What rests on the new rows, in the same transaction."""
    ids = bigints(pk for new in news for pk in new.ids)
    again = ids if twice else bigints(pk for new in news for pk in new.again)
    marks.mark_new(ids, again=again, any_estimated=any(new.estimated for new in news))
    values: dict[str, Any] = {
        "ids": ids,
        "before": list(BEFORE_FIRST_READING),
        "connected": DeviceState.CONNECTED,
        "battery": BATTERY,
    }
    with connection.cursor() as cursor:
        cursor.execute(newest.LATEST, [ids])
        cursor.execute(HEARD, values)
    patients = {new.patient_id for new in news}
    overviews.follow(ids, patients=patients, weighed={new.patient_id for new in news if new.weighed})
    Patient.objects.bump(patients)


def _metrics(codes: set[str]) -> dict[str, Metric]:
    known = Metric.objects.in_bulk(codes)
    unknown = codes - known.keys()
    if unknown:  # kept under "other readings" until somebody tells us what they mean
        Metric.objects.bulk_create(
            [Metric(code=code, label=code.replace("_", " ")) for code in sorted(unknown)], ignore_conflicts=True
        )
        known |= Metric.objects.in_bulk(unknown)
    return known


def _rows(placed: Sequence[Placed]) -> str:
    """As one JSON document: PostgreSQL reads it faster than the driver quotes eighteen arrays."""
    metrics = _metrics({entry.reading.metric for entry in placed})
    return msgspec.json.encode([_row(entry, metrics[entry.reading.metric]) for entry in placed]).decode()


def _row(entry: Placed, metric: Metric) -> dict[str, Any]:
    reading = entry.reading
    return {
        "p": entry.patient_id,
        "d": entry.device_id,
        "m": reading.metric,
        "t": reading.taken_at,
        "i": reading.index,
        "v1": reading.value_1,
        "v2": reading.value_2,
        "ts": reading.time_source,
        "e": reading.estimated,
        "z": reading.timezone_offset,
        "c": reading.created,
        "rm": reading.raw_metric,
        "h": reading.hardware_uuid,
        "s": reading.sensor_code,
        "f": reading.filter_params,
        "dl": entry.delivery_id,
        "im": marks.implausible(reading, metric),
        "co": reading.control,
    }
