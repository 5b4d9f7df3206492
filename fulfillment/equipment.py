"""What a patient holds and waits for: linked devices, and ordered ones that the vendor hasn't given an id yet."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter

from devices.models import Device, Gateway
from devices.statuses import DeviceState
from fulfillment.display.tracking_links import safe_tracking_url
from fulfillment.models import LineStatus, OrderLine

VENDOR_NAME_PREFIX = "Tenovi "


@dataclass(frozen=True)
class DeliveryStep:
    """One station on the way to the first reading; `at` is empty while it lies ahead."""

    label: str
    at: dt.datetime | None = None
    by: str = ""
    link: str = ""


@dataclass(frozen=True)
class EquipmentItem:
    """A device, or an ordered line without one. `state` is a DeviceState's or LineStatus's value."""

    name: str
    state: str
    label: str
    device: Device | None = None
    line: OrderLine | None = None

    @property
    def short_name(self) -> str:
        return self.name.removeprefix(VENDOR_NAME_PREFIX)

    @property
    def connected(self) -> bool:
        return self.state == DeviceState.CONNECTED

    @property
    def gateway(self) -> Gateway | None:
        return self.device.gateway if self.device else None

    @property
    def reported_status(self) -> str:
        """The vendor's message that a re-read hasn't confirmed yet."""
        return self.device.unconfirmed_status if self.device and self.device.unconfirmed else ""

    @property
    def steps(self) -> list[DeliveryStep]:
        """Empty once it has sent its first reading, and for what will never come."""
        device, line = self.device, self.line
        if self.state in (LineStatus.CANCELLED, LineStatus.REJECTED) or (device and device.first_reading_at):
            return []
        ordered = DeliveryStep("Requested", line.order.placed_at, by=line.order.placed_by.name) if line else None
        if device is None:
            return [
                *([ordered] if ordered else []),
                DeliveryStep("Shipped"),
                DeliveryStep("Delivered"),
                DeliveryStep("First reading"),
            ]
        return [
            ordered or DeliveryStep("Requested", device.vendor_created),
            DeliveryStep("Shipped", device.shipped_on, link=safe_tracking_url(device.tracking_link) or ""),
            DeliveryStep("Delivered", device.delivered_on),
            DeliveryStep("First reading"),
        ]


def equipment_by_patient(patient_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[EquipmentItem]]:
    """In two queries, however many patients. What is over (unlinked, cancelled, closed by a person) is left out."""
    ids = list(patient_ids)
    lines = OrderLine.objects.filter(patient__in=ids).select_related("order__placed_by", "device_type")
    found: dict[uuid.UUID, list[EquipmentItem]] = defaultdict(list)
    line_of: dict[int | None, OrderLine] = {}
    for line in lines.order_by("order__placed_at", "pk"):
        line_of[line.device_id] = line
        if line.device_id is None and line.closed_at is None:
            label = LineStatus(line.status).label
            found[line.patient_id].append(EquipmentItem(line.device_type.name, line.status, label, None, line))
    for device in Device.objects.linked().filter(patient__in=ids).select_related("gateway"):
        assert device.patient_id is not None  # noqa: S101 - filtered by patient
        label = device_state_label(device.state, device.vendor_status)
        found[device.patient_id].append(EquipmentItem(device.name, device.state, label, device, line_of.get(device.pk)))
    return sort_by_name(found)


def equipment_summaries(patient_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[EquipmentItem]]:
    """For lists: the same without devices and lines. A page of fifty people would carry 2,000 values for it."""
    ids = list(patient_ids)
    lines = OrderLine.objects.filter(patient__in=ids, device__isnull=True, closed_at__isnull=True)
    devices = Device.objects.linked().filter(patient__in=ids)
    found: dict[uuid.UUID, list[EquipmentItem]] = defaultdict(list)
    named = lines.order_by("order__placed_at", "pk").values_list("patient_id", "device_type__name", "status")
    for patient_id, name, status in named:
        found[patient_id].append(EquipmentItem(name, status, LineStatus(status).label))
    for patient_id, name, state, said in devices.values_list("patient_id", "name", "state", "vendor_status"):
        found[patient_id].append(EquipmentItem(name, state, device_state_label(state, said)))
    return sort_by_name(found)


def sort_by_name(found: dict[uuid.UUID, list[EquipmentItem]]) -> dict[uuid.UUID, list[EquipmentItem]]:
    return {pk: sorted(held, key=attrgetter("name")) for pk, held in found.items()}


def equipment_of(patient_id: uuid.UUID) -> list[EquipmentItem]:
    return equipment_by_patient([patient_id]).get(patient_id, [])


def device_state_label(state: str, vendor_status: str) -> str:
    """In the vendor's words where it is none that we know."""
    return vendor_status if state == DeviceState.OTHER and vendor_status else str(DeviceState(state).label)
