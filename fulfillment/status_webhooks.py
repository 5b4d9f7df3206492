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
from devices.inbox.payload_parsing import Item, Unusable, items_of
from devices.inbox.processing import Outcome
from devices.models import Delivery, Device
from devices.models.delivery import DeliveryState
from devices.statuses import RANK, DeviceState
from fulfillment.models import EventSource, OrderEvent, OrderLine
from fulfillment.tracking import window
from patients.models import Patient

LONGEST_WORD = 255
LONGEST_LINK = 2000


@dataclass(frozen=True)
class Hint:
    delivery: Delivery
    hwi_id: uuid.UUID
    status: str  # the vendor's words
    tracking_link: str
    hardware_uuid: str
    previous_hardware_uuid: str  # what the webhook calls `device_id`, on Replaced and Unlinked only
    flagged: bool

    @property
    def state(self) -> DeviceState | None:
        return tenovi.device_state(self.status)


def take_in(deliveries: Sequence[Delivery]) -> list[Outcome]:
    """One outcome each. Runs in the transaction that settles the deliveries."""
    read = [_read(delivery) for delivery in deliveries]
    hints = [each for each in read if isinstance(each, Hint)]
    known = {device.hwi_id: device for device in _locked({hint.hwi_id for hint in hints})}
    _show([hint for hint in hints if hint.hwi_id in known], known)
    return [_outcome(each, known) if isinstance(each, Hint) else each for each in read]


def _read(delivery: Delivery) -> Hint | Outcome:
    try:
        items = items_of(bytes(delivery.body))
        if len(items) == 1:
            return _hint(delivery, items[0])
    except Unusable as reason:
        return Outcome(DeliveryState.QUARANTINED, str(reason))
    return set_items_apart(delivery, items)


def set_items_apart(delivery: Delivery, items: Sequence[Item | Unusable]) -> Outcome:
    """Each item of a list becomes a delivery of its own, so that a bad one costs no other; a replay finds the rows."""
    for position, item in enumerate(items):
        if isinstance(item, Item):
            fate, raw = Outcome(DeliveryState.NEW), item.raw
        else:
            fate, raw = Outcome(DeliveryState.QUARANTINED, str(item)), "null"
        processing.set_aside(kind=delivery.kind, raw=raw, outcome=fate, parent=delivery, position=position)
    return Outcome(counts={"items": len(items)})


def _hint(delivery: Delivery, item: Item | Unusable) -> Hint:
    """Raises Unusable with a reason for a person."""
    if isinstance(item, Unusable):
        raise item
    said = item.fields
    link = text_of(said, "tracking_link", LONGEST_LINK)
    return Hint(
        delivery=delivery,
        hwi_id=_hwi_id(said.get("hwi_device_id")),
        status=_status(said),
        tracking_link=link or "",
        hardware_uuid=normalise_hardware_uuid(text_of(said, "hardware_uuid")),
        previous_hardware_uuid=normalise_hardware_uuid(text_of(said, "device_id")),
        flagged=item.repaired or link is None,
    )


def _hwi_id(value: Any) -> uuid.UUID:
    try:
        return uuid.UUID(value if type(value) is str else "")
    except ValueError:
        raise Unusable("It names no HWI device id that can be read.") from None


def _status(said: dict[str, Any]) -> str:
    status = text_of(said, "status")
    if not status or not status.strip():
        raise Unusable("It has no status that can be read.")
    return " ".join(status.split())


def text_of(said: dict[str, Any], name: str, longest: int = LONGEST_WORD) -> str | None:
    """Empty where it is null or missing; None where something stands there that is no text of a sane length."""
    value = said.get(name)
    if value is None:
        return ""
    return value if type(value) is str and len(value) <= longest else None


def _outcome(hint: Hint, known: dict[uuid.UUID, Device]) -> Outcome:
    if hint.hwi_id in known:
        return Outcome(flagged=hint.flagged)
    return Outcome(DeliveryState.WAITING, "No device with this HWI id is known yet.", hint.hwi_id, hint.flagged)


def _locked(hwi_ids: set[uuid.UUID]) -> Iterable[Device]:
    """In one order, so that two workers never wait for each other."""
    return Device.objects.filter(hwi_id__in=hwi_ids).order_by("pk").select_for_update(of=("self",), no_key=True)


def _show(hints: Sequence[Hint], known: dict[uuid.UUID, Device]) -> None:
    lines = _lines_of(known.values())
    events = [_event(hint, known[hint.hwi_id], lines.get(known[hint.hwi_id].pk)) for hint in hints]
    OrderEvent.objects.bulk_create(events, ignore_conflicts=True)  # a replay writes no second row
    for hint in hints:
        device = known[hint.hwi_id]
        _mark(device, hint)
        _read_again(_touched(device, hint), hint)
    Patient.objects.bump(device.patient_id for device in known.values() if device.patient_id)


def _lines_of(devices: Iterable[Device]) -> dict[int, OrderLine]:
    """By device: the line that it came by, which the call knows before the line does."""
    keys = [device.pk for device in devices]
    lines = OrderLine.objects.filter(call__device__in=keys, call__kind__in=("order", "activate"))
    return {line.call.device_id: line for line in lines.select_related("call") if line.call.device_id}


def _event(hint: Hint, device: Device, line: OrderLine | None) -> OrderEvent:
    return OrderEvent(
        order_id=line.order_id if line else None,
        line=line,
        device=device,
        source=EventSource.WEBHOOK,
        status=hint.state or "",
        text=hint.status,
        tracking_link=hint.tracking_link,
        at=hint.delivery.received_at,
        delivery_id=hint.delivery.pk,
    )


def _mark(device: Device, hint: Hint) -> None:
    """What is shown as unconfirmed. A hint of an earlier stage is news of the past, and so is one heard before."""
    at = hint.delivery.received_at
    if (device.hinted_at and at <= device.hinted_at) or _is_earlier_stage(hint.state, device):
        return
    device.hinted_status, device.hinted_at = hint.status, at
    device.save(update_fields=["hinted_status", "hinted_at"])


def _is_earlier_stage(state: DeviceState | None, device: Device) -> bool:
    shown = tenovi.device_state(device.hinted_status) if device.unconfirmed else DeviceState(device.state)
    if state is None or shown is None or state not in RANK or shown not in RANK:
        return False
    return RANK[state] < RANK[shown]


def _touched(device: Device, hint: Hint) -> Q:
    """A replaced gateway changes the hardware of every device that was on it."""
    if hint.state is not None or not hint.previous_hardware_uuid:
        return Q(pk=device.pk)
    return Q(pk=device.pk) | Q(gateway__hardware_uuid=hint.previous_hardware_uuid)


def _read_again(which: Q, hint: Hint) -> None:
    """The first hint at once; more of them within a window together, when it is over."""
    for device in Device.objects.filter(which).order_by("pk"):
        at = max(timezone.now(), _window_end(device, hint))
        Device.objects.filter(pk=device.pk).update(reread_at=Least(Coalesce("reread_at", at), at))


def _window_end(device: Device, hint: Hint) -> dt.datetime:
    """Of the window that the hint before this one opened; the hint's own time, if it is the first for so long."""
    at = hint.delivery.received_at
    earlier = device.events.filter(source=EventSource.WEBHOOK, at__gt=at - window(), at__lt=at)
    before = earlier.order_by("-at").values_list("at", flat=True).first()
    return before + window() if before else at
