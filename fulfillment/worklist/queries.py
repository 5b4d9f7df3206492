"""Worklist queries: what is stuck, of three kinds of rows, for every count and list of the same name.

Stuck are order lines, devices that were not ordered here, and calls that end a device's monitoring, when they need a
person by their state or have not moved for longer than their step usually takes (`devices.step_durations`), whatever
the cause. A kind is a LineStatus, the same for the three; its text says why and what to do next.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.utils import timezone

from devices import step_durations
from devices.models import Device, VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.statuses import DeviceState, StatusText
from fulfillment.display.status_texts import stuck_label, stuck_text
from fulfillment.models import LineStatus, OrderLine
from patients.models import Clinic, Patient
from patients.models.patient import CONTACT_COLUMNS

MAX_ITEMS = 50  # of each source on a page
PATIENT_FIELDS = tuple(f"patient__{column}" for column in ("given_name", "family_name", *CONTACT_COLUMNS))
DEVICE_ATTENTION_STATES = tuple(state for state in DeviceState if LineStatus(state) in LineStatus.stuck())


class StuckSource(StrEnum):
    LINE = "Ordered devices"
    DEVICE = "Devices without an order"
    CALL = "Ends of monitoring"


@dataclass(frozen=True)
class StuckItem:
    """One thing that a person has to act on: what it is, since when, and of which order, device or call."""

    source: StuckSource
    kind: LineStatus
    since: dt.datetime
    patient: Patient
    name: str  # of the device
    order_id: uuid.UUID | None = None
    hwi_id: uuid.UUID | None = None
    call_id: uuid.UUID | None = None

    @property
    def label(self) -> str:
        return stuck_label(self.kind)

    @property
    def text(self) -> StatusText:
        """Why, and what to do next."""
        return stuck_text(self.kind)


def stuck_device_condition(now: dt.datetime | Combinable) -> Q:
    """Of linked devices of patients without an order here; those with an order are stuck with their order line."""
    unordered = Q(patient__isnull=False) & Q(~Exists(OrderLine.objects.filter(device=OuterRef("pk"))))
    unconfirmed = Q(
        state=DeviceState.OTHER, vendor_status=""
    )  # attached by a person, and the vendor has no word for it
    dates = step_durations.VENDOR_DATES
    late = step_durations.overdue_condition(now, state="state", since="state_since", vendor_dates=dates)
    attention = Q(state__in=DEVICE_ATTENTION_STATES) & ~unconfirmed
    return (attention | (late & Q(first_reading_at__isnull=True))) & unordered


def stuck_call_condition(now: dt.datetime | Combinable) -> Q:
    """Of calls that end a device's monitoring: refused, needing a decision, or not answered for longer than usual."""
    later = VendorCall.objects.filter(
        device=OuterRef("device"), kind__in=CallKind.ending(), created_at__gt=OuterRef("created_at")
    )
    # A cancellation is refused once the device is shipped: then it is in use and nothing has to be done.
    in_use = Q(kind=CallKind.DELETE, device__state=DeviceState.CONNECTED)
    refused = Q(state=CallState.REJECTED) & ~in_use & Q(~Exists(later))
    late = step_durations.overdue_condition(now, state="state", since="created_at")
    open_end = Q(kind__in=CallKind.ending(), device__state__in=DeviceState.linked())
    return open_end & (Q(state=CallState.NEEDS_REVIEW) | refused | late)


def of_clinics(clinics: Iterable[Clinic] | None) -> Q:
    """Rows with a patient of these clinics; None: of all."""
    return Q() if clinics is None else Q(patient__clinic__in=clinics)


def stuck_lines(clinics: Iterable[Clinic] | None = None) -> QuerySet[OrderLine]:
    return OrderLine.objects.filter(of_clinics(clinics)).stuck().with_stuck_kind()


def stuck_devices(clinics: Iterable[Clinic] | None = None) -> QuerySet[Device, Any]:
    dated = [
        When(state=state, then=Coalesce(field, "state_since")) for state, field in step_durations.VENDOR_DATES.items()
    ]
    stuck = Device.objects.filter(of_clinics(clinics), stuck_device_condition(timezone.now()))
    return stuck.annotate(stuck_kind=F("state"), stuck_since=Case(*dated, default="state_since"))


def stuck_calls(clinics: Iterable[Clinic] | None = None) -> QuerySet[VendorCall, Any]:
    decision = When(state=CallState.NEEDS_REVIEW, then=Value(LineStatus.NEEDS_REVIEW))
    stuck = VendorCall.objects.filter(of_clinics(clinics), stuck_call_condition(timezone.now()))
    kind = Case(decision, default=Value(LineStatus.NOT_ENDED))
    return stuck.annotate(stuck_kind=kind, stuck_since=Coalesce("resolved_at", "unknown_since", "created_at"))


def count_stuck(clinics: Iterable[Clinic]) -> Counter[tuple[StuckSource, LineStatus]]:
    """Three queries, however many rows and clinics."""
    own, found = list(clinics), Counter[tuple[StuckSource, LineStatus]]()
    sources: dict[StuckSource, QuerySet[Any, Any]] = {
        StuckSource.LINE: stuck_lines(own),
        StuckSource.DEVICE: stuck_devices(own),
        StuckSource.CALL: stuck_calls(own),
    }
    for source, rows in sources.items():
        for kind, count in rows.order_by().values_list("stuck_kind").annotate(n=Count("pk")):
            found[source, LineStatus(kind)] = count
    return found


def stuck_items(
    clinics: Iterable[Clinic], sources: Iterable[StuckSource] = tuple(StuckSource), *, limit: int = MAX_ITEMS
) -> list[StuckItem]:
    """At most `limit` of each source, the longest stuck first. One query for each source."""
    own, found = list(clinics), list[StuckItem]()
    for source in sources:
        found += (build_item(source, row) for row in fetch_rows(source, own, limit))
    worst = LineStatus.worst_first()
    return sorted(found, key=lambda item: (worst.index(item.kind), item.since))


def fetch_rows(source: StuckSource, clinics: list[Clinic], limit: int) -> Iterable[Any]:
    if source == StuckSource.LINE:
        lines = stuck_lines(clinics).select_related("patient", "device_type", "device")
        rows: QuerySet[Any, Any] = lines.only("order", "device_type__name", "device__hwi_id", *PATIENT_FIELDS)
    elif source == StuckSource.DEVICE:
        rows = stuck_devices(clinics).select_related("patient").only("name", "hwi_id", *PATIENT_FIELDS)
    else:
        calls = stuck_calls(clinics).select_related("patient", "device")
        rows = calls.only("device__name", "device__hwi_id", *PATIENT_FIELDS)
    return rows.order_by("stuck_since", "pk")[:limit]


def build_item(source: StuckSource, row: Any) -> StuckItem:
    device = row if source == StuckSource.DEVICE else row.device
    return StuckItem(
        source=source,
        kind=LineStatus(row.stuck_kind),
        since=row.stuck_since,
        patient=row.patient,
        name=row.device_type.name if source == StuckSource.LINE else device.name,
        order_id=row.order_id if source == StuckSource.LINE else None,
        hwi_id=device.hwi_id if device else None,
        call_id=row.pk if source == StuckSource.CALL else None,
    )
