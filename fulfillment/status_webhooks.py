"""Fulfillment webhooks: hints. Each shows in the timeline at once as unconfirmed, and has its device read again."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.db.models.functions import Coalesce, Least
from django.utils import timezone

from devices import tenovi
from devices.hardware_ids import normalise_hardware_uuid
from devices.inbox import processing
from devices.inbox.payload_parsing import InvalidPayload, PayloadItem, parse_items
from devices.inbox.processing import DeliveryOutcome
from devices.models import Delivery, Device
from devices.models.delivery import DeliveryState
from devices.statuses import DeviceState
from fulfillment.models import EventSource, OrderEvent, OrderLine
from fulfillment.tracking import refresh_window
from patients.models import Patient

MAX_TEXT_LENGTH = 255
MAX_LINK_LENGTH = 2000


@dataclass(frozen=True)
class ReportedStatus:
    delivery: Delivery
    hwi_id: uuid.UUID
    status: str  # the vendor's words
    tracking_link: str
    hardware_uuid: str
    previous_hardware_uuid: str  # what the webhook calls `device_id`, on Replaced and Unlinked only
    flagged: bool

    @property
    def state(self) -> DeviceState | None:
        return tenovi.parse_device_state(self.status)


def process_status_deliveries(deliveries: Sequence[Delivery]) -> list[DeliveryOutcome]:
    """One outcome each. Runs in the transaction that settles the deliveries."""
    read = [parse_delivery(delivery) for delivery in deliveries]
    hints = [each for each in read if isinstance(each, ReportedStatus)]
    known = {device.hwi_id: device for device in lock_devices({hint.hwi_id for hint in hints})}
    apply_reported_statuses([hint for hint in hints if hint.hwi_id in known], known)
    return [outcome_for(each, known) if isinstance(each, ReportedStatus) else each for each in read]


def parse_delivery(delivery: Delivery) -> ReportedStatus | DeliveryOutcome:
    try:
        items = parse_items(bytes(delivery.body))
        if len(items) == 1:
            return parse_reported_status(delivery, items[0])
    except InvalidPayload as reason:
        return DeliveryOutcome(DeliveryState.QUARANTINED, str(reason))
    return split_into_deliveries(delivery, items)


def split_into_deliveries(delivery: Delivery, items: Sequence[PayloadItem | InvalidPayload]) -> DeliveryOutcome:
    """Each item of a list becomes a delivery of its own, so that a bad one costs no other; a replay finds the rows."""
    for position, item in enumerate(items):
        if isinstance(item, PayloadItem):
            fate, raw = DeliveryOutcome(DeliveryState.NEW), item.raw
        else:
            fate, raw = DeliveryOutcome(DeliveryState.QUARANTINED, str(item)), "null"
        processing.store_item_delivery(kind=delivery.kind, raw=raw, outcome=fate, parent=delivery, position=position)
    return DeliveryOutcome(counts={"items": len(items)})


def parse_reported_status(delivery: Delivery, item: PayloadItem | InvalidPayload) -> ReportedStatus:
    """Raises Unusable with a reason for a person."""
    if isinstance(item, InvalidPayload):
        raise item
    said = item.fields
    link = text_field(said, "tracking_link", MAX_LINK_LENGTH)
    return ReportedStatus(
        delivery=delivery,
        hwi_id=parse_hwi_id(said.get("hwi_device_id")),
        status=parse_status(said),
        tracking_link=link or "",
        hardware_uuid=normalise_hardware_uuid(text_field(said, "hardware_uuid")),
        previous_hardware_uuid=normalise_hardware_uuid(text_field(said, "device_id")),
        flagged=item.repaired or link is None,
    )


def parse_hwi_id(value: Any) -> uuid.UUID:
    try:
        return uuid.UUID(value if type(value) is str else "")
    except ValueError:
        raise InvalidPayload("It names no HWI device id that can be read.") from None


def parse_status(fields: dict[str, Any]) -> str:
    status = text_field(fields, "status")
    if not status or not status.strip():
        raise InvalidPayload("It has no status that can be read.")
    return " ".join(status.split())


def text_field(fields: dict[str, Any], name: str, max_length: int = MAX_TEXT_LENGTH) -> str | None:
    """Empty where it is null or missing; None where something stands there that is no text of a sane length."""
    value = fields.get(name)
    if value is None:
        return ""
    return value if type(value) is str and len(value) <= max_length else None


def outcome_for(reported: ReportedStatus, devices: dict[uuid.UUID, Device]) -> DeliveryOutcome:
    if reported.hwi_id in devices:
        return DeliveryOutcome(flagged=reported.flagged)
    return DeliveryOutcome(
        DeliveryState.WAITING, "No device with this HWI id is known yet.", reported.hwi_id, reported.flagged
    )


def lock_devices(hwi_ids: set[uuid.UUID]) -> Iterable[Device]:
    """In one order, so that two workers never wait for each other."""
    return Device.objects.filter(hwi_id__in=hwi_ids).order_by("pk").select_for_update(of=("self",), no_key=True)


def apply_reported_statuses(reported_statuses: Sequence[ReportedStatus], devices: dict[uuid.UUID, Device]) -> None:
    lines = lines_by_device(devices.values())
    events = [
        webhook_event(hint, devices[hint.hwi_id], lines.get(devices[hint.hwi_id].pk)) for hint in reported_statuses
    ]
    OrderEvent.objects.bulk_create(events, ignore_conflicts=True)  # a replay writes no second row
    for hint in reported_statuses:
        device = devices[hint.hwi_id]
        mark_unconfirmed(device, hint)
        schedule_refresh(affected_devices(device, hint), hint)
    Patient.objects.touch_live_version(device.patient_id for device in devices.values() if device.patient_id)


def lines_by_device(devices: Iterable[Device]) -> dict[int, OrderLine]:
    """By device: the line that it came by, which the call knows before the line does."""
    keys = [device.pk for device in devices]
    lines = OrderLine.objects.filter(call__device__in=keys, call__kind__in=("order", "activate"))
    return {line.call.device_id: line for line in lines.select_related("call") if line.call.device_id}


def webhook_event(reported: ReportedStatus, device: Device, line: OrderLine | None) -> OrderEvent:
    return OrderEvent(
        order_id=line.order_id if line else None,
        line=line,
        device=device,
        source=EventSource.WEBHOOK,
        status=reported.state or "",
        text=reported.status,
        tracking_link=reported.tracking_link,
        at=reported.delivery.received_at,
        delivery_id=reported.delivery.pk,
    )


def mark_unconfirmed(device: Device, reported: ReportedStatus) -> None:
    """What is shown as unconfirmed. A hint of an earlier stage is news of the past, and so is one heard before."""
    at = reported.delivery.received_at
    if (device.unconfirmed_status_at and at <= device.unconfirmed_status_at) or is_earlier_stage(
        reported.state, device
    ):
        return
    device.unconfirmed_status, device.unconfirmed_status_at = reported.status, at
    device.save(update_fields=["unconfirmed_status", "unconfirmed_status_at"])


def is_earlier_stage(state: DeviceState | None, device: Device) -> bool:
    shown = tenovi.parse_device_state(device.unconfirmed_status) if device.unconfirmed else DeviceState(device.state)
    if state is None or shown is None or state.stage is None or shown.stage is None:
        return False
    return state.stage < shown.stage


def affected_devices(device: Device, reported: ReportedStatus) -> Q:
    """A replaced gateway changes the hardware of every device that was on it."""
    if reported.state is not None or not reported.previous_hardware_uuid:
        return Q(pk=device.pk)
    return Q(pk=device.pk) | Q(gateway__hardware_uuid=reported.previous_hardware_uuid)


def schedule_refresh(affected: Q, reported: ReportedStatus) -> None:
    """The first hint at once; more of them within a window together, when it is over."""
    for device in Device.objects.filter(affected).order_by("pk"):
        at = max(timezone.now(), refresh_window_end(device, reported))
        Device.objects.filter(pk=device.pk).update(refresh_due_at=Least(Coalesce("refresh_due_at", at), at))


def refresh_window_end(device: Device, reported: ReportedStatus) -> dt.datetime:
    """Of the window that the hint before this one opened; the hint's own time, if it is the first for so long."""
    at = reported.delivery.received_at
    earlier = device.events.filter(source=EventSource.WEBHOOK, at__gt=at - refresh_window(), at__lt=at)
    before = earlier.order_by("-at").values_list("at", flat=True).first()
    return before + refresh_window() if before else at
