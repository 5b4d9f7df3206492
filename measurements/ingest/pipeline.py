"""Ingest pipeline: parse deliveries, attribute each reading to the patient assigned to its device, store it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from django.db import connection, transaction
from django.utils import timezone

from devices.former_hardware import AssignmentPeriod, read_former_periods
from devices.inbox import processing
from devices.inbox.lenient_fields import describe_dropped
from devices.inbox.named_ids import find_named_ids
from devices.inbox.payload_parsing import InvalidPayload, PayloadItem, parse_items
from devices.inbox.processing import DONE_OUTCOME, UNREADABLE, DeliveryOutcome
from devices.models import Delivery
from devices.models.delivery import DeliveryKind, DeliveryState
from measurements.ingest import placement, store
from measurements.ingest.insert import AttributedReading
from measurements.ingest.parsing import TIME_OUT_OF_RANGE, ParsedReading, parse_reading
from measurements.ingest.placement import MAX_TIME_AHEAD
from measurements.ingest.store import StoreResult
from measurements.models.measurement import MeasurementSource
from measurements.weeks import week_figures
from patients.folding import fold_case
from patients.models import Patient

if TYPE_CHECKING:
    from collections.abc import Mapping

DELIVERY_KIND = DeliveryKind.MEASUREMENT


class ParsedItem(msgspec.Struct, frozen=True):
    """One item: a reading, or why it can't be read and the ids of devices in it."""

    item: PayloadItem | None
    reading: ParsedReading | None = None
    problem: str = ""
    named: frozenset[uuid.UUID] = frozenset()


def ingest_waiting_deliveries(*, seconds: float = processing.SLICE_SECONDS) -> bool:
    """Process due measurement deliveries. True when a device sent its first reading: its order is then updated."""
    news: list[bool] = []
    processing.process_due_deliveries(DELIVERY_KIND, lambda batch: ingest_batch(batch, news), seconds=seconds)
    week_figures.refresh_due_weeks()
    return any(news)


def ingest_batch(batch: Sequence[Delivery], connected_flags: list[bool]) -> list[DeliveryOutcome]:
    bodies = [parse_body_items(bytes(delivery.body)) for delivery in batch]
    assignments = AssignmentIndex(
        (delivery.received_at, item)
        for delivery, body in zip(batch, bodies, strict=True)
        for item in ([body] if isinstance(body, ParsedItem) else body)
    )
    attributed: list[AttributedReading] = []
    outcomes = [
        attribute_delivery(delivery, body, assignments, attributed)
        for delivery, body in zip(batch, bodies, strict=True)
    ]
    stored = store.store_readings(attributed, source=MeasurementSource.WEBHOOK)
    connected_flags.append(stored.newly_connected)
    if assignments.patients_of_unreadable:  # after this transaction, which holds other patients' rows
        transaction.on_commit(partial(Patient.objects.touch_live_version, assignments.patients_of_unreadable))
    return outcomes


def parse_body_items(body: bytes) -> list[ParsedItem] | ParsedItem:
    """The items, or one for a body that can't be read as a whole."""
    try:
        return [parse_item(item, source=MeasurementSource.WEBHOOK) for item in parse_items(body)]
    except InvalidPayload as reason:
        return unreadable_item(reason, body.decode("utf-8-sig", errors="replace"))


def parse_item(item: PayloadItem | InvalidPayload, *, source: MeasurementSource) -> ParsedItem:
    if isinstance(item, InvalidPayload):
        return unreadable_item(item, item.item)
    try:
        return ParsedItem(item, reading=parse_reading(item, source=source))
    except InvalidPayload as reason:
        return unreadable_item(reason, item.fields, item)


def unreadable_item(reason: InvalidPayload, value: Any, item: PayloadItem | None = None) -> ParsedItem:
    ids = find_named_ids(value)
    return ParsedItem(item, problem=str(reason), named=ids.hwi_ids or ids.mentioned)


