"""One device: where it stands and what to do, who held it, what hardware was under it, by which order it came."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from devices import device_issues
from devices.models import Assignment, Device, VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.outbox import manual_lookup
from devices.sync import upsert
from fulfillment.display.status_texts import words_for
from fulfillment.models import OrderLine
from measurements.models import Measurement, Metric
from patients.audit import audit_log
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.permissions import Act, open_patient, person, requires
from patients.polling import only_news

ASKED = "The vendor is being asked. What it says is shown here in a moment."


@dataclass(frozen=True)
class Holding:
    """Who held it from when to when. `patient` is empty for somebody of another clinic."""

    patient: Patient | None
    started_at: dt.datetime | None
    ended_at: dt.datetime | None
    why: str


@requires(Act.SEE_PATIENTS)
@require_safe
def device_page(request: HttpRequest, hwi_id: uuid.UUID) -> HttpResponse:
    device, holder = _opened(request, hwi_id)
    return render(request, "devices/page.html", _context(device, holder, person(request)))


def _version(user: User, hwi_id: uuid.UUID) -> int | None:
    """Of its holder."""
    return Device.objects.visible_to(user).filter(hwi_id=hwi_id).values_list("patient__version", flat=True).first()


@requires(Act.SEE_PATIENTS)
@require_safe
@only_news(_version)
def device_live(request: HttpRequest, hwi_id: uuid.UUID) -> HttpResponse:
    device, holder = _opened(request, hwi_id)
    return render(request, "devices/_device.html", _context(device, holder, person(request)))


@requires(Act.SEE_PATIENTS)
@require_POST
def look(request: HttpRequest, hwi_id: uuid.UUID) -> HttpResponse:
    manual_lookup.ask_about(_found(request, hwi_id))
    messages.info(request, ASKED)
    return redirect("devices:page", hwi_id)


def _found(request: HttpRequest, hwi_id: uuid.UUID) -> Device:
    visible = Device.objects.visible_to(person(request)).select_related("gateway", "device_type")
    return get_object_or_404(visible, hwi_id=hwi_id)


def _opened(request: HttpRequest, hwi_id: uuid.UUID) -> tuple[Device, Patient]:
    """With its holder, through the one door."""
    device = _found(request, hwi_id)
    if device.patient_id is None:
        raise Http404("No such device.")
    device.patient = open_patient(device.patient_id, by=person(request))
    return device, device.patient


def _context(device: Device, holder: Patient, user: User) -> dict[str, Any]:
    now = timezone.now()
    return {
        "device": device,
        "holder": holder,
        "zone": holder.clinic.time_zone,
        "words": words_for(device.state),
        "concerns": device_issues.of_device(device, now=now),
        "asking": _asking(device, now),
        "listed": device_issues.listed_as(device),
        "elsewhere": _linked_elsewhere(device),
        "holdings": _holdings(device, holder, user),
        "changes": list(device.hardware_changes.order_by("-pk")),
        "lines": list(_lines(device, user)),
        "newest": list(_newest(device, holder)),
    }


def _asking(device: Device, now: dt.datetime) -> bool:
    """A look is under way: of the device, of its gateway, or of the log of its hardware."""
    due = [at for at in (device.reread_at, device.swaps_due_at) if at]
    return any(at <= now for at in due) or bool(device.gateway and device.gateway.look_asked_at)


def _linked_elsewhere(device: Device) -> bool:
    known = device.vendor_patient_id.lower()
    return bool(known) and known not in upsert.names_of_holder(device)


def _holdings(device: Device, holder: Patient, user: User) -> list[Holding]:
    """Newest first. Former holders whom this person may see are written down as seen; others stay unnamed."""
    rows = list(device.assignments.order_by("-started_at", "-created_at"))
    former = {row.patient_id for row in rows} - {holder.pk}
    own = Patient.objects.visible_to(user).in_bulk(former) if former else {}
    if own:
        audit_log.record(AuditAction.LIST, by=user, patients=own, target=f"device:{device.hwi_id}")
    shown = own | {holder.pk: holder}
    ended_by = _endings(device)
    return [
        Holding(shown.get(row.patient_id), row.started_at, row.ended_at, _why(row, device, ended_by)) for row in rows
    ]


def _endings(device: Device) -> dict[uuid.UUID | None, str]:
    """By patient: who asked for the end that the vendor confirmed."""
    ends = VendorCall.objects.filter(
        device=device, kind__in=(CallKind.UNLINK, CallKind.DELETE), state=CallState.CONFIRMED
    )
    return {
        call.patient_id: call.requested_by.name if call.requested_by else ""
        for call in ends.select_related("requested_by").order_by("created_at")
    }


def _why(row: Assignment, device: Device, ended_by: dict[uuid.UUID | None, str]) -> str:
    if row.ended_at is None:
        return ""
    if row.patient_id in ended_by:
        return f"monitoring ended by {ended_by[row.patient_id]}".removesuffix(" by ")
    return "unlinked at the vendor" if device.unlinked_on == row.ended_at else "ended at the vendor"


def _lines(device: Device, user: User) -> Any:
    lines = OrderLine.objects.visible_to(user).filter(device=device)
    return lines.select_related("order__placed_by", "order__kit").order_by("-order__placed_at", "-pk")


def _newest(device: Device, holder: Patient) -> Any:
    """Of each kind of reading when the newest was taken; one look into the index of the device for each."""
    of_kind = Measurement.objects.filter(device=device, patient=holder, metric=OuterRef("pk")).order_by("-taken_at")
    kinds = Metric.objects.annotate(taken_at=Subquery(of_kind.values("taken_at")[:1]))
    return kinds.filter(taken_at__isnull=False).order_by("-taken_at", "position")
