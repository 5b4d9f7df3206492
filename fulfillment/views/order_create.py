from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from devices.hardware_ids import hardware_warning
from devices.models import Device
from fulfillment.forms.orders import NO_ROOM, ActivateForm, ShipForm
from fulfillment.models import OrderLine
from fulfillment.ordering import orders
from patients.models import Patient
from patients.permissions import Act, open_patient, person, requires

ON_SITE = "activate"


@requires(Act.PLACE_ORDERS)
@require_http_methods(["GET", "POST"])
def new_order(request: HttpRequest) -> HttpResponse:
    """`?patient=<uuid>`; `&how=activate` for a device that the patient was handed."""
    if "patient" not in request.GET:
        messages.info(request, "An order starts from a patient's page: choose the patient.")
        return redirect("patients:list")
    patient = open_patient(_patient_id(request), by=person(request))
    on_site = request.GET.get("how") == ON_SITE
    kind = ActivateForm if on_site else ShipForm
    form = kind(request.POST or None, patient=patient)
    if request.method == "POST" and form.is_valid() and (answer := _placed(request, form)):
        return answer
    return render(request, "orders/new.html", _context(patient, form, on_site=on_site))


def _patient_id(request: HttpRequest) -> uuid.UUID:
    try:
        return uuid.UUID(request.GET.get("patient", ""))
    except ValueError:
        raise Http404("An order starts from a patient's page.") from None


def _placed(request: HttpRequest, form: ShipForm | ActivateForm) -> HttpResponse | None:
    try:
        order = form.place(by=person(request))
    except orders.AlreadyOpen as reason:
        form.add_error("override_reason", f"{reason} Say why another one is needed, or leave it out.")
        return None
    except orders.CantOrder as reason:
        form.add_error(None, str(reason))
        return None
    for doubt in filter(None, (hardware_warning(form.cleaned_data.get("gateway_id", "")), _doubt_of_address(form))):
        messages.warning(request, doubt)
    done = "Ordered." if isinstance(form, ShipForm) else "The vendor is asked to activate it."
    messages.success(request, f"{done} This page follows it until the first reading arrives.")
    return redirect("orders:page", order.pk)


def _doubt_of_address(form: ShipForm | ActivateForm) -> str:
    """Before it is typed, that of the patient's own address."""
    return form.doubt if isinstance(form, ShipForm) else ""


def _context(patient: Patient, form: ShipForm | ActivateForm, *, on_site: bool) -> dict[str, object]:
    on_the_way = OrderLine.objects.open().filter(patient=patient, call__device__isnull=False)
    held = Device.objects.linked().filter(patient=patient).exclude(pk__in=on_the_way.values("call__device"))
    return {
        "patient": patient,
        "form": form,
        "on_site": on_site,
        "held": held.select_related("gateway"),
        "address_doubt": _doubt_of_address(form),
        "open_lines": list(orders.open_lines(patient)),
        "ask_all_the_same": any(form.has_error(name, NO_ROOM) for name in ("gateway", "gateway_id"))
        or form["all_the_same"].value(),
        "ask_reason": form.has_error("override_reason") or bool(form["override_reason"].value()),
    }
