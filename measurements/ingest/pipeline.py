"""Ingest pipeline: parse deliveries, attribute each reading to the patient assigned to its device, store it."""

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
from devices.inbox.lenient_fields import describe_dropped
from devices.inbox.payload_parsing import InvalidPayload, PayloadItem, parse_items
from devices.inbox.processing import DONE_OUTCOME, DeliveryOutcome
from devices.models import Delivery
from devices.models.delivery import DeliveryKind, DeliveryState
from measurements.ingest import store
from measurements.ingest.insert import AttributedReading
from measurements.ingest.parsing import ParsedReading, parse_reading
from measurements.ingest.store import StoreResult
from measurements.models.measurement import MeasurementSource
from patients.folding import fold_case

if TYPE_CHECKING:
    from collections.abc import Mapping

DELIVERY_KIND = DeliveryKind.MEASUREMENT


class ParsedItem(msgspec.Struct, frozen=True):
    """One item: a reading, or the outcome that sets it aside."""

    item: PayloadItem | None
    reading: ParsedReading | None = None
    outcome: DeliveryOutcome | None = None


def ingest_waiting_deliveries(*, seconds: float = processing.SLICE_SECONDS) -> bool:
    """Process due measurement deliveries. True when a device sent its first reading: its order is then updated."""
    news: list[bool] = []
    processing.process_due_deliveries(DELIVERY_KIND, lambda batch: ingest_batch(batch, news), seconds=seconds)
    return any(news)


def ingest_batch(batch: Sequence[Delivery], connected_flags: list[bool]) -> list[DeliveryOutcome]:
    bodies = [parse_body_items(bytes(delivery.body)) for delivery in batch]
    items = (item for body in bodies if not isinstance(body, InvalidPayload) for item in body)
    assignments = AssignmentIndex(item.reading.hwi_id for item in items if item.reading)
    attributed: list[AttributedReading] = []
    outcomes = [
        attribute_delivery(delivery, body, assignments, attributed)
        for delivery, body in zip(batch, bodies, strict=True)
    ]
    stored = store.store_readings(attributed, source=MeasurementSource.WEBHOOK)
    connected_flags.append(stored.newly_connected)
    return outcomes


def parse_body_items(body: bytes) -> list[ParsedItem] | InvalidPayload:
    try:
        return [parse_item(item, source=MeasurementSource.WEBHOOK) for item in parse_items(body)]
    except InvalidPayload as reason:
        return reason


def parse_item(item: PayloadItem | InvalidPayload, *, source: MeasurementSource) -> ParsedItem:
    if isinstance(item, InvalidPayload):
        return ParsedItem(None, outcome=DeliveryOutcome(DeliveryState.QUARANTINED, str(item)))
    try:
        return ParsedItem(item, reading=parse_reading(item, source=source))
    except InvalidPayload as reason:
        return ParsedItem(item, outcome=DeliveryOutcome(DeliveryState.QUARANTINED, str(reason), flagged=item.repaired))


def attribute_delivery(
    delivery: Delivery,
    body: list[ParsedItem] | InvalidPayload,
    assignments: AssignmentIndex,
    attributed: list[AttributedReading],
) -> DeliveryOutcome:
    if isinstance(body, InvalidPayload):
        return DeliveryOutcome(DeliveryState.QUARANTINED, str(body))
    if not body:
        return DeliveryOutcome(counts={"items": 0})
    problems = {}
    for position, parsed in enumerate(body):
        outcome = parsed.outcome or assignments.attribute_reading(parsed, attributed, delivery_id=delivery.pk)
        if outcome is not None:
            problems[position] = outcome
    return combine_item_outcomes(delivery, body, problems)


def combine_item_outcomes(
    delivery: Delivery, body: list[ParsedItem], problems: Mapping[int, DeliveryOutcome]
) -> DeliveryOutcome:
    """A single item decides its delivery; of a list, each unusable item gets a delivery of its own.

    What the others said beside their readings and could not be read is a note on the delivery.
    """
    if problems and len(body) == 1:
        return problems[0]
    for position, outcome in problems.items():
        item = body[position].item
        raw = item.raw if item is not None else "null"
        processing.store_item_delivery(kind=DELIVERY_KIND, raw=raw, outcome=outcome, parent=delivery, position=position)
    dropped = [name for parsed in body if parsed.reading for name in parsed.reading.dropped]
    flagged = bool(dropped) or any(parsed.item is not None and parsed.item.repaired for parsed in body)
    if not problems and not flagged:
        return DONE_OUTCOME
    counts = {"items": len(body), "set_aside": len(problems)}
    return DeliveryOutcome(reason=describe_dropped(dropped), flagged=flagged, counts=counts)


