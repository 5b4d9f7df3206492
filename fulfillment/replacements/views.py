"""Pages of replacements: request one, cancel one."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from devices.models import Device
from fulfillment.replacements import replacements
from fulfillment.replacements.forms import ReplacementForm
from fulfillment.replacements.models import Replacement
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission

REQUESTED_MESSAGE = "The replacement is being requested. Its progress is on this page."


@requires_permission(Permission.PLACE_ORDERS)
@require_http_methods(["GET", "POST"])
def new_replacement(request: HttpRequest, patient_id: uuid.UUID, hwi_id: uuid.UUID) -> HttpResponse:
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user)
    device = Device.objects.filter(patient=patient, hwi_id=hwi_id).select_related("gateway").first()
    if device is None:
        raise Http404("No such device.")
    in_stock = replacements.can_come_from_stock(device, by=user)
    form = ReplacementForm(request.POST or None, device=device, patient=patient, in_stock=in_stock)
    problem = replacements.replacement_problem(device)
    if request.method == "POST" and form.is_valid():
        try:
            replacements.request_replacement(device=device, by=user, **form.request_fields())
        except replacements.ReplacementError as reason:
            form.add_error(None, str(reason))
        else:
            messages.success(request, REQUESTED_MESSAGE)
            return redirect("devices:page", device.hwi_id)
    siblings = list(Device.objects.linked().filter(gateway=device.gateway_id).exclude(pk=device.pk))
    context = {
        "device": device,
        "patient": patient,
        "form": form,
        "problem": problem,
        "siblings": [each for each in siblings if each.gateway_id and each.patient_id == patient.pk],
    }
    return render(request, "replacements/replacement_form.html", context)


@requires_permission(Permission.PLACE_ORDERS)
@require_POST
def cancel_replacement(request: HttpRequest, replacement_id: uuid.UUID) -> HttpResponse:
    user = current_user(request)
    visible = Replacement.objects.visible_to(user).select_related("device")
    replacement = get_object_or_404(visible, pk=replacement_id)
    get_patient_audited(replacement.patient_id, by=user)
    try:
        messages.success(request, replacements.cancel_replacement(replacement=replacement, by=user))
    except replacements.ReplacementError as reason:
        messages.error(request, str(reason))
    return redirect("devices:page", replacement.device.hwi_id)