def attribute_delivery(
    delivery: Delivery,
    body: list[ParsedItem] | ParsedItem,
    assignments: AssignmentIndex,
    attributed: list[AttributedReading],
) -> DeliveryOutcome:
    if isinstance(body, ParsedItem):
        return assignments.quarantine_unreadable(body)
    if not body:
        return DeliveryOutcome(counts={"items": 0})
    problems = {}
    for position, parsed in enumerate(body):
        outcome = assignments.attribute_item(
            parsed, attributed, received_at=delivery.received_at, delivery_id=delivery.pk
        )
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


ASSIGNMENT_PERIODS_SQL = """
SELECT device.hwi_id, held.device_id, held.patient_id, held.started_at, held.ended_at,
    patient.folded_external_id, held.vendor_patient_id, EXISTS (
        SELECT FROM measurements_measurement AS placed
        WHERE placed.device_id = device.id AND placed.stamped_at IS NOT NULL)
FROM devices_device AS device
JOIN devices_assignment AS held ON held.device_id = device.id
JOIN patients_patient AS patient ON patient.id = held.patient_id
WHERE device.hwi_id = ANY(%s::uuid[])
"""


class AssignmentIndex:
    """Assignments of the devices that the items of one batch name, and the place in time of what is stamped ahead.

    One query, and two more where a clock is ahead. `received` holds each item with the time at which we received it for
    the first time.
    `patients_of_unreadable`: those who hold a device now that sent what can't be read; their pages say so.
    """

    def __init__(self, received: Iterable[tuple[dt.datetime, ParsedItem]]) -> None:
        received = list(received)
        self.patients_of_unreadable: set[uuid.UUID] = set()
        hwi_ids: set[uuid.UUID] = set()
        for _, item in received:
            if item.reading is None:
                hwi_ids |= item.named
            else:
                hwi_ids.add(item.reading.hwi_id)
        self.periods_by_hwi_id: dict[uuid.UUID, list[AssignmentPeriod]] = defaultdict(list)
        self.former_periods_by_hwi_id: dict[uuid.UUID, list[AssignmentPeriod]] = {}
        # Only a cross-check: after a reassignment a late reading may name either patient.
        self.external_ids_by_hwi_id: dict[uuid.UUID, set[str]] = defaultdict(set)
        devices, with_placed = set(), set()
        with connection.cursor() as cursor:
            cursor.execute(ASSIGNMENT_PERIODS_SQL, [list(hwi_ids)])
            for hwi_id, *facts, has_placed in cursor.fetchall():
                period = AssignmentPeriod(*facts)
                self.periods_by_hwi_id[hwi_id].append(period)
                self.external_ids_by_hwi_id[hwi_id] |= {period.external_id, fold_case(period.other_external_id)}
                devices.add(period.device_id)
                if has_placed:
                    with_placed.add(hwi_id)
        self.place_by_stamp = placement.place_readings(
            [
                (periods[0].device_id, placement.StampedReading(received_at, reading.identity_at))
                for received_at, item in received
                if (reading := item.reading)
                and (reading.taken_at > received_at or reading.hwi_id in with_placed)
                and (periods := self.periods_by_hwi_id.get(reading.hwi_id))
            ],
            devices=devices,
        )

    def quarantine_unreadable(self, parsed: ParsedItem) -> DeliveryOutcome:
        """With its device, where it names exactly one that is known here."""
        found = [hwi_id for hwi_id in parsed.named if hwi_id in self.periods_by_hwi_id]
        hwi_id, now = found[0] if len(found) == 1 else None, timezone.now()
        if hwi_id:
            self.patients_of_unreadable |= {
                period.patient_id for period in self.periods_by_hwi_id[hwi_id] if period.covers(now)
            }
        flagged = parsed.item is not None and parsed.item.repaired
        return DeliveryOutcome(DeliveryState.QUARANTINED, parsed.problem, hwi_id, flagged, {UNREADABLE: 1})

    def attribute_item(
        self,
        parsed: ParsedItem,
        attributed: list[AttributedReading],
        *,
        received_at: dt.datetime,
        delivery_id: int | None = None,
    ) -> DeliveryOutcome | None:
        """Add to `attributed`, or return the outcome that says why not.

        Of a device with a clock ahead the holder is found by the place in time of the reading, not by its stamp, as all
        else is: an assignment ends and begins by our clocks.
        """
        reading = parsed.reading
        if reading is None:
            return self.quarantine_unreadable(parsed)
        if is_too_far_ahead(reading, received_at):
            return self.quarantine_unreadable(
                ParsedItem(
                    parsed.item,
                    problem=TIME_OUT_OF_RANGE.format(name=reading.time_source),
                    named=frozenset({reading.hwi_id}),
                )
            )
        periods = self.periods_by_hwi_id.get(reading.hwi_id, [])
        taken_at = None
        if periods and self.place_by_stamp:
            taken_at = self.place_by_stamp.get((periods[0].device_id, reading.identity_at))
        if taken_at is not None:
            reading = msgspec.structs.replace(reading, taken_at=taken_at, stamped_at=reading.taken_at)
        period = next((period for period in periods if period.covers(reading.taken_at)), None)
        if period is None and not periods:
            return DeliveryOutcome(
                DeliveryState.WAITING,
                "This device is unknown or unassigned. It is looked up at the vendor.",
                hwi_id=reading.hwi_id,
            )
        period = period or self.find_former_period(reading)
        if period is None:
            return quarantined_outcome(reading, "This device was not assigned to a patient when the reading was taken.")
        if reading.patient_id and fold_case(reading.patient_id) not in self.external_ids_by_hwi_id[reading.hwi_id]:
            return quarantined_outcome(reading, "The vendor names a patient to whom this device was never assigned.")
        attributed.append(AttributedReading(reading, period.device_id, period.patient_id, received_at, delivery_id))
        return None

    def find_former_period(self, reading: ParsedReading) -> AssignmentPeriod | None:
        """Of the one patient who had the hardware when the reading was taken, before it became this device: the vendor
        names the device of now for what the hardware had stored. None if there is no such patient, or several."""
        if reading.hwi_id not in self.former_periods_by_hwi_id:
            self.former_periods_by_hwi_id[reading.hwi_id] = read_former_periods(reading.hwi_id)
        former = [each for each in self.former_periods_by_hwi_id[reading.hwi_id] if each.covers(reading.taken_at)]
        if len({each.patient_id for each in former}) != 1:
            return None
        self.external_ids_by_hwi_id[reading.hwi_id] |= {former[-1].external_id, former[-1].other_external_id}
        return former[-1]


