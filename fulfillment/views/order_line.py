from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from devices.outbox.requests import WrongHardware
from fulfillment.display.status_texts import refusals
from fulfillment.forms.orders import CorrectForm, ReasonForm
from fulfillment.models import OrderLine
from fulfillment.ordering import order_lines
from fulfillment.ordering.orders import CantOrder
from patients.permissions import Act, open_patient, person, requires


@requires(Act.PLACE_ORDERS)
@require_POST
def cancel(request: HttpRequest, line_id: uuid.UUID) -> HttpResponse:
    line = _line(request, line_id)
    try:
        messages.success(request, order_lines.cancel(line=line, by=person(request)))
    except order_lines.TooLate as reason:
        messages.error(request, str(reason))
    return redirect("orders:page", line.order_id)


@requires(Act.PLACE_ORDERS)
@require_http_methods(["GET", "POST"])
def close(request: HttpRequest, line_id: uuid.UUID) -> HttpResponse:
    line = _line(request, line_id)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            order_lines.close(line=line, by=person(request), reason=form.cleaned_data["reason"])
        except order_lines.TooLate as reason:
            messages.error(request, str(reason))
        return redirect("orders:page", line.order_id)
    return render(request, "orders/close.html", {"line": line, "patient": line.patient, "form": form})


@requires(Act.PLACE_ORDERS)
@require_http_methods(["GET", "POST"])
def correct(request: HttpRequest, line_id: uuid.UUID) -> HttpResponse:
    line = _line(request, line_id)
    if request.method == "GET" and not order_lines.can_correct(line):
        messages.info(request, order_lines.MOVED_ON)
        return redirect("orders:page", line.order_id)
    others = _other_refused(line)
    form = CorrectForm(request.POST or None, line=line, others=len(others))
    if request.method == "POST" and form.is_valid() and _corrected(request, form, line, others):
        return redirect("orders:page", line.order_id)
    at_fields = {text for texts in form.refusals.values() for text in texts}
    elsewhere = [(label, text) for label, text in refusals(line.call.errors) if text not in at_fields]
    context = {"line": line, "patient": line.patient, "form": form, "refusals": elsewhere}
    return render(request, "orders/correct.html", context)


def _corrected(request: HttpRequest, form: CorrectForm, line: OrderLine, others: list[OrderLine]) -> bool:
    said = form.cleaned_data
    ship_to = form.ship_to if form.with_address else None
    wanted = [line, *(others if said.get("all_refused") else [])]
    values = {"by": person(request), "ship_to": ship_to, "gateway": said["gateway_id"]}
    try:
        made = order_lines.correct_all(wanted, **values)
    except WrongHardware as reason:
        form.add_error("gateway_id", str(reason))
        return False
    except (order_lines.TooLate, CantOrder) as reason:
        form.add_error(None, str(reason))
        return False
    if form.doubt:
        messages.warning(request, form.doubt)
    _tell(request, made)
    return True


def _tell(request: HttpRequest, made: list[OrderLine]) -> None:
    """Of two people who correct the same line at once, the first one's request is sent, and the second hears of it."""
    others = {line.call.requested_by for line in made if line.call.requested_by} - {person(request)}
    if others:
        names = ", ".join(sorted(user.name for user in others))
        messages.warning(request, f"{names} was faster and has corrected it. What you typed was not sent: please look.")
    else:
        messages.success(request, "Corrected and asked again.")


def _line(request: HttpRequest, line_id: uuid.UUID) -> OrderLine:
    """Through the one door to its patient."""
    visible = OrderLine.objects.visible_to(person(request)).filter(pk=line_id)
    line = visible.select_related("order__patient__clinic", "device_type", "call__device").first()
    if line is None:
        raise Http404("No such line.")
    line.patient = open_patient(line.patient_id, by=person(request))
    return line


def _other_refused(line: OrderLine) -> list[OrderLine]:
    rows = line.order.lines.exclude(pk=line.pk).filter(status=line.status)
    found = rows.select_related("order__patient__clinic", "patient__clinic", "device_type", "call__device")
    return [each for each in found if order_lines.can_correct(each)]