@dataclass(frozen=True, slots=True)
class AssignmentPeriod:
    """The columns of an Assignment that attribute a reading to its patient."""

    device_id: int
    patient_id: uuid.UUID
    started_at: dt.datetime | None
    ended_at: dt.datetime | None
    external_id: str  # the patient's id at the vendor, folded
    other_external_id: str  # another one, where a person has attached the device

    def covers(self, time: dt.datetime) -> bool:
        began = self.started_at is None or self.started_at <= time
        return began and (self.ended_at is None or time < self.ended_at)


ASSIGNMENT_PERIODS_SQL = """
SELECT device.hwi_id, held.device_id, held.patient_id, held.started_at, held.ended_at,
    patient.folded_external_id, held.vendor_patient_id
FROM devices_device AS device
JOIN devices_assignment AS held ON held.device_id = device.id
JOIN patients_patient AS patient ON patient.id = held.patient_id
WHERE device.hwi_id = ANY(%s::uuid[])
"""


class AssignmentIndex:
    """Assignments of the devices of one batch, fetched in one query."""

    def __init__(self, hwi_ids: Iterable[uuid.UUID]) -> None:
        self.periods_by_hwi_id: dict[uuid.UUID, list[AssignmentPeriod]] = defaultdict(list)
        # Only a cross-check: after a reassignment a late reading may name either patient.
        self.external_ids_by_hwi_id: dict[uuid.UUID, set[str]] = defaultdict(set)
        with connection.cursor() as cursor:
            cursor.execute(ASSIGNMENT_PERIODS_SQL, [list(set(hwi_ids))])
            for hwi_id, *facts in cursor.fetchall():
                period = AssignmentPeriod(*facts)
                self.periods_by_hwi_id[hwi_id].append(period)
                self.external_ids_by_hwi_id[hwi_id] |= {period.external_id, fold_case(period.other_external_id)}

    def attribute_reading(
        self, parsed: ParsedItem, attributed: list[AttributedReading], *, delivery_id: int | None = None
    ) -> DeliveryOutcome | None:
        """Add to `attributed`, or return the outcome that says why not."""
        reading = parsed.reading
        if reading is None:
            raise ValueError("only a reading can be attributed")
        periods = self.periods_by_hwi_id.get(reading.hwi_id, [])
        period = next((period for period in periods if period.covers(reading.taken_at)), None)
        if period is None and not periods:
            return DeliveryOutcome(
                DeliveryState.WAITING,
                "This device is unknown or unassigned. It is looked up at the vendor.",
                hwi_id=reading.hwi_id,
            )
        if period is None:
            return quarantined_outcome(reading, "This device was not assigned to a patient when the reading was taken.")
        if reading.patient_id and fold_case(reading.patient_id) not in self.external_ids_by_hwi_id[reading.hwi_id]:
            return quarantined_outcome(reading, "The vendor names a patient to whom this device was never assigned.")
        attributed.append(AttributedReading(reading, period.device_id, period.patient_id, delivery_id))
        return None


def quarantined_outcome(reading: ParsedReading, reason: str) -> DeliveryOutcome:
    return DeliveryOutcome(DeliveryState.QUARANTINED, reason, hwi_id=reading.hwi_id)


def ingest_pulled_items(items: Sequence[PayloadItem | InvalidPayload]) -> tuple[StoreResult, int]:
    """Store the readings of one page of the vendor's list. Also returns how many of its items were set aside."""
    parsed_items = [parse_item(item, source=MeasurementSource.PULL) for item in items]
    assignments = AssignmentIndex(parsed.reading.hwi_id for parsed in parsed_items if parsed.reading)
    attributed: list[AttributedReading] = []
    set_aside = 0
    for parsed in parsed_items:
        outcome = parsed.outcome or assignments.attribute_reading(parsed, attributed)
        set_aside += outcome is not None
        if outcome is None and parsed.reading and parsed.reading.dropped:
            outcome = DeliveryOutcome(reason=describe_dropped(parsed.reading.dropped), flagged=True)
        if outcome is not None:
            raw = parsed.item.raw if parsed.item is not None else "null"
            processing.store_item_delivery(kind=DELIVERY_KIND, raw=raw, outcome=outcome, source=Delivery.Source.PULL)
    return store.store_readings(attributed, source=MeasurementSource.PULL), set_aside
