"""What a patient holds and waits for: linked devices, and ordered ones that the vendor hasn't given an id yet."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from devices.models import Device, Gateway
from devices.states import DeviceState
from fulfillment.links import safe_link
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
    device: Device | None
    line: OrderLine | None

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


# All that a list says of a device. A page of fifty people would otherwise carry two thousand values for nothing.
BRIEFLY = ("patient_id", "name", "state", "vendor_status")


def of_many(patient_ids: Iterable[uuid.UUID], *, brief: bool = False) -> dict[uuid.UUID, list[Holding]]:
    """In two queries, however many patients. What is over (unlinked, cancelled, closed by a person) is left out.

    `brief` is for lists: name, state and label of each holding, and whether it is connected.
    """
    ids = list(patient_ids)
    devices, lines = Device.objects.linked().filter(patient__in=ids), OrderLine.objects.filter(patient__in=ids)
    devices = devices.only(*BRIEFLY) if brief else devices.select_related("gateway")
    lines = lines.select_related("device_type" if brief else "order__placed_by", "device_type")
    found: dict[uuid.UUID, list[Holding]] = defaultdict(list)
    line_of: dict[int | None, OrderLine] = {}
    for line in lines.order_by("order__placed_at", "pk"):
        line_of[line.device_id] = line
        if line.device_id is None and line.closed_at is None:
            found[line.patient_id].append(_awaited(line))
    for device in devices:
        assert device.patient_id is not None  # noqa: S101 - filtered by patient
        found[device.patient_id].append(_held(device, line_of.get(device.pk)))
    return {pk: sorted(held, key=lambda holding: holding.name) for pk, held in found.items()}


def of(patient_id: uuid.UUID) -> list[Holding]:
    return of_many([patient_id]).get(patient_id, [])


def _held(device: Device, line: OrderLine | None) -> Holding:
    state = DeviceState(device.state)
    label = device.vendor_status if state == DeviceState.OTHER and device.vendor_status else str(state.label)
    return Holding(device.name, state, label, device, line)


def _awaited(line: OrderLine) -> Holding:
    return Holding(line.device_type.name, line.status, LineStatus(line.status).label, None, line)