def is_too_far_ahead(reading: ParsedReading, received_at: dt.datetime) -> bool:
    """Over 24 h at the first known receipt: what was quarantined doesn't come in by a replay or a pull days later."""
    first = received_at if reading.created is None else min(received_at, reading.created)
    return reading.taken_at - first > MAX_TIME_AHEAD


def quarantined_outcome(reading: ParsedReading, reason: str) -> DeliveryOutcome:
    return DeliveryOutcome(DeliveryState.QUARANTINED, reason, hwi_id=reading.hwi_id)


def ingest_pulled_items(items: Sequence[PayloadItem | InvalidPayload]) -> tuple[StoreResult, int]:
    """Store the readings of one page of the vendor's list. Also returns how many of its items were set aside."""
    received_at = timezone.now()
    parsed_items = [parse_item(item, source=MeasurementSource.PULL) for item in items]
    assignments = AssignmentIndex((received_at, parsed) for parsed in parsed_items)
    attributed: list[AttributedReading] = []
    set_aside = 0
    for parsed in parsed_items:
        outcome = assignments.attribute_item(parsed, attributed, received_at=received_at)
        set_aside += outcome is not None
        if outcome is None and parsed.reading and parsed.reading.dropped:
            outcome = DeliveryOutcome(reason=describe_dropped(parsed.reading.dropped), flagged=True)
        if outcome is not None:
            raw = parsed.item.raw if parsed.item is not None else "null"
            processing.store_item_delivery(kind=DELIVERY_KIND, raw=raw, outcome=outcome, source=Delivery.Source.PULL)
    return store.store_readings(attributed, source=MeasurementSource.PULL), set_aside
