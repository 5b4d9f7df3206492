"""Equipment of patients: linked devices, and ordered devices that have no HWI device id yet."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from django.db.models import OuterRef, Q, Subquery

from devices.hardware_ids import format_hardware_id
from devices.models import Assignment, Device, Gateway, HardwareChange
from devices.models.vendor_call import CallState
from devices.outbox import waiting_reasons
from devices.outbox.waiting_reasons import LaneStop
from devices.statuses import DeviceState, StatusText
from fulfillment.display.status_texts import WAITING_STATUSES
from fulfillment.display.tracking_links import safe_tracking_url
from fulfillment.models import LineStatus, OrderLine
from fulfillment.ordering.unshipped_orders import OutdatedOrder, outdated_orders
from fulfillment.worklist.kinds import kind_named
from fulfillment.worklist.models import WorklistItem
from patients.models import Patient

# A device in one of these may still be sent to an address that is out of date.
UNSHIPPED_STATUSES = (*CallState.unresolved(), CallState.REJECTED, *DeviceState.before_shipping())
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
    problems: tuple[StatusText, ...] = ()  # its open exceptions: why it needs a person, and what to do

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
    def family(self) -> str:
        """The sensor code, or the name where it has none; empty for an item of a list."""
        source = self.device or (self.line and self.line.device_type)
        return source.family if source else ""

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


@dataclass(frozen=True)
class EndedDevice:
    """A device that was a patient's. `started_at` is None where neither we nor the vendor know the beginning;
    `has_page` is false for one that another patient has now."""

    device: Device
    has_page: bool
    label: str
    started_at: dt.datetime | None
    ended_at: dt.datetime | None
    hardware: str  # gateway ID or IMEI that it was on, as printed; empty for one that another patient has now


@dataclass(frozen=True)
class PatientEquipment:
    items: list[EquipmentItem]
    ended: list[EndedDevice]  # the last ended first
    lane_stop: LaneStop | None  # why something of it waits
    outdated: list[OutdatedOrder]


def equipment_of(patient: Patient) -> PatientEquipment:
    """Three queries for any number of devices, two or three more while something waits for the vendor, and one while
    something has not shipped. Without order lines that are closed."""
    patient_id, items, ended = patient.pk, [], []
    lines: Any = OrderLine.objects.filter(patient=patient_id).select_related("order__placed_by", "device_type")
    problems = problems_of(patient_id)
    line_of: dict[int | None, Any] = {}
    for line in lines.order_by("order__placed_at", "pk"):
        line_of[line.device_id] = line
        if line.device_id is None and line.closed_at is None:
            label = str(LineStatus(line.status).label)
            of_line = problems.about(line=line.pk)
            items.append(EquipmentItem(line.device_type.name, line.status, label, None, line, of_line))
    held = Assignment.objects.filter(device=OuterRef("pk"), patient=patient_id).order_by("-started_at")[:1]
    dates = {"held_from": Subquery(held.values("started_at")), "held_until": Subquery(held.values("ended_at"))}
    mine = Q(patient=patient_id) | Q(pk__in=Assignment.objects.filter(patient=patient_id).values("device"))
    left = HardwareChange.objects.filter(device=OuterRef("pk")).exclude(old_hardware_uuid="").order_by("-pk")
    dates["left_hardware"] = Subquery(left.values("old_hardware_uuid")[:1])
    devices: Any = Device.objects.filter(mine).select_related("gateway").annotate(**dates)
    for device in devices:
        if device.patient_id != patient_id or not device.is_linked:
            ended.append(build_ended_device(device, patient_id))
            continue
        label, line = device_state_label(device.state, device.vendor_status), line_of.get(device.pk)
        about = problems.about(device=device.pk, gateway=device.gateway_id)
        items.append(EquipmentItem(device.name, device.state, label, device, line, about))
    ended.sort(key=lambda each: each.ended_at.timestamp() if each.ended_at else 0.0, reverse=True)
    waits = any(item.state in WAITING_STATUSES or item.reported_status for item in items)
    stop = waiting_reasons.user_lane_stop() if waits else None
    unshipped = any(item.line and item.state in UNSHIPPED_STATUSES for item in items)
    outdated = outdated_orders(patient) if unshipped else []
    return PatientEquipment(sorted(items, key=attrgetter("name")), ended, stop, outdated)


@dataclass(frozen=True)
class EquipmentProblems:
    """Texts of a patient's open exceptions, the most urgent first. One of a gateway is of every device on it."""

    rows: list[tuple[WorklistItem, StatusText]]

    def about(
        self, *, line: uuid.UUID | None = None, device: int | None = None, gateway: int | None = None
    ) -> tuple[StatusText, ...]:
        def is_meant(item: WorklistItem) -> bool:
            if item.device_id:
                return item.device_id == device
            return (line is not None and item.line_id == line) or (gateway is not None and item.gateway_id == gateway)

        return tuple(text for item, text in self.rows if is_meant(item))


def problems_of(patient_id: uuid.UUID) -> EquipmentProblems:
    """As the list of exceptions judges; nothing is judged here."""
    items = WorklistItem.objects.of_equipment().filter(patient=patient_id)
    return EquipmentProblems([(item, kind_named(item.kind).describe(item.facts)) for item in items])


def build_ended_device(device: Any, patient_id: uuid.UUID) -> EndedDevice:
    """`device` carries the annotations of `equipment_of`."""
    own = device.patient_id == patient_id
    began = device.held_from or device.connected_on or device.first_reading_at or device.vendor_created
    label = device.state_label if own else "No longer this patient's"
    hardware = format_hardware_id(device.hardware_uuid or device.left_hardware or "") if own else ""
    return EndedDevice(device, own, label, began, device.held_until or device.unlinked_on, hardware)


def equipment_summaries(patient_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[EquipmentItem]]:
    """For lists: as `equipment_of`, but items without device and line, 2,000 values less per page of 50."""
    ids = list(patient_ids)
    lines = OrderLine.objects.filter(patient__in=ids, device__isnull=True, closed_at__isnull=True)
    devices = Device.objects.linked().filter(patient__in=ids)
    found: dict[uuid.UUID, list[EquipmentItem]] = defaultdict(list)
    named = lines.order_by("order__placed_at", "pk").values_list("patient_id", "device_type__name", "status")
    for patient_id, name, status in named:
        found[patient_id].append(EquipmentItem(name, status, LineStatus(status).label))
    for patient_id, name, state, vendor_status in devices.values_list("patient_id", "name", "state", "vendor_status"):
        found[patient_id].append(EquipmentItem(name, state, device_state_label(state, vendor_status)))
    return {pk: sorted(held, key=attrgetter("name")) for pk, held in found.items()}


def device_state_label(state: str, vendor_status: str) -> str:
    """The vendor's text for a state that we don't know."""
    return vendor_status if state == DeviceState.OTHER and vendor_status else str(DeviceState(state).label)
