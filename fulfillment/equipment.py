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
from fulfillment.display.tracking_links import safe_link
from fulfillment.models import LineStatus, OrderLine

VENDORS_PREFIX = "Tenovi "


@dataclass(frozen=True)
class Step:
    """One station on the way to the first reading; `at` is empty while it lies ahead."""

    label: str
    at: dt.datetime | None = None
    by: str = ""
    link: str = ""


@dataclass(frozen=True)
class Holding:
    """A device, or an ordered line without one. `state` is a DeviceState's or LineStatus's value."""

    name: str
    state: str
    label: str
    device: Device | None = None
    line: OrderLine | None = None

    @property
    def short_name(self) -> str:
        return self.name.removeprefix(VENDORS_PREFIX)

    @property
    def connected(self) -> bool:
        return self.state == DeviceState.CONNECTED

    @property
    def gateway(self) -> Gateway | None:
        return self.device.gateway if self.device else None

    @property
    def said(self) -> str:
        """The vendor's message that a re-read hasn't confirmed yet."""
        return self.device.hinted_status if self.device and self.device.unconfirmed else ""

    @property
    def steps(self) -> list[Step]:
        """Empty once it has sent its first reading, and for what will never come."""
        device, line = self.device, self.line
        if self.state in (LineStatus.CANCELLED, LineStatus.REJECTED) or (device and device.first_reading_at):
            return []
        ordered = Step("Requested", line.order.placed_at, by=line.order.placed_by.name) if line else None
        if device is None:
            return [*([ordered] if ordered else []), Step("Shipped"), Step("Delivered"), Step("First reading")]
        return [
            ordered or Step("Requested", device.vendor_created),
            Step("Shipped", device.shipped_on, link=safe_link(device.tracking_link) or ""),
            Step("Delivered", device.delivered_on),
            Step("First reading"),
        ]


def of_many(patient_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[Holding]]:
    """In two queries, however many patients. What is over (unlinked, cancelled, closed by a person) is left out."""
    ids = list(patient_ids)
    lines = OrderLine.objects.filter(patient__in=ids).select_related("order__placed_by", "device_type")
    found: dict[uuid.UUID, list[Holding]] = defaultdict(list)
    line_of: dict[int | None, OrderLine] = {}
    for line in lines.order_by("order__placed_at", "pk"):
        line_of[line.device_id] = line
        if line.device_id is None and line.closed_at is None:
            label = LineStatus(line.status).label
            found[line.patient_id].append(Holding(line.device_type.name, line.status, label, None, line))
    for device in Device.objects.linked().filter(patient__in=ids).select_related("gateway"):
        assert device.patient_id is not None  # noqa: S101 - filtered by patient
        label = _label(device.state, device.vendor_status)
        found[device.patient_id].append(Holding(device.name, device.state, label, device, line_of.get(device.pk)))
    return _by_name(found)


def in_brief(patient_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[Holding]]:
    """For lists: the same without devices and lines. A page of fifty people would carry 2,000 values for it."""
    ids = list(patient_ids)
    lines = OrderLine.objects.filter(patient__in=ids, device__isnull=True, closed_at__isnull=True)
    devices = Device.objects.linked().filter(patient__in=ids)
    found: dict[uuid.UUID, list[Holding]] = defaultdict(list)
    named = lines.order_by("order__placed_at", "pk").values_list("patient_id", "device_type__name", "status")
    for patient_id, name, status in named:
        found[patient_id].append(Holding(name, status, LineStatus(status).label))
    for patient_id, name, state, said in devices.values_list("patient_id", "name", "state", "vendor_status"):
        found[patient_id].append(Holding(name, state, _label(state, said)))
    return _by_name(found)


def _by_name(found: dict[uuid.UUID, list[Holding]]) -> dict[uuid.UUID, list[Holding]]:
    return {pk: sorted(held, key=attrgetter("name")) for pk, held in found.items()}


def of(patient_id: uuid.UUID) -> list[Holding]:
    return of_many([patient_id]).get(patient_id, [])


def _label(state: str, vendors: str) -> str:
    """In the vendor's words where it is none that we know."""
    return vendors if state == DeviceState.OTHER and vendors else str(DeviceState(state).label)
