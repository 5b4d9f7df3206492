"""Page on which a coordinator solves "Client Action Required" of one device, ordered here or not."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from devices.models.vendor_call import CallKind, CallState
from devices.outbox.unlinking import can_be_cancelled
from devices.patient_records import address_checks
from devices.views.device import get_device_audited
from fulfillment.client_actions import solving
from fulfillment.client_actions.forms import KeepDuplicateForm, PatientAddressForm
from fulfillment.client_actions.models import ClientAction
from fulfillment.client_actions.solving import WaitingDevice
from fulfillment.models import OrderLine
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
    line = get_line_audited(request, line_id)
    return solve_waiting_device(request, WaitingDevice.of_line(line), reverse("orders:page", args=[line.order_id]))


@requires_permission(Permission.PLACE_ORDERS)
@require_http_methods(["GET", "HEAD", "POST"])
def device_client_action(request: HttpRequest, hwi_id: uuid.UUID) -> HttpResponse:
    """Of a device that was not ordered here. One that was is solved with its order line."""
    device, patient = get_device_audited(request, hwi_id)
    line = OrderLine.objects.filter(call__device=device, corrected_by__isnull=True).order_by("-status_at").first()
    if line is not None:
        return redirect("orders:client_action", line.pk)
    return solve_waiting_device(request, WaitingDevice(patient, device), reverse("devices:page", args=[device.hwi_id]))


def solve_waiting_device(request: HttpRequest, waiting: WaitingDevice, page_url: str) -> HttpResponse:
    """`page_url`: of what was solved."""
    choice = request.POST.get("choice", "")
    address = PatientAddressForm(request.POST if choice == ADDRESS else None, patient=waiting.patient)
    duplicate = KeepDuplicateForm(request.POST if choice == KEEP else None)
    if request.method == "POST":
        try:
            if done := apply_choice(choice, waiting, current_user(request), address, duplicate):
                messages.success(request, done)
                return redirect(page_url)
        except order_lines.OrderLineActionError as reason:
            messages.error(request, str(reason))
            return redirect(page_url)
    return render_client_action(request, waiting, address, duplicate)


def apply_choice(
    choice: str, waiting: WaitingDevice, user: User, address: PatientAddressForm, duplicate: KeepDuplicateForm
) -> str:
    """A message of what was done; empty, with errors in the form, where nothing was. Raises OrderLineActionError."""
    if choice == ADDRESS and address.is_valid():
        confirm, version = address.cleaned_data["confirm_address"], address.cleaned_data["edit_version"]
        try:
            solving.settle_address(waiting, by=user, edit_version=version, confirm=confirm, **address.address)
        except EditConflict:
            address.add_error(None, EDITED_MEANWHILE)
            return ""
        except ValidationError as error:
            address.add_error(None, error.messages[0])
            return ""
        return "The vendor gets the address, and the device is read again for some minutes."
    if choice == CANCEL and waiting.line is not None:
        solving.cancel_and_order_again(line=waiting.line, by=user)
        return "Cancelled. It is ordered again as soon as the vendor no longer has it."
    if choice == KEEP and duplicate.is_valid():
        solving.keep_duplicate(waiting, by=user, reason=duplicate.cleaned_data["reason"])
        return "Noted: both devices are wanted."
    return ""


def render_client_action(
    request: HttpRequest, waiting: WaitingDevice, address: PatientAddressForm, duplicate: KeepDuplicateForm
) -> HttpResponse:
    line, device, patient = waiting.line, waiting.device, waiting.patient
    action = ClientAction.objects.filter(**waiting.key).first()
    duplicates = solving.find_duplicates(waiting) if device and device.duplicate_at_address else []
    if others := {each.patient_id for each in duplicates if each.patient_id} - {patient.pk}:
        target = f"line:{line.pk}" if line else f"device:{device.pk}" if device else ""
        audit_log.record_event(AuditAction.LIST, by=current_user(request), patients=others, target=target)
    ends = device.vendor_calls.filter(kind=CallKind.DELETE) if device else None
    context = {
        "waiting": waiting,
        "line": line,
        "patient": patient,
        "device": device,
        "action": action,
        "rereading": bool(action and action.reread_until and action.reread_until > timezone.now()),
        "can_cancel": order_lines.can_cancel(line) if line else device is not None and can_be_cancelled(device),
        "refused": bool(ends and ends.filter(state=CallState.REJECTED).exists()),
        "duplicates": duplicates,
        "address_form": address,
        "duplicate_form": duplicate,
        "check": address_checks.check_address(patient),
        "zone": patient.clinic.time_zone,
    }
    return render(request, "client_actions/client_action.html", context)
