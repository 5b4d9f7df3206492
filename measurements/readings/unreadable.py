"""Deliveries of a patient's devices that could not be read: a reading may be missing, so the patient's page says so."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, Subquery

from devices.inbox.processing import UNREADABLE
from devices.models import Assignment, Delivery, Device
from devices.models.delivery import DeliveryKind, DeliveryState
from patients.models import Patient

SHOWN_FOR = dt.timedelta(days=30)
MAX_SHOWN = 5


@dataclass(frozen=True)
class UnreadableDelivery:
    """Names no value: what was sent is shown to administrators, on the delivery's page."""

    pk: int
    received_at: dt.datetime
    device_name: str


def fetch_unreadable_deliveries(
    patient: Patient, *, now: dt.datetime, device: Device | None = None
) -> list[UnreadableDelivery]:
    """The newest, of all devices that the patient held when they came, or of one. Until dismissed, or for 30 days."""
    held = Assignment.objects.filter(patient=patient)
    if device is not None:
        held = held.filter(device=device)
    at_receipt = held.filter(
        Q(started_at__isnull=True) | Q(started_at__lte=OuterRef("received_at")),
        Q(ended_at__isnull=True) | Q(ended_at__gt=OuterRef("received_at")),
        device__hwi_id=OuterRef("hwi_id"),
    )
    name = Device.objects.filter(hwi_id=OuterRef("hwi_id")).values("name")[:1]
    found = Delivery.objects.filter(
        Exists(at_receipt),
        kind=DeliveryKind.MEASUREMENT,
        state__in=DeliveryState.failed(),
        hwi_id__in=held.values("device__hwi_id"),
        received_at__gte=now - SHOWN_FOR,
        outcome__has_key=UNREADABLE,
    )
    rows = found.annotate(device_name=Subquery(name)).order_by("-received_at", "-pk")
    return [UnreadableDelivery(*row) for row in rows.values_list("pk", "received_at", "device_name")[:MAX_SHOWN]]
