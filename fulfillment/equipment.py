"""Equipment of patients: linked devices, and ordered devices that have no HWI device id yet."""

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
    """One step to the first reading; `at` is None while it is still to come."""

    label: str
    at: dt.datetime | None = None
    by: str = ""
    link: str = ""


@dataclass(frozen=True)
class EquipmentItem:
    """A device, or an order line without one. `state` is a value of DeviceState or LineStatus."""

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
        """The status of a webhook that no refresh has confirmed yet."""
        return self.device.unconfirmed_status if self.device and self.device.unconfirmed else ""

    @property
    def steps(self) -> list[DeliveryStep]:
        """Empty after the first reading, and for a device that will not arrive."""
        device, line = self.device, self.line
        if self.state in (LineStatus.CANCELLED, LineStatus.REJECTED) or (device and device.first_reading_at):
            return []
        steps = []
        if line:
            steps.append(DeliveryStep("Requested", line.order.placed_at, by=line.order.placed_by.name))
        elif device:
            steps.append(DeliveryStep("Requested", device.vendor_created))
        link = (device and safe_tracking_url(device.tracking_link)) or ""
        steps.append(DeliveryStep("Shipped", device.shipped_on if device else None, link=link))
        steps.append(DeliveryStep("Delivered", device.delivered_on if device else None))
        return [*steps, DeliveryStep("First reading")]


def equipment_by_patient(patient_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[EquipmentItem]]:
    """Two queries for any number of patients. Without unlinked, cancelled and closed ones."""
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
    """For lists: as `equipment_by_patient`, but items without device and line, 2,000 values less per page of 50."""
    ids = list(patient_ids)
    lines = OrderLine.objects.filter(patient__in=ids, device__isnull=True, closed_at__isnull=True)
    devices = Device.objects.linked().filter(patient__in=ids)
    found: dict[uuid.UUID, list[EquipmentItem]] = defaultdict(list)
    named = lines.order_by("order__placed_at", "pk").values_list("patient_id", "device_type__name", "status")
    for patient_id, name, status in named:
        found[patient_id].append(EquipmentItem(name, status, LineStatus(status).label))
    for patient_id, name, state, vendor_status in devices.values_list("patient_id", "name", "state", "vendor_status"):
        found[patient_id].append(EquipmentItem(name, state, device_state_label(state, vendor_status)))
    return sort_by_name(found)


def sort_by_name(found: dict[uuid.UUID, list[EquipmentItem]]) -> dict[uuid.UUID, list[EquipmentItem]]:
    return {pk: sorted(held, key=attrgetter("name")) for pk, held in found.items()}


def equipment_of(patient_id: uuid.UUID) -> list[EquipmentItem]:
    return equipment_by_patient([patient_id]).get(patient_id, [])


def device_state_label(state: str, vendor_status: str) -> str:
    """The vendor's text for a state that we don't know."""
    return vendor_status if state == DeviceState.OTHER and vendor_status else str(DeviceState(state).label)
