"""Fulfillment webhooks: each is shown in the timeline at once as unconfirmed, and schedules a refresh of its device."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
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
from devices.models.vendor_call import CallKind
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
    previous_hardware_uuid: str  # the webhook's `device_id`, on Replaced and Unlinked only
    flagged: bool

    @property
    def state(self) -> DeviceState | None:
        return tenovi.parse_device_state(self.status)


def process_status_deliveries(deliveries: Sequence[Delivery]) -> list[DeliveryOutcome]:
    """One outcome per delivery. Runs in the transaction that completes the deliveries."""
    parsed = [parse_delivery(delivery) for delivery in deliveries]
    reports = [each for each in parsed if isinstance(each, ReportedStatus)]
    # Locked in one order, so that two workers never deadlock.
    rows = Device.objects.filter(hwi_id__in={report.hwi_id for report in reports}).order_by("pk")
    devices = {device.hwi_id: device for device in rows.select_for_update(of=("self",), no_key=True)}
    apply_reported_statuses([report for report in reports if report.hwi_id in devices], devices)
    return [outcome_for(each, devices) if isinstance(each, ReportedStatus) else each for each in parsed]


def parse_delivery(delivery: Delivery) -> ReportedStatus | DeliveryOutcome:
    try:
        items = parse_items(bytes(delivery.body))
        if len(items) == 1:
            return parse_reported_status(delivery, items[0])
    except InvalidPayload as reason:
        return DeliveryOutcome(DeliveryState.QUARANTINED, str(reason))
    return split_into_deliveries(delivery, items)


def split_into_deliveries(delivery: Delivery, items: Sequence[PayloadItem | InvalidPayload]) -> DeliveryOutcome:
    """Store each item of a list as a delivery of its own: a bad item affects no other one, a replay adds no rows."""
    for position, item in enumerate(items):
        if isinstance(item, PayloadItem):
            outcome, raw = DeliveryOutcome(DeliveryState.NEW), item.raw
        else:
            outcome, raw = DeliveryOutcome(DeliveryState.QUARANTINED, str(item)), "null"
        processing.store_item_delivery(kind=delivery.kind, raw=raw, outcome=outcome, parent=delivery, position=position)
    return DeliveryOutcome(counts={"items": len(items)})


def parse_reported_status(delivery: Delivery, item: PayloadItem | InvalidPayload) -> ReportedStatus:
    """Raises InvalidPayload with a reason for a person."""
    if isinstance(item, InvalidPayload):
        raise item
    try:
        hwi_id = uuid.UUID(text_field(item.fields, "hwi_device_id") or "")
    except ValueError:
        raise InvalidPayload("It names no HWI device id that can be read.") from None
    status = " ".join((text_field(item.fields, "status") or "").split())
    if not status:
        raise InvalidPayload("It has no status that can be read.")
    link = text_field(item.fields, "tracking_link", MAX_LINK_LENGTH)
    return ReportedStatus(
        delivery=delivery,
        hwi_id=hwi_id,
        status=status,
        tracking_link=link or "",
        previous_hardware_uuid=normalise_hardware_uuid(text_field(item.fields, "device_id")),
        flagged=item.repaired or link is None,
    )


def text_field(fields: dict[str, Any], name: str, max_length: int = MAX_TEXT_LENGTH) -> str | None:
    """Without spaces around; empty where null or missing; None where it is no text or longer than `max_length`."""
    value = fields.get(name)
    if value is None:
        return ""
    return value.strip() if type(value) is str and len(value) <= max_length else None


def outcome_for(report: ReportedStatus, devices: dict[uuid.UUID, Device]) -> DeliveryOutcome:
    if report.hwi_id in devices:
        return DeliveryOutcome(flagged=report.flagged)
    reason = "No device with this HWI id is known yet."
    return DeliveryOutcome(DeliveryState.WAITING, reason, report.hwi_id, report.flagged)


def apply_reported_statuses(reports: Sequence[ReportedStatus], devices: dict[uuid.UUID, Device]) -> None:
    """Add the timeline events, set the unconfirmed statuses and schedule the refreshes."""
    keys = [device.pk for device in devices.values()]
    # By the call's device: the call has its device before `update_order_lines` copies it to the line.
    lines = OrderLine.objects.filter(call__device__in=keys, call__kind__in=CallKind.creating()).select_related("call")
    line_by_device = {line.call.device_id: line for line in lines}
    events = []
    for report in reports:
        device = devices[report.hwi_id]
        line = line_by_device.get(device.pk)
        event = OrderEvent(line=line, order_id=line.order_id if line else None, device=device, text=report.status)
        event.source, event.status = EventSource.WEBHOOK, report.state or ""
        event.at, event.delivery_id = report.delivery.received_at, report.delivery.pk
        event.tracking_link = report.tracking_link
        events.append(event)
    OrderEvent.objects.bulk_create(events, ignore_conflicts=True)  # a replay writes no second row
    for report in reports:
        mark_unconfirmed(devices[report.hwi_id], report)
        schedule_refresh(devices[report.hwi_id], report)
    Patient.objects.touch_live_version(device.patient_id for device in devices.values() if device.patient_id)


def mark_unconfirmed(device: Device, report: ReportedStatus) -> None:
    """Show this status as unconfirmed, unless it is older or of an earlier stage than the one shown now."""
    at = report.delivery.received_at
    if device.unconfirmed_status_at and at <= device.unconfirmed_status_at:
        return
    shown = tenovi.parse_device_state(device.unconfirmed_status) if device.unconfirmed else DeviceState(device.state)
    stages = [state.stage for state in (report.state, shown) if state and state.stage is not None]
    if len(stages) == 2 and stages[0] < stages[1]:
        return
    device.unconfirmed_status, device.unconfirmed_status_at = report.status, at
    device.save(update_fields=["unconfirmed_status", "unconfirmed_status_at"])


def schedule_refresh(device: Device, report: ReportedStatus) -> None:
    """Refresh at once for the first message of a window; for further ones together, when the window is over.

    A replaced gateway changes the hardware of every device on it, so that those are refreshed as well.
    """
    affected = Q(pk=device.pk)
    if report.state is None and report.previous_hardware_uuid:
        affected |= Q(gateway__hardware_uuid=report.previous_hardware_uuid)
    at, window = report.delivery.received_at, refresh_window()
    for each in Device.objects.filter(affected).order_by("pk"):
        earlier = each.events.filter(source=EventSource.WEBHOOK, at__gt=at - window, at__lt=at)
        before = earlier.order_by("-at").values_list("at", flat=True).first()
        due = max(timezone.now(), before + window if before else at)
        Device.objects.filter(pk=each.pk).update(refresh_due_at=Least(Coalesce("refresh_due_at", due), due))
