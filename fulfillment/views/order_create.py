"""Page of a new order: kit order or activation on site."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from devices.gateway_holders import GatewayHeldError, record_shown_holders
from devices.hardware_ids import imei_checksum_warning
from devices.models import Device
from fulfillment.forms.orders import GATEWAY_FULL, ActivationForm, KitOrderForm
from fulfillment.models import OrderLine
from fulfillment.ordering import orders
from patients.models import Patient
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission
from patients.zip_codes import ZIP_CODE_WARNING

ON_SITE_PARAMETER = "activate"


@requires_permission(Permission.PLACE_ORDERS)
@require_http_methods(["GET", "POST"])
def new_order(request: HttpRequest) -> HttpResponse:
    """`?patient=<uuid>`; with `&how=activate` for a device that the patient got on site."""
    if "patient" not in request.GET:
        messages.info(request, "An order starts from a patient's page: choose the patient.")
        return redirect("patients:list")
    try:
        patient_id = uuid.UUID(request.GET["patient"])
    except ValueError:
        raise Http404("An order starts from a patient's page.") from None
    patient = get_patient_audited(patient_id, by=current_user(request))
    on_site = request.GET.get("how") == ON_SITE_PARAMETER
    user = current_user(request)
    form = (ActivationForm if on_site else KitOrderForm)(request.POST or None, patient=patient, user=user)
    if request.method == "POST" and form.is_valid() and (response := place_order(request, form)):
        return response
    record_shown_holders(form.named_holders(), by=user)
    return render(request, "fulfillment/order_create.html", order_form_context(patient, form, on_site=on_site))


def place_order(request: HttpRequest, form: KitOrderForm | ActivationForm) -> HttpResponse | None:
    """None, with an error on the form, when the order was refused."""
    try:
        order = form.place(by=current_user(request))
    except orders.LineAlreadyOpenError as reason:
        form.add_error("override_reason", f"{reason} Say why another one is needed, or leave it out.")
        return None
    except GatewayHeldError as error:
        form.add_gateway_held_error(error, user=form.user)
        return None
    except orders.AddressRefusedError as reason:
        form.add_error("street", str(reason))
        return None
    except orders.OrderError as reason:
        form.add_error(None, str(reason))
        return None
    address_warning = ZIP_CODE_WARNING if address_problem(form) else ""
    for warning in (imei_checksum_warning(form.cleaned_data.get("gateway_id", "")), address_warning):
        if warning:
            messages.warning(request, warning)
    done = "Ordered." if isinstance(form, KitOrderForm) else "The vendor is asked to activate it."
    messages.success(request, f"{done} This page follows it until the first reading arrives.")
    return redirect("orders:page", order.pk)


def address_problem(form: KitOrderForm | ActivationForm) -> str:
    """About the address in the form, which starts as the patient's own."""
    return form.address_problem if isinstance(form, KitOrderForm) else ""


def order_form_context(patient: Patient, form: KitOrderForm | ActivationForm, *, on_site: bool) -> dict[str, object]:
    on_the_way = OrderLine.objects.open().filter(patient=patient, call__device__isnull=False)
    held = Device.objects.linked().filter(patient=patient).exclude(pk__in=on_the_way.values("call__device"))
    gateway_full = any(form.has_error(name, GATEWAY_FULL) for name in ("gateway", "gateway_id"))
    open_lines = list(orders.open_lines(patient))
    return {
        "patient": patient,
        "form": form,
        "on_site": on_site,
        "held": held.select_related("gateway"),
        "address_problem": address_problem(form),
        "open_lines": open_lines,
        "show_override_capacity": gateway_full or form["override_capacity"].value(),
        "show_override_reason": bool(
            open_lines or form.has_error("override_reason") or form["override_reason"].value()
        ),
    }
