"""Pages to end the monitoring of a device or of a patient."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from devices.models import Device
from fulfillment import end_of_monitoring
from fulfillment.forms.orders import EndOfMonitoringForm, ReasonForm
from patients.enrollment import admission
from patients.models import DischargeReason
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission

TEMPLATE = "fulfillment/end_of_monitoring.html"
END_REQUESTED_MESSAGE = "The vendor has been asked. The end is confirmed here when its own record shows it."


@requires_permission(Permission.PLACE_ORDERS)
@require_http_methods(["GET", "POST"])
def end_patient_monitoring(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """Shows what will happen, then does it, with an optional discharge of the patient."""
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user)
    form = EndOfMonitoringForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason, last_day = DischargeReason(form.cleaned_data["reason"]), form.cleaned_data["last_day"]
        try:
            with transaction.atomic():
                if form.cleaned_data["discharge"] and patient.discharged_at is None:
                    admission.discharge_patient(patient=patient, by=user, reason=reason, last_day=last_day)
                end_of_monitoring.end_patient_monitoring(patient=patient, by=user, reason=str(reason.label))
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, END_REQUESTED_MESSAGE)
            return redirect("orders:end_for_patient", patient.pk)
    plan = end_of_monitoring.plan_for_patient(patient)
    progress = end_of_monitoring.list_progress(patient)
    return render(
        request, TEMPLATE, {"patient": patient, "plan": plan, "form": form, "device": None, "progress": progress}
    )


@requires_permission(Permission.PLACE_ORDERS)
@require_http_methods(["GET", "POST"])
def end_device_monitoring(request: HttpRequest, patient_id: uuid.UUID, hwi_id: uuid.UUID) -> HttpResponse:
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user)
    device = Device.objects.filter(patient=patient, hwi_id=hwi_id).select_related("patient__clinic").first()
    if device is None:
        raise Http404("No such device.")
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        end_of_monitoring.end_device_monitoring(device=device, by=user, reason=form.cleaned_data["reason"])
        messages.success(request, END_REQUESTED_MESSAGE)
        return redirect(f"/patients/{patient.pk}/")
    plan = end_of_monitoring.plan_for_device(device)
    return render(request, TEMPLATE, {"patient": patient, "plan": plan, "form": form, "device": device})
