"""Actions on one order line: cancel, close, correct."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from devices.gateway_holders import GatewayHeldError, record_shown_holders
from devices.outbox.requests import InvalidHardwareUuid
from fulfillment.camera_policy import camera_allowed
from fulfillment.display.status_texts import FIELDS_OF_PATIENT_RECORD, rejection_messages
from fulfillment.forms.activation import LineCorrectionForm
from fulfillment.forms.orders import ReasonForm
from fulfillment.models import LineStatus, OrderLine
from fulfillment.ordering import order_lines
from fulfillment.ordering.orders import NoteError, OrderError
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission
from patients.zip_codes import ZIP_CODE_WARNING

CORRECTED_BY_OTHER_MESSAGE = "{} was faster and has corrected it. What you typed was not sent: please check the order."
CORRECTED_MESSAGE = "Corrected and asked again."


@requires_permission(Permission.PLACE_ORDERS)
@require_POST
def cancel_line(request: HttpRequest, line_id: uuid.UUID) -> HttpResponse:
    line = get_line_audited(request, line_id)
    try:
        messages.success(request, order_lines.cancel_line(line=line, by=current_user(request)))
    except order_lines.OrderLineActionError as reason:
        messages.error(request, str(reason))
    return redirect("orders:page", line.order_id)


@requires_permission(Permission.PLACE_ORDERS)
@require_http_methods(["GET", "POST"])
def close_line(request: HttpRequest, line_id: uuid.UUID) -> HttpResponse:
    line = get_line_audited(request, line_id)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            order_lines.close_line(line=line, by=current_user(request), reason=form.cleaned_data["reason"])
        except order_lines.OrderLineActionError as reason:
            messages.error(request, str(reason))
        return redirect("orders:page", line.order_id)
    alive = line.device_id is not None and line.status in LineStatus.open_at_vendor()
    context = {"line": line, "patient": line.patient, "form": form, "alive": alive}
    return render(request, "fulfillment/order_line_close.html", context)


@requires_permission(Permission.PLACE_ORDERS)
@require_http_methods(["GET", "POST"])
@camera_allowed
def correct_line(request: HttpRequest, line_id: uuid.UUID) -> HttpResponse:
    line = get_line_audited(request, line_id)
    if request.method == "GET" and not order_lines.can_correct(line):
        messages.info(request, order_lines.NOTHING_TO_CORRECT)
        return redirect("orders:page", line.order_id)
    rows = line.order.lines.exclude(pk=line.pk).filter(status=line.status)
    rows = rows.select_related("order__patient__clinic", "patient__clinic", "device_type", "call__device")
    others = [each for each in rows if order_lines.can_correct(each)]
    form = LineCorrectionForm(request.POST or None, line=line, others=len(others))
    if request.method == "POST" and form.is_valid() and apply_correction(request, form, line, others):
        return redirect("orders:page", line.order_id)
    at_fields = {text for texts in form.rejections.values() for text in texts}
    elsewhere = [(label, text) for label, text in rejection_messages(line.call.errors) if text not in at_fields]
    unknown_gateway = line.status == LineStatus.UNKNOWN_GATEWAY
    context = {"line": line, "patient": line.patient, "form": form, "refusals": elsewhere}
    context["about_record"] = any(path in FIELDS_OF_PATIENT_RECORD for path in line.call.errors)
    return render(request, "fulfillment/order_line_correct.html", context | {"unknown_gateway": unknown_gateway})


def apply_correction(request: HttpRequest, form: LineCorrectionForm, line: OrderLine, others: list[OrderLine]) -> bool:
    """False, with an error on the form, when it was refused."""
    user, values = current_user(request), form.cleaned_data
    lines = [line, *(others if values.get("all_refused") else [])]
    ship_to = form.ship_to if form.asks_for_address else None
    wanted = {name: values.get(name) for name in ("sharing_reason", "sensor_id")} | {
        "gateway": values["gateway_id"],
        "order_changes": form.order_changes,
    }
    try:
        corrected = order_lines.correct_lines(lines, by=user, ship_to=ship_to, **wanted)
    except GatewayHeldError as error:
        form.add_gateway_held_error(error, user=user)
        record_shown_holders(form.named_holders(), by=user)
        return False
    except InvalidHardwareUuid as reason:
        form.add_error("gateway_id", str(reason))
        return False
    except NoteError as reason:
        form.add_error("note", str(reason))
        return False
    except (order_lines.OrderLineActionError, OrderError) as reason:
        form.add_error(None, str(reason))
        return False
    if form.address_problem:
        messages.warning(request, ZIP_CODE_WARNING)
    # If two people correct the same line at once, only the first one's request is sent.
    if faster := {each.call.requested_by for each in corrected if each.call.requested_by} - {user}:
        names = ", ".join(sorted(other.name for other in faster))
        messages.warning(request, CORRECTED_BY_OTHER_MESSAGE.format(names))
    else:
        messages.success(request, CORRECTED_MESSAGE)
    return True


def get_line_audited(request: HttpRequest, line_id: uuid.UUID) -> OrderLine:
    """The line, if its patient is visible; the view of the patient is audited. Raises Http404."""
    visible = OrderLine.objects.visible_to(current_user(request)).filter(pk=line_id)
    line = visible.select_related("order__patient__clinic", "device_type", "call__device").first()
    if line is None:
        raise Http404("No such device of an order.")
    line.patient = get_patient_audited(line.patient_id, by=current_user(request))
    return line
