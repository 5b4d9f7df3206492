"""A call of which nobody knows what became: what is known, and three choices."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from devices.hardware_ids import as_printed
from devices.models import Device, VendorCall
from devices.models.vendor_call import CallState
from devices.outbox import manual_lookup, manual_resolution
from fulfillment import call_resolution
from fulfillment.forms.call_resolution import DecisionForm
from patients.models import User
from patients.permissions import Act, open_patient, person, requires
from patients.polling import only_news


@dataclass(frozen=True)
class Listed:
    """A device of the vendor's list, and the other request of ours that it belongs to."""

    device: Device
    fits: bool
    owner: VendorCall | None


@requires(Act.PLACE_ORDERS)
@require_safe
def call_page(request: HttpRequest, call_id: uuid.UUID) -> HttpResponse:
    call = _call(request, call_id)
    if call.state != CallState.NEEDS_HUMAN:
        return _settled(request, call)
    return render(request, "orders/decide.html", _context(call, DecisionForm()))


def _version(user: User, call_id: uuid.UUID) -> int | None:
    """Of its patient."""
    return VendorCall.objects.visible_to(user).filter(pk=call_id).values_list("patient__version", flat=True).first()


@requires(Act.PLACE_ORDERS)
@require_safe
@only_news(_version)
def call_live(request: HttpRequest, call_id: uuid.UUID) -> HttpResponse:
    return render(request, "orders/_decide.html", _context(_call(request, call_id), DecisionForm()))


@requires(Act.PLACE_ORDERS)
@require_POST
def decide(request: HttpRequest, call_id: uuid.UUID) -> HttpResponse:
    call = _call(request, call_id)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return render(request, "orders/decide.html", _context(call, form))
    try:
        messages.success(request, form.carry_out(call, by=person(request)))
    except (call_resolution.CantDecide, call_resolution.TooLate) as reason:
        return _refused(request, call, form, str(reason))
    return redirect("orders:call", call.pk)


def _refused(request: HttpRequest, call: VendorCall, form: DecisionForm, reason: str) -> HttpResponse:
    """While it is open, with what was typed, the reason beside it; settled by somebody else, as it stands now."""
    call.refresh_from_db(fields=["state"])
    if call.state != CallState.NEEDS_HUMAN:
        messages.error(request, reason)
        return redirect("orders:call", call.pk)
    form.add_error(form.typed_in, reason)
    return render(request, "orders/decide.html", _context(call, form))


def _call(request: HttpRequest, call_id: uuid.UUID) -> VendorCall:
    """Through the one door to its patient."""
    visible = VendorCall.objects.visible_to(person(request)).filter(pk=call_id)
    call = visible.select_related("device", "requested_by", "decided_by").first()
    if call is None or call.patient_id is None:
        raise Http404("No such call.")
    call.patient = open_patient(call.patient_id, by=person(request))
    return call


def _settled(request: HttpRequest, call: VendorCall) -> HttpResponse:
    """There is nothing (more) to decide: back to where it came from, with a word about it."""
    if not messages.get_messages(request):
        messages.info(request, f"Nothing to decide here: {call.get_state_display().lower()}.")
    if line := call_resolution.line_of(call):
        return redirect("orders:page", line.order_id)
    return redirect("patients:page", call.patient_id)


def _context(call: VendorCall, form: DecisionForm) -> dict[str, Any]:
    patient, line = call.patient, call_resolution.line_of(call)
    return {
        "call": call,
        "line": line,
        "patient": patient,
        "form": form,
        "gateway": as_printed(call.payload.get("gateway") or ""),
        "listed": _listed(call),
        "absent": manual_resolution.proved_absent(call),
        "making": call.kind in manual_resolution.MAKING,
        "open": call.state == CallState.NEEDS_HUMAN,
        "fresh_minutes": int(manual_lookup.FRESH_FOR.total_seconds() // 60),
        "zone": patient.clinic.time_zone if patient else "UTC",
    }


def _listed(call: VendorCall) -> list[Listed]:
    """What fits first. A device that the vendor has since linked to somebody else is not shown."""
    fits = {each["hwi_id"]: each["fits"] for each in call.listed}
    devices = list(Device.objects.filter(hwi_id__in=fits, patient=call.patient).select_related("gateway"))
    owners = manual_resolution.owners(call, devices)
    rows = [Listed(device, fits[str(device.hwi_id)], owners.get(device.pk)) for device in devices]
    return sorted(rows, key=lambda row: (not row.fits, row.owner is not None, str(row.device.vendor_created)))
