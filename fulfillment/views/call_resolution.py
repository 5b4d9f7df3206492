"""Page on which a person resolves a vendor call whose result could not be found out."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from devices.hardware_ids import format_hardware_id
from devices.models import Device, VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.outbox import manual_lookup, manual_resolution, waiting_reasons
from fulfillment import call_resolution
from fulfillment.forms.call_resolution import CallResolutionForm
from fulfillment.ordering.order_lines import OrderLineActionError
from patients.models import User
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission
from patients.polling import only_if_changed


@dataclass(frozen=True)
class ListedDevice:
    """A device of the vendor's list, and the other call of ours that it belongs to."""

    device: Device
    fits: bool
    owner: VendorCall | None


@requires_permission(Permission.PLACE_ORDERS)
@require_safe
def call_resolution_page(request: HttpRequest, call_id: uuid.UUID) -> HttpResponse:
    call = get_call_audited(request, call_id)
    if call.state == CallState.NEEDS_REVIEW:
        return render(request, "fulfillment/call_resolution.html", call_context(call, CallResolutionForm()))
    if not messages.get_messages(request):
        messages.info(request, f"Nothing to decide here: {call.get_state_display().lower()}.")
    if line := call_resolution.line_for_call(call):
        return redirect("orders:page", line.order_id)
    return redirect("patients:page", call.patient_id)


def call_live_version(user: User, call_id: uuid.UUID) -> int | None:
    """The live version of its patient."""
    calls = VendorCall.objects.visible_to(user).filter(pk=call_id)
    return calls.values_list("patient__live_version", flat=True).first()


@requires_permission(Permission.PLACE_ORDERS)
@require_safe
@only_if_changed(call_live_version)
def call_resolution_live(request: HttpRequest, call_id: uuid.UUID) -> HttpResponse:
    context = call_context(get_call_audited(request, call_id), CallResolutionForm())
    return render(request, "fulfillment/_call_resolution.html", context)


@requires_permission(Permission.PLACE_ORDERS)
@require_POST
def resolve_call(request: HttpRequest, call_id: uuid.UUID) -> HttpResponse:
    call = get_call_audited(request, call_id)
    form = CallResolutionForm(request.POST)
    if form.is_valid():
        try:
            messages.success(request, form.apply_choice(call, by=current_user(request)))
            return redirect("orders:call", call.pk)
        except (manual_resolution.CannotResolve, OrderLineActionError) as reason:
            call.refresh_from_db(fields=["state"])
            if call.state != CallState.NEEDS_REVIEW:  # resolved by another person meanwhile
                messages.error(request, str(reason))
                return redirect("orders:call", call.pk)
            form.add_error(form.error_field, str(reason))
    return render(request, "fulfillment/call_resolution.html", call_context(call, form))


def get_call_audited(request: HttpRequest, call_id: uuid.UUID) -> VendorCall:
    """The call, if its patient is visible; the view of the patient is audited. Raises Http404."""
    visible = VendorCall.objects.visible_to(current_user(request)).filter(pk=call_id)
    call = visible.select_related("device", "requested_by", "resolved_by").first()
    if call is None or call.patient_id is None:
        raise Http404("No such call.")
    call.patient = get_patient_audited(call.patient_id, by=current_user(request))
    return call


def call_context(call: VendorCall, form: CallResolutionForm) -> dict[str, Any]:
    patient, line = call.patient, call_resolution.line_for_call(call)
    fits = {each["hwi_id"]: each["fits"] for each in call.lookup_results}
    # A device that the vendor has since linked to another patient is not shown.
    devices = list(Device.objects.filter(hwi_id__in=fits, patient=patient).select_related("gateway"))
    owners = manual_resolution.find_owning_calls(call, devices)
    listed = [ListedDevice(device, fits[str(device.hwi_id)], owners.get(device.pk)) for device in devices]
    listed.sort(key=lambda row: (not row.fits, row.owner is not None, str(row.device.vendor_created)))
    return {
        "call": call,
        "line": line,
        "patient": patient,
        "form": form,
        "gateway": format_hardware_id(call.payload.get("gateway") or ""),
        "listed": listed,
        "proven_absent": manual_resolution.is_proven_absent(call),
        "creating": call.kind in CallKind.creating(),
        "lane_stop": waiting_reasons.user_lane_stop() if call.lookup_requested_at else None,
        "open": call.state == CallState.NEEDS_REVIEW,
        "fresh_minutes": int(manual_lookup.LOOKUP_VALIDITY.total_seconds() // 60),
        "zone": patient.clinic.time_zone if patient else "UTC",
    }
