"""Readings are kept: the database refuses repeats, marks and latest values follow.

Everything here runs inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import connection

from devices.statuses import BEFORE_FIRST_READING
from measurements.ingest import latest_readings, legacy_payloads, patient_summaries, quality_flags
from measurements.ingest.insert import New, Placed, insert
from measurements.ingest.pg_arrays import bigints
from measurements.models.measurement import MeasurementSource
from patients.models import Patient

WEIGHT = "weight"


@dataclass
class Stored:
    already: int = 0
    newly_connected: bool = False
    new_ids: list[int] = field(default_factory=list)

    @property
    def added(self) -> int:
        return len(self.new_ids)


# Devices before patients, each in the order of their keys, as every writer here takes them: nobody waits in a circle.
# Before anything is inserted: of two workers with the two sides of a conflict, the second one must see the first's row.
LOCK_DEVICES = "SELECT id, state FROM devices_device WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"


def store(placed: Sequence[Placed], *, source: MeasurementSource) -> Stored:
    """Insert what is new. Repeats change nothing; a pull completes the vendor's `created` of rows a webhook brought."""
    states = _locked({entry.device_id for entry in placed})
    fresh = legacy_payloads.settle(placed, source=source)
    stored = Stored(already=len(placed) - len(fresh))
    if source == MeasurementSource.PULL and stored.already:
        _follow_finished(placed, fresh)
    if not fresh:
        return stored
    news = insert(fresh, source=source)
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
        latest_readings.recompute(patient_id=patient_id, metric=metric)
    patient_summaries.rebuild({patient_id for patient_id, _ in finished})
    Patient.objects.bump({patient_id for patient_id, _ in finished})


def _follow(news: Sequence[New], *, twice: bool) -> None:
    """What rests on the new rows, in the same transaction."""
    ids = bigints(pk for new in news for pk in new.ids)
    quality_flags.mark_new(
        again=ids if twice else bigints(pk for new in news for pk in new.again),
        near_estimated=bigints(pk for new in news if new.near_estimated for pk in new.ids),
        estimated=bigints(pk for new in news if new.estimated for pk in new.ids),
    )
    latest_readings.follow(bigints(new.newest for new in news if new.newest is not None))
    patients = {new.patient_id for new in news}
    patient_summaries.follow(ids, patients=patients, weighed={new.patient_id for new in news if new.metric == WEIGHT})
    Patient.objects.bump(patients)
