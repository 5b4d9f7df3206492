"""Page on which a coordinator solves "Client Action Required" of one ordered device."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from devices.models.vendor_call import CallKind, CallState
from devices.patient_records import address_checks
from fulfillment.client_actions import solving
from fulfillment.client_actions.forms import KeepDuplicateForm, PatientAddressForm
from fulfillment.client_actions.models import ClientAction
from fulfillment.models import LineStatus, OrderLine
from fulfillment.ordering import order_lines
from fulfillment.views.order_line import get_line_audited
from patients.audit import audit_log
from patients.enrollment.admission import EditConflict
from patients.models import User
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, requires_permission

ADDRESS, CANCEL, KEEP = "address", "cancel", "keep"
EDITED_MEANWHILE = "Another person has changed the patient's record meanwhile. Please check the address once more."


@requires_permission(Permission.PLACE_ORDERS)
@require_http_methods(["GET", "HEAD", "POST"])
def client_action(request: HttpRequest, line_id: uuid.UUID) -> HttpResponse:
    line, user = get_line_audited(request, line_id), current_user(request)
    choice = request.POST.get("choice", "")
    address = PatientAddressForm(request.POST if choice == ADDRESS else None, patient=line.patient)
    duplicate = KeepDuplicateForm(request.POST if choice == KEEP else None)
    if request.method == "POST":
        try:
            if done := apply_choice(choice, line, user, address, duplicate):
                messages.success(request, done)
                return redirect("orders:page", line.order_id)
        except order_lines.OrderLineActionError as reason:
            messages.error(request, str(reason))
            return redirect("orders:page", line.order_id)
    return render_client_action(request, line, address, duplicate)


def apply_choice(
    choice: str, line: OrderLine, user: User, address: PatientAddressForm, duplicate: KeepDuplicateForm
) -> str:
    """A message of what was done; empty, with errors in the form, where nothing was. Raises OrderLineActionError."""
    if choice == ADDRESS and address.is_valid():
        confirm, version = address.cleaned_data["confirm_address"], address.cleaned_data["edit_version"]
        try:
            solving.settle_address(line=line, by=user, edit_version=version, confirm=confirm, **address.address)
        except EditConflict:
            address.add_error(None, EDITED_MEANWHILE)
            return ""
        except ValidationError as error:
            address.add_error(None, error.messages[0])
            return ""
        return "The vendor gets the address, and the device is read again for some minutes."
    if choice == CANCEL:
        solving.cancel_and_order_again(line=line, by=user)
        return "Cancelled. It is ordered again as soon as the vendor no longer has it."
    if choice == KEEP and duplicate.is_valid():
        solving.keep_duplicate(line=line, by=user, reason=duplicate.cleaned_data["reason"])
        return "Noted: both devices are wanted."
    return ""


def render_client_action(
    request: HttpRequest, line: OrderLine, address: PatientAddressForm, duplicate: KeepDuplicateForm
) -> HttpResponse:
    action, device = ClientAction.objects.filter(line=line).first(), line.call.device
    duplicates = solving.find_duplicates(line) if device and device.duplicate_at_address else []
    if others := {each.patient_id for each in duplicates if each.patient_id} - {line.patient_id}:
        audit_log.record_event(AuditAction.LIST, by=current_user(request), patients=others, target=f"line:{line.pk}")
    ends = device.vendor_calls.filter(kind=CallKind.DELETE) if device else None
    context = {
        "line": line,
        "patient": line.patient,
        "device": device,
        "action": action,
        "waits": line.status == LineStatus.ACTION_REQUIRED,
        "rereading": bool(action and action.reread_until and action.reread_until > timezone.now()),
        "can_cancel": order_lines.can_cancel(line),
        "refused": bool(ends and ends.filter(state=CallState.REJECTED).exists()),
        "duplicates": duplicates,
        "address_form": address,
        "duplicate_form": duplicate,
        "check": address_checks.check_address(line.patient),
        "zone": line.patient.clinic.time_zone,
    }
    return render(request, "client_actions/client_action.html", context)
