"""Unknown devices: deliveries name them, and no patient here holds them. A person attaches each to a patient, requests
another look-up at the vendor, or dismisses what it sent. Shown are facts of the device, counts and dates; no value."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Count, Exists, Max, Min, OuterRef, Q
from django.utils import timezone

from devices import gateway_holders
from devices.inbox import maintenance, ownership, processing
from devices.inbox.payload_parsing import InvalidPayload, PayloadItem, parse_items
from devices.models import Assignment, Delivery, Device
from devices.models.delivery import DeliveryState
from devices.statuses import DeviceState
from devices.sync import upsert
from patients.audit import audit_log
from patients.folding import fold_case
from patients.models import AuditEvent, Patient

if TYPE_CHECKING:
    from patients.models import User

MAX_SHOWN = 200
MAX_BODIES_READ = 50  # bodies that are read for facts: the newest are enough
MAX_FACT_CHARS = 80


class NotAttachable(Exception):
    """Why this device can't be attached to this patient, in words for a person."""


@dataclass(frozen=True)
class UnknownDevice:
    """What is known about one HWI id without a holder. `device` is None when the vendor has not confirmed it."""

    hwi_id: uuid.UUID
    count: int
    waiting: int
    first_at: dt.datetime
    last_at: dt.datetime
    reason: str
    device: Device | None = None

    @property
    def confirmed(self) -> bool:
        return self.device is not None


def list_unknown_devices() -> list[UnknownDevice]:
    """Newest first. Two queries, however many."""
    rows = list(summarize_by_device(open_deliveries()).order_by("-last_at", "hwi_id")[:MAX_SHOWN])
    known = Device.objects.select_related("gateway").in_bulk([row["hwi_id"] for row in rows], field_name="hwi_id")
    return [UnknownDevice(**row, device=known.get(row["hwi_id"])) for row in rows]


def count_unknown_devices() -> int:
    return int(open_deliveries().order_by().values("hwi_id").distinct().count())


def find_unknown_device(hwi_id: uuid.UUID) -> UnknownDevice | None:
    row = summarize_by_device(open_deliveries().filter(hwi_id=hwi_id)).order_by("hwi_id").first()
    if row is None:
        return None
    return UnknownDevice(**row, device=Device.objects.select_related("gateway").filter(hwi_id=hwi_id).first())


def open_deliveries() -> Any:
    assigned = Assignment.objects.filter(device__hwi_id=OuterRef("hwi_id"))
    return Delivery.objects.filter(~Exists(assigned), state__in=DeliveryState.of_unknown_device(), hwi_id__isnull=False)


def summarize_by_device(deliveries: Any) -> Any:
    """One dict for each HWI id, with the fields of UnknownDevice."""
    return deliveries.values("hwi_id").annotate(
        count=Count("pk"),
        waiting=Count("pk", filter=Q(state=DeliveryState.WAITING)),
        first_at=Min("received_at"),
        last_at=Max("received_at"),
        reason=Max("reason"),
    )


@dataclass(frozen=True)
class DeviceFacts:
    """What the messages themselves say about the device."""

    names: tuple[str, ...]
    sensor_codes: tuple[str, ...]
    gateways: tuple[str, ...]
    metrics: tuple[str, ...]
    vendor_patient_ids: tuple[str, ...]  # the vendor's patient ids


def device_facts_for(hwi_id: uuid.UUID) -> DeviceFacts:
    items = [item.fields for item in delivered_items_for(hwi_id)]
    return DeviceFacts(
        names=distinct_texts(items, "device_name"),
        sensor_codes=distinct_texts(items, "sensor_code"),
        gateways=distinct_texts(items, "hardware_uuid"),
        metrics=distinct_texts(items, "metric"),
        vendor_patient_ids=distinct_texts(items, "patient_id"),
    )


def delivered_items_for(hwi_id: uuid.UUID) -> Iterable[PayloadItem]:
    newest = (
        Delivery.objects.filter(hwi_id=hwi_id, state__in=DeliveryState.of_unknown_device())
        .order_by("-pk")
        .values_list("body", flat=True)
    )
    for body in newest[:MAX_BODIES_READ]:
        try:
            yield from (item for item in parse_items(bytes(body)) if isinstance(item, PayloadItem))
        except InvalidPayload:
            continue


def distinct_texts(items: Iterable[dict[str, Any]], name: str) -> tuple[str, ...]:
    texts = (item.get(name) for item in items)
    return tuple(sorted({text[:MAX_FACT_CHARS] for text in texts if isinstance(text, str) and text}))


