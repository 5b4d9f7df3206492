"""From deliveries to readings. A device is known by its HWI id alone; a patient by who held that device at the time."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from django.db import connection

from devices.inbox import processing
from devices.inbox.payload_parsing import Item, Unusable, items_of
from devices.inbox.processing import PLAIN, Outcome
from devices.models import Delivery
from devices.models.delivery import DeliveryKind, DeliveryState
from measurements.ingest import store
from measurements.ingest.insert import Placed
from measurements.ingest.parsing import Reading, reading_of
from measurements.ingest.store import Stored
from measurements.models.measurement import MeasurementSource

if TYPE_CHECKING:
    from collections.abc import Mapping

KIND = DeliveryKind.MEASUREMENT


class Judged(msgspec.Struct, frozen=True):
    """One item: either a reading, or the outcome that keeps it apart."""

    item: Item | None
    reading: Reading | None = None
    outcome: Outcome | None = None


def ingest_waiting(*, seconds: float = processing.SLICE_SECONDS) -> bool:
    """Drain the inbox of measurements. True when a device sent its first reading: its order is to be told."""
    news: list[bool] = []
    processing.drain(KIND, lambda batch: _handle(batch, news), seconds=seconds)
    return any(news)


def _handle(batch: Sequence[Delivery], news: list[bool]) -> list[Outcome]:
    bodies = [_judge_body(bytes(delivery.body)) for delivery in batch]
    holders = Holders(judged.reading.hwi_id for judged in _flat(bodies) if judged.reading)
    placed: list[Placed] = []
    outcomes = [_sort(delivery, body, holders, placed) for delivery, body in zip(batch, bodies, strict=True)]
    stored = store.store(placed, source=MeasurementSource.WEBHOOK)
    news.append(stored.newly_connected)
    return outcomes


def _flat(bodies: Iterable[list[Judged] | Unusable]) -> Iterable[Judged]:
    for body in bodies:
        if not isinstance(body, Unusable):
            yield from body


def _judge_body(body: bytes) -> list[Judged] | Unusable:
    try:
        return [judge(item, source=MeasurementSource.WEBHOOK) for item in items_of(body)]
    except Unusable as reason:
        return reason


def judge(item: Item | Unusable, *, source: MeasurementSource) -> Judged:
    if isinstance(item, Unusable):
        return Judged(None, outcome=Outcome(DeliveryState.QUARANTINED, str(item)))
    try:
        return Judged(item, reading=reading_of(item, source=source))
    except Unusable as reason:
        return Judged(item, outcome=Outcome(DeliveryState.QUARANTINED, str(reason), flagged=item.repaired))


def _sort(delivery: Delivery, body: list[Judged] | Unusable, holders: Holders, placed: list[Placed]) -> Outcome:
    if isinstance(body, Unusable):
        return Outcome(DeliveryState.QUARANTINED, str(body))
    if not body:
        return Outcome(counts={"items": 0})
    problems, flagged = {}, False
    for position, judged in enumerate(body):
        outcome = judged.outcome or holders.place(judged, placed, delivery_id=delivery.pk)
        if outcome is not None:
            problems[position] = outcome
        flagged = flagged or (judged.item is not None and judged.item.repaired)
    return _of_whole(delivery, body, problems, flagged=flagged)


def _of_whole(delivery: Delivery, body: list[Judged], problems: Mapping[int, Outcome], *, flagged: bool) -> Outcome:
    """A lone item settles its delivery; of a list, each bad item gets a delivery of its own and the rest is done."""
    if problems and len(body) == 1:
        return problems[0]
    for position, outcome in problems.items():
        item = body[position].item
        raw = item.raw if item is not None else "null"
        processing.set_aside(kind=KIND, raw=raw, outcome=outcome, parent=delivery, position=position)
    if not problems and not flagged:
        return PLAIN
    return Outcome(flagged=flagged, counts={"items": len(body), "set_aside": len(problems)})


@dataclass(frozen=True, slots=True)
class Held:
    """One assignment, as far as a reading's way to its patient needs it."""

    device_id: int
    patient_id: uuid.UUID
    started_at: dt.datetime | None
    ended_at: dt.datetime | None
    account: str  # the patient's id at the vendor, folded
    also: str  # another one, where a person has attached the device

    def holds(self, moment: dt.datetime) -> bool:
        began = self.started_at is None or self.started_at <= moment
        return began and (self.ended_at is None or moment < self.ended_at)


HELD = """
SELECT device.hwi_id, held.device_id, held.patient_id, held.started_at, held.ended_at,
    lower(patient.external_id), lower(held.vendor_patient_id)
FROM devices_device AS device
JOIN devices_assignment AS held ON held.device_id = device.id
JOIN patients_patient AS patient ON patient.id = held.patient_id
WHERE device.hwi_id = ANY(%s::uuid[])
"""


class Holders:
    """The devices of one batch and who held them when: one query, however many readings."""

    def __init__(self, hwi_ids: Iterable[uuid.UUID]) -> None:
        self.held: dict[uuid.UUID, list[Held]] = defaultdict(list)
        # Only a cross-check: after a reassignment a late reading may name either holder.
        self.names: dict[uuid.UUID, set[str]] = defaultdict(set)
        with connection.cursor() as cursor:
            cursor.execute(HELD, [list(set(hwi_ids))])
            for hwi_id, *facts in cursor.fetchall():
                held = Held(*facts)
                self.held[hwi_id].append(held)
                self.names[hwi_id] |= {held.account, held.also}

    def place(self, judged: Judged, placed: list[Placed], *, delivery_id: int | None = None) -> Outcome | None:
        """Adds to `placed`, or says why not."""
        reading = judged.reading
        if reading is None:
            raise ValueError("only a reading can be placed")
        for held in self.held.get(reading.hwi_id, ()):
            if held.holds(reading.taken_at):
                break
        else:
            return self._unheld(reading)
        if reading.patient_id and reading.patient_id.lower() not in self.names[reading.hwi_id]:
            return _quarantined(reading, "The vendor names a patient who never held this device.")
        placed.append(Placed(reading, held.device_id, held.patient_id, delivery_id))
        return None

    def _unheld(self, reading: Reading) -> Outcome:
        if reading.hwi_id in self.held:
            return _quarantined(reading, "Nobody held this device when the reading was taken.")
        return _waits(reading)


def _waits(reading: Reading) -> Outcome:
    return Outcome(
        DeliveryState.WAITING,
        "This device is not known here, or nobody holds it. It is looked up at the vendor.",
        hwi_id=reading.hwi_id,
    )


def _quarantined(reading: Reading, reason: str) -> Outcome:
    return Outcome(DeliveryState.QUARANTINED, reason, hwi_id=reading.hwi_id)


def ingest_pulled(items: Sequence[Item | Unusable]) -> tuple[Stored, int]:
    """Readings of a page of the vendor's list, and how many of its items were set aside."""
    judged_items = [judge(item, source=MeasurementSource.PULL) for item in items]
    holders = Holders(judged.reading.hwi_id for judged in judged_items if judged.reading)
    placed: list[Placed] = []
    aside = 0
    for judged in judged_items:
        outcome = judged.outcome or holders.place(judged, placed)
        if outcome is not None:
            aside += 1
            raw = judged.item.raw if judged.item is not None else "null"
            processing.set_aside(kind=KIND, raw=raw, outcome=outcome, source=Delivery.Source.PULL)
    return store.store(placed, source=MeasurementSource.PULL), aside
