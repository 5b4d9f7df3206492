"""The address of a patient, checked at the vendor before an order: asked for, and shown while the answer is awaited."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from devices.patient_records import address_checks
from fulfillment.templatetags.address_checks import address_check_context
from patients.models import Patient, User
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission
from patients.polling import only_if_changed


@requires_permission(Permission.PLACE_ORDERS)
@require_http_methods(["GET", "HEAD", "POST"])
def check_address(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """Posted: the vendor is asked, or, with `confirm_address`, the address is confirmed by this user."""
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user)
    if request.method != "POST":
        return render(request, "fulfillment/address_check.html", address_check_context(patient))
    if "confirm_address" in request.POST:
        address_checks.confirm_address(patient, by=user)
    else:
        address_checks.request_check(patient, by=user)
    back = request.POST.get("back") == "order"
    return redirect(f"{reverse('orders:new')}?patient={patient.pk}" if back else request.path)


def address_live_version(user: User, patient_id: uuid.UUID) -> str | None:
    found = Patient.objects.visible_to(user).filter(pk=patient_id).order_by("pk")
    version = found.values_list("live_version", flat=True).first()
    return None if version is None else address_checks.check_version(patient_id, version)


@requires_permission(Permission.PLACE_ORDERS)
@require_safe
@only_if_changed(address_live_version)
def address_live(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    patient = get_patient_audited(patient_id, by=current_user(request))
    return render(request, "fulfillment/_address_check.html", address_check_context(patient))
