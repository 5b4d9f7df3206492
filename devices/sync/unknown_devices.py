"""Devices that deliveries name and nobody here holds. A person attaches each to a patient, has the vendor asked once
more, or dismisses what it sent. Shown are facts of the device, counts and dates; never a value."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Count, Exists, Max, Min, OuterRef, Q
from django.utils import timezone

from devices.inbox import processing
from devices.inbox.payload_parsing import Item, Unusable, items_of
from devices.models import Assignment, Delivery, Device
from devices.models.delivery import DeliveryState
from devices.statuses import DeviceState
from devices.sync import upsert
from patients.audit import audit_log
from patients.models import AuditEvent, Patient

if TYPE_CHECKING:
    from patients.models import User

OPEN = (DeliveryState.WAITING, DeliveryState.QUARANTINED)
MOST_SHOWN = 200
MOST_READ = 50  # bodies that are read for facts: the newest tell enough
LONGEST_FACT = 80


class NotAttachable(Exception):
    """Why this device can't be attached to this patient, in words for a person."""


@dataclass(frozen=True)
class Stranger:
    """What is known about one HWI id that nobody holds. `device` is None when the vendor has not confirmed it."""

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


def listed() -> list[Stranger]:
    """Newest first. Three queries, however many."""
    rows = list(
        _open().values("hwi_id").annotate(count=Count("pk"), **SUMMARY).order_by("-last_at", "hwi_id")[:MOST_SHOWN]
    )
    known = Device.objects.select_related("gateway").in_bulk([row["hwi_id"] for row in rows], field_name="hwi_id")
    return [Stranger(**row, device=known.get(row["hwi_id"])) for row in rows]


def count() -> int:
    return int(_open().order_by().values("hwi_id").distinct().count())


def find(hwi_id: uuid.UUID) -> Stranger | None:
    row = (
        _open().filter(hwi_id=hwi_id).values("hwi_id").annotate(count=Count("pk"), **SUMMARY).order_by("hwi_id").first()
    )
    if row is None:
        return None
    return Stranger(**row, device=Device.objects.select_related("gateway").filter(hwi_id=hwi_id).first())


SUMMARY: dict[str, Any] = {
    "waiting": Count("pk", filter=Q(state=DeliveryState.WAITING)),
    "first_at": Min("received_at"),
    "last_at": Max("received_at"),
    "reason": Max("reason"),
}


def _open() -> Any:
    held = Assignment.objects.filter(device__hwi_id=OuterRef("hwi_id"))
    return Delivery.objects.filter(~Exists(held), state__in=OPEN, hwi_id__isnull=False)


@dataclass(frozen=True)
class Facts:
    """What the messages themselves say about the device."""

    names: tuple[str, ...]
    sensor_codes: tuple[str, ...]
    gateways: tuple[str, ...]
    metrics: tuple[str, ...]
    accounts: tuple[str, ...]  # the vendor's patient ids


def facts_of(hwi_id: uuid.UUID) -> Facts:
    items = [item.fields for item in _items_of(hwi_id)]
    return Facts(
        names=_said(items, "device_name"),
        sensor_codes=_said(items, "sensor_code"),
        gateways=_said(items, "hardware_uuid"),
        metrics=_said(items, "metric"),
        accounts=_said(items, "patient_id"),
    )


def _items_of(hwi_id: uuid.UUID) -> Iterable[Item]:
    newest = Delivery.objects.filter(hwi_id=hwi_id, state__in=OPEN).order_by("-pk").values_list("body", flat=True)
    for body in newest[:MOST_READ]:
        try:
            yield from (item for item in items_of(bytes(body)) if isinstance(item, Item))
        except Unusable:
            continue


def _said(items: Iterable[dict[str, Any]], name: str) -> tuple[str, ...]:
    texts = (item.get(name) for item in items)
    return tuple(sorted({text[:LONGEST_FACT] for text in texts if isinstance(text, str) and text}))


def suggested(facts: Facts, *, to: User) -> Patient | None:
    """The one patient of the person's own clinics whom the vendor's messages name."""
    named = [patient for account in facts.accounts if (patient := Patient.objects.known_as(account))]
    own = [patient for patient in named if Patient.objects.visible_to(to).filter(pk=patient.pk).exists()]
    return own[0] if len(own) == 1 == len(named) else None


@transaction.atomic
def attach(*, hwi_id: uuid.UUID, patient: Patient, by: User) -> Device:
    """This patient holds the device, and always has. What it sent is worked on again. Raises NotAttachable."""
    stranger = find(hwi_id)
    if stranger is None:
        raise NotAttachable("Nothing of this device waits any more: somebody else may have settled it.")
    if not Patient.objects.visible_to(by).filter(pk=patient.pk).exists():
        raise NotAttachable("This patient is not of your clinics.")
    facts = facts_of(hwi_id)
    device = stranger.device or _unconfirmed(hwi_id, facts)
    upsert.attach(device, patient, known_as=_account(device, facts, patient))
    replayed = processing.replay(Delivery.objects.filter(hwi_id=hwi_id, state__in=OPEN))
    audit_log.record(
        AuditEvent.Action.ADOPT, by=by, patients=[patient.pk], clinic=patient.clinic, target=f"device:{hwi_id}",
        confirmed_by_vendor=stranger.confirmed, replayed=replayed,
    )  # fmt: skip
    return device


def _unconfirmed(hwi_id: uuid.UUID, facts: Facts) -> Device:
    """The vendor does not list it; the next comparison says so until it does."""
    name = facts.names[0] if len(facts.names) == 1 else "Unknown device"
    code = facts.sensor_codes[0] if len(facts.sensor_codes) == 1 else ""
    return Device.objects.create(hwi_id=hwi_id, name=name, sensor_code=code, state=DeviceState.OTHER)


def _account(device: Device, facts: Facts, patient: Patient) -> str:
    """The one name under which the vendor speaks of the holder, where it isn't ours. Another patient's is refused."""
    names = {device.vendor_patient_id} if device.vendor_patient_id else set(facts.accounts)
    others = {name for name in names if name.lower() != patient.external_id.lower()}
    if any(Patient.objects.known_as(name) for name in others):
        raise NotAttachable("The vendor links this device to another patient who is enrolled. Change it there first.")
    if len(others) > 1:
        raise NotAttachable("The messages of this device name several patients. Ask the vendor whose it is.")
    return others.pop() if others else ""


@transaction.atomic
def ask_again(*, hwi_id: uuid.UUID, by: User) -> int:
    """The vendor is asked about it once more, within a minute."""
    rows = Delivery.objects.filter(hwi_id=hwi_id, state__in=OPEN)
    asked = rows.update(
        state=DeliveryState.WAITING, processed_at=None, next_attempt_at=timezone.now() + processing.WAIT_FOR_DEVICE
    )
    audit_log.record(AuditEvent.Action.REPLAY, by=by, target=f"device:{hwi_id}", asked_again=asked)
    return asked


@transaction.atomic
def dismiss(*, hwi_id: uuid.UUID, reason: str, by: User) -> int:
    """Nobody's readings, such as the vendor's test messages. The bodies stay until they are purged by age."""
    dismissed = processing.dismiss(_open().filter(hwi_id=hwi_id), reason=reason)
    audit_log.record(AuditEvent.Action.DISMISS, by=by, target=f"device:{hwi_id}", count=dismissed)
    return dismissed
