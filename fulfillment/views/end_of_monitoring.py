from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from devices.models import Device
from fulfillment import end_of_monitoring
from fulfillment.forms.orders import EndForm, ReasonForm
from patients.enrollment import admission
from patients.models import DischargeReason
from patients.permissions import Act, open_patient, person, requires

ASKED = "The vendor has been asked. The end is confirmed here when its own record shows it."


@requires(Act.PLACE_ORDERS)
@require_http_methods(["GET", "POST"])
def end_for_patient(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """Lists what will happen, then does it. Discharging the patient is offered together."""
    patient = open_patient(patient_id, by=person(request))
    form = EndForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = DischargeReason(form.cleaned_data["reason"])
        end_of_monitoring.end_for_patient(patient=patient, by=person(request), reason=str(reason.label))
        if form.cleaned_data["discharge"] and patient.discharged_at is None:
            admission.discharge(patient=patient, by=person(request), reason=reason)
        messages.success(request, ASKED)
        return redirect(f"/patients/{patient.pk}/")
    plan = end_of_monitoring.plan_for_patient(patient)
    return render(request, "orders/end.html", {"patient": patient, "plan": plan, "form": form, "device": None})


@requires(Act.PLACE_ORDERS)
@require_http_methods(["GET", "POST"])
def end_for_device(request: HttpRequest, patient_id: uuid.UUID, hwi_id: uuid.UUID) -> HttpResponse:
    patient = open_patient(patient_id, by=person(request))
    device = Device.objects.filter(patient=patient, hwi_id=hwi_id).select_related("patient__clinic").first()
    if device is None:
        raise Http404("No such device.")
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        end_of_monitoring.end_for_device(device=device, by=person(request), reason=form.cleaned_data["reason"])
        messages.success(request, ASKED)
        return redirect(f"/patients/{patient.pk}/")
    plan = end_of_monitoring.plan_for_device(device)
    return render(request, "orders/end.html", {"patient": patient, "plan": plan, "form": form, "device": device})
