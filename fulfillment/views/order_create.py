"""Page of a new order: shipped by the vendor or by the clinic, a gateway alone, or an activation. What will be sent
and what it costs is shown before it is sent."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TypeVar

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from devices.gateway_holders import GatewayHeldError, record_shown_holders
from devices.models import Device
from fulfillment.camera_policy import camera_allowed
from fulfillment.forms.activation import ActivationForm
from fulfillment.forms.gateways import GATEWAY_FULL
from fulfillment.forms.orders import ClinicShipmentForm, GatewayOnlyForm, KitOrderForm
from fulfillment.models import Order, OrderLine
from fulfillment.ordering import orders
from fulfillment.ordering.previews import preview_order
from fulfillment.special_orders import stock
from patients.models import Patient
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission
from patients.zip_codes import ZIP_CODE_WARNING

OrderForm = KitOrderForm | ClinicShipmentForm | GatewayOnlyForm | ActivationForm
Result = TypeVar("Result")

ON_SITE, BY_CLINIC, GATEWAY_ALONE, BY_VENDOR = "activate", "clinic", "gateway", ""  # of the parameter `how`
FORM_CLASSES: dict[str, type[OrderForm]] = {
    BY_VENDOR: KitOrderForm,
    BY_CLINIC: ClinicShipmentForm,
    GATEWAY_ALONE: GatewayOnlyForm,
    ON_SITE: ActivationForm,
}
HOW_LABELS = {
    BY_VENDOR: "Tenovi ships a kit",
    GATEWAY_ALONE: "Tenovi ships a gateway alone",
    BY_CLINIC: "We ship a kit",
    ON_SITE: "Hand over on site",
}
TITLES = {
    BY_VENDOR: "Order a kit",
    GATEWAY_ALONE: "Order a gateway alone",
    BY_CLINIC: "Ship a kit ourselves",
    ON_SITE: "Activate a device",
}
REVIEW, EDIT = "review", "edit"  # of the button `step`; a form that is sent by any other places the order


@requires_permission(Permission.PLACE_ORDERS)
@require_http_methods(["GET", "POST"])
def new_order(request: HttpRequest) -> HttpResponse:
    """`?patient=<uuid>&how=`: how the patient gets the device; `&stock=<uuid>` of an item that is activated."""
    if "patient" not in request.GET:
        messages.info(request, "An order starts from a patient's page: choose the patient.")
        return redirect("patients:list")
    try:
        patient_id = uuid.UUID(request.GET["patient"])
    except ValueError:
        raise Http404("An order starts from a patient's page.") from None
    patient = get_patient_audited(patient_id, by=current_user(request))
    how = request.GET.get("how", "")
    how = how if how in FORM_CLASSES else BY_VENDOR
    show = camera_allowed(order_form_page) if how == ON_SITE else order_form_page
    return show(request, patient, how)


def order_form_page(request: HttpRequest, patient: Patient, how: str) -> HttpResponse:
    user, step = current_user(request), request.POST.get("step", "")
    form = FORM_CLASSES[how](request.POST or None, patient=patient, user=user)
    if how == ON_SITE:
        form.initial = {**form.initial, **stock.activation_values(request.GET.get("stock", ""), user=user)}
    if request.method == "POST" and step != EDIT and form.is_valid():
        response = review_order(request, form, how) if step == REVIEW else place_order(request, form)
        if response:
            return response
    record_shown_holders(form.named_holders(), by=user)
    return render(request, "fulfillment/order_create.html", order_form_context(patient, form, how))


def review_order(request: HttpRequest, form: OrderForm, how: str) -> HttpResponse | None:
    """What will be sent; None, with an error on the form, if it would be refused."""
    sent = Order.objects.filter(submission_id=form.cleaned_data["submission_id"], patient=form.patient).first()
    if sent:
        messages.info(request, "This was ordered already. Here it is.")
        return redirect("orders:page", sent.pk)
    user = current_user(request)
    preview = accept_or_show_refusal(form, lambda: preview_order(lambda: form.place(by=user)))
    if preview is None:
        return None
    record_shown_holders(form.named_holders(), by=user)
    context = {"patient": form.patient, "form": form, "preview": preview, "title": TITLES[how]}
    return render(request, "fulfillment/order_review.html", context | {"address_problem": address_problem(form)})


def place_order(request: HttpRequest, form: OrderForm) -> HttpResponse | None:
    """None, with an error on the form, when the order was refused."""
    order = accept_or_show_refusal(form, lambda: form.place(by=current_user(request)))
    if order is None:
        return None
    if address_problem(form):
        messages.warning(request, ZIP_CODE_WARNING)
    done = "The vendor is asked to activate it." if order.on_site else "Ordered."
    messages.success(request, f"{done} This page follows it until the first reading arrives.")
    return redirect("orders:page", order.pk)


def accept_or_show_refusal(form: OrderForm, place: Callable[[], Result]) -> Result | None:
    """What `place` returns; None, with an error at the field that it concerns, for a refusal."""
    try:
        return place()
    except orders.LineAlreadyOpenError as reason:
        form.add_error("override_reason", f"{reason} Say why another one is needed, or leave it out.")
    except GatewayHeldError as error:
        form.add_gateway_held_error(error, user=form.user)
    except orders.AddressRefusedError as reason:
        form.add_error("street", str(reason))
    except orders.NoteError as reason:
        form.add_error("note", str(reason))
    except orders.OrderError as reason:
        form.add_error(None, str(reason))
    return None


def address_problem(form: OrderForm) -> str:
    """About the address in the form, which starts as the patient's own."""
    return "" if isinstance(form, ActivationForm) else form.address_problem


def order_form_context(patient: Patient, form: OrderForm, how: str) -> dict[str, object]:
    on_the_way = OrderLine.objects.open().filter(patient=patient, call__device__isnull=False)
    held = Device.objects.linked().filter(patient=patient).exclude(pk__in=on_the_way.values("call__device"))
    gateway_full = any(form.has_error(name, GATEWAY_FULL) for name in ("gateway", "gateway_id"))
    open_lines = list(orders.open_lines(patient))
    return {
        "patient": patient,
        "form": form,
        "title": TITLES[how],
        "ways": [(value, label, value == how) for value, label in HOW_LABELS.items()],
        "on_site": how == ON_SITE,
        "by_clinic": how == BY_CLINIC,
        "by_vendor": how in (BY_VENDOR, GATEWAY_ALONE),
        "gateway_alone": how == GATEWAY_ALONE,
        "held": held.select_related("gateway"),
        "address_problem": address_problem(form),
        "open_lines": open_lines,
        "show_override_capacity": gateway_full or form["override_capacity"].value(),
        "show_override_reason": bool(
            open_lines or form.has_error("override_reason") or form["override_reason"].value()
        ),
    }