def suggest_patient(facts: DeviceFacts, *, to: User) -> Patient | None:
    """The one patient of the person's own clinics whom the vendor's messages name."""
    named = [patient for account in facts.vendor_patient_ids if (patient := Patient.objects.by_external_id(account))]
    own = [patient for patient in named if Patient.objects.visible_to(to).filter(pk=patient.pk).exists()]
    return own[0] if len(own) == 1 == len(named) else None


@transaction.atomic
def attach_unknown_device(*, hwi_id: uuid.UUID, patient: Patient, by: User, sharing_reason: str = "") -> Device:
    """This patient holds the device, and always has. What it sent is processed again. Raises NotAttachable, and
    GatewayHeldError for a gateway that another patient has."""
    unknown = find_unknown_device(hwi_id)
    if unknown is None:
        raise NotAttachable("Nothing of this device waits any more: another person may have resolved it.")
    if not Patient.objects.visible_to(by).filter(pk=patient.pk).exists():
        raise NotAttachable("This patient is not of your clinics.")
    facts = device_facts_for(hwi_id)
    device = unknown.device or create_unconfirmed_device(hwi_id, facts)
    upsert.attach_device(device, patient, vendor_patient_id=resolve_vendor_patient_id(device, facts, patient))
    for gateway in [device.hardware_uuid] if device.gateway else facts.gateways:
        check_gateway_sharing(gateway, device, patient, by=by, reason=sharing_reason)
    replayed = maintenance.replay_deliveries(
        Delivery.objects.filter(hwi_id=hwi_id, state__in=DeliveryState.of_unknown_device())
    )
    audit_log.record_event(
        AuditEvent.Action.ATTACH_DEVICE, by=by, patients=[patient.pk], clinic=patient.clinic, target=f"device:{hwi_id}",
        confirmed_by_vendor=unknown.confirmed, replayed=replayed,
    )  # fmt: skip
    return device


def check_gateway_sharing(gateway: str, device: Device, patient: Patient, *, by: User, reason: str) -> None:
    """Called after the patient is locked. Unattached devices on the gateway are ignored: they may be this patient's.
    Raises GatewayHeldError."""
    gateway_holders.lock_gateway(gateway)
    holders = replace(gateway_holders.find_other_holders(gateway, patient=patient), unenrolled=False)
    gateway_holders.require_shareable(holders, reason=reason)
    if holders:
        target = f"device:{device.hwi_id}"
        gateway_holders.record_sharing(holders, patient=patient, by=by, reason=reason, target=target)


def create_unconfirmed_device(hwi_id: uuid.UUID, facts: DeviceFacts) -> Device:
    """The vendor does not list it; the next comparison says so until it does."""
    name = facts.names[0] if len(facts.names) == 1 else "Unknown device"
    code = facts.sensor_codes[0] if len(facts.sensor_codes) == 1 else ""
    return Device.objects.create(hwi_id=hwi_id, name=name, sensor_code=code, state=DeviceState.OTHER)


def resolve_vendor_patient_id(device: Device, facts: DeviceFacts, patient: Patient) -> str:
    """The vendor's patient id of the holder, where it isn't ours. Raises NotAttachable for one of another patient."""
    names = {device.vendor_patient_id} if device.vendor_patient_id else set(facts.vendor_patient_ids)
    others = {name for name in names if fold_case(name) != patient.folded_external_id}
    if any(Patient.objects.by_external_id(name) for name in others):
        raise NotAttachable("The vendor links this device to another patient who is enrolled. Change it there first.")
    if len(others) > 1:
        raise NotAttachable("The messages of this device name several patients. Ask the vendor whose it is.")
    return others.pop() if others else ""


@transaction.atomic
def request_another_lookup(*, hwi_id: uuid.UUID, by: User) -> int:
    """The vendor is asked about it once more, within a minute; not for deliveries that name a patient elsewhere."""

    def await_device(rows: Any) -> int:
        due = timezone.now() + processing.DEVICE_WAIT_LIMIT
        changes = {"state": DeliveryState.WAITING, "processed_at": None, "next_attempt_at": due, "lookup_after": None}
        return int(rows.update(**changes))

    rows = Delivery.objects.filter(hwi_id=hwi_id, state__in=DeliveryState.of_unknown_device())
    return ownership.change_own(rows, await_device, action=AuditEvent.Action.REPLAY, by=by, target=f"device:{hwi_id}")


@transaction.atomic
def dismiss_unknown_device(*, hwi_id: uuid.UUID, reason: str, by: User) -> int:
    """Readings of no patient, such as the vendor's test messages. The bodies stay until they are purged by age."""
    rows = open_deliveries().filter(hwi_id=hwi_id)
    return ownership.dismiss_own(rows, reason=reason, by=by, target=f"device:{hwi_id}")
