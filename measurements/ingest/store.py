"""Readings are kept: the database refuses repeats, marks and latest values follow.

Everything here runs inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import connection

from devices.statuses import DeviceState
from measurements.ingest import latest_readings, legacy_payloads, patient_summaries, quality_flags
from measurements.ingest.insert import AttributedReading, InsertedReadings, insert_readings
from measurements.ingest.pg_arrays import format_bigint_array
from measurements.models.measurement import MeasurementSource
from patients.models import Patient

WEIGHT_METRIC = "weight"


@dataclass
class StoreResult:
    already_stored: int = 0
    newly_connected: bool = False
    new_ids: list[int] = field(default_factory=list)

    @property
    def added(self) -> int:
        return len(self.new_ids)


# Devices before patients, each in the order of their keys, as every writer here takes them: nobody waits in a circle.
# Before anything is inserted: of two workers with the two sides of a conflict, the second one must see the first's row.
LOCK_DEVICES_SQL = "SELECT id, state FROM devices_device WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"


def store_readings(attributed: Sequence[AttributedReading], *, source: MeasurementSource) -> StoreResult:
    """Insert what is new. Repeats change nothing; a pull completes the vendor's `created` of rows a webhook brought."""
    states = lock_devices({entry.device_id for entry in attributed})
    fresh = legacy_payloads.resolve_legacy_readings(attributed, source=source)
    stored = StoreResult(already_stored=len(attributed) - len(fresh))
    if source == MeasurementSource.PULL and stored.already_stored:
        update_after_legacy_completion(attributed, fresh)
    if not fresh:
        return stored
    news = insert_readings(fresh, source=source)
    stored.new_ids = [pk for new in news for pk in new.ids]
    stored.already_stored += len(fresh) - stored.added
    if news:
        update_after_insert(news, has_repeated_moments_inside=has_repeated_moments(fresh))
        stored.newly_connected = any(states[new.device_id] in DeviceState.before_first_reading() for new in news)
    return stored


def has_repeated_moments(placed: Sequence[AttributedReading]) -> bool:
    """Whether two of these are of one device, metric and time: rare enough to look at all of their rows then."""
    return len({(each.device_id, each.reading.metric, each.reading.taken_at) for each in placed}) < len(placed)


def lock_devices(devices: set[int]) -> dict[int, str]:
    """Each device's state before these readings."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_DEVICES_SQL, [sorted(devices)])
        return dict(cursor.fetchall())


def update_after_legacy_completion(placed: Sequence[AttributedReading], fresh: Sequence[AttributedReading]) -> None:
    """The time of kept readings has become more exact: what rests on the order of readings is found anew."""
    to_insert = {id(entry) for entry in fresh}
    finished = {(entry.patient_id, entry.reading.metric) for entry in placed if id(entry) not in to_insert}
    for patient_id, metric in sorted(finished):
        latest_readings.recompute_latest_reading(patient_id=patient_id, metric=metric)
    patient_summaries.rebuild_patient_summaries({patient_id for patient_id, _ in finished})
    Patient.objects.touch_live_version({patient_id for patient_id, _ in finished})


def update_after_insert(inserted: Sequence[InsertedReadings], *, has_repeated_moments_inside: bool) -> None:
    """What rests on the new rows, in the same transaction."""
    ids = format_bigint_array(pk for new in inserted for pk in new.ids)
    quality_flags.flag_new_readings(
        repeated_moment_ids=ids
        if has_repeated_moments_inside
        else format_bigint_array(pk for new in inserted for pk in new.repeated_moment_ids),
        near_estimated=format_bigint_array(pk for new in inserted if new.near_estimated for pk in new.ids),
        estimated=format_bigint_array(pk for new in inserted if new.estimated for pk in new.ids),
    )
    latest_readings.update_latest_readings(
        format_bigint_array(new.latest_id for new in inserted if new.latest_id is not None)
    )
    patients = {new.patient_id for new in inserted}
    patient_summaries.update_patient_summaries(
        ids, patients=patients, weighed={new.patient_id for new in inserted if new.metric == WEIGHT_METRIC}
    )
    Patient.objects.touch_live_version(patients)
