"""Pages to end the monitoring of a device or of a patient, with the progress of each device; live updates of both."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from devices.models import Device
from devices.outbox import waiting_reasons
from fulfillment import end_of_monitoring, end_progress
from fulfillment.forms.orders import EndOfMonitoringForm, ReasonForm
from patients.enrollment import admission
from patients.models import DischargeReason, Patient, User
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission
from patients.polling import only_if_changed

TEMPLATE = "fulfillment/end_of_monitoring.html"
LIVE_TEMPLATE = "fulfillment/_end_of_monitoring.html"
END_REQUESTED_MESSAGE = "The vendor is being asked. The end is confirmed here when its own record shows it."
NOTHING_LINKED_MESSAGE = "Nothing was linked or on its way, so the vendor is not asked for anything."
ALREADY_DISCHARGED_MESSAGE = "The patient was discharged already; that last day of care stays."


@requires_permission(Permission.PLACE_ORDERS)
@require_http_methods(["GET", "POST"])
def end_patient_monitoring(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """Shows what will happen, then does it, with an optional discharge of the patient."""
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user)
    form = EndOfMonitoringForm(request.POST or None, discharged=patient.discharged_at is not None)
    if request.method == "POST" and form.is_valid():
        try:
            plan = end_and_discharge(form, patient, user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, NOTHING_LINKED_MESSAGE if plan.empty else END_REQUESTED_MESSAGE)
            if "discharge" in request.POST and patient.discharged_at is not None:
                messages.info(request, ALREADY_DISCHARGED_MESSAGE)
            return redirect("orders:end_for_patient", patient.pk)
    return render(request, TEMPLATE, {"form": form, **end_context(patient)})


def end_and_discharge(form: EndOfMonitoringForm, patient: Patient, user: User) -> end_of_monitoring.EndOfMonitoringPlan:
    """Both or none. Raises ValidationError by field. A patient who is discharged already stays so."""
    reason, last_day = DischargeReason(form.cleaned_data["reason"]), form.cleaned_data["last_day"]
    with transaction.atomic():
        if form.asks_discharge and patient.discharged_at is None:
            admission.discharge_patient(patient=patient, by=user, reason=reason, last_day=last_day)
        return end_of_monitoring.end_patient_monitoring(patient=patient, by=user, reason=str(reason.label))


@requires_permission(Permission.PLACE_ORDERS)
@require_http_methods(["GET", "POST"])
def end_device_monitoring(request: HttpRequest, patient_id: uuid.UUID, hwi_id: uuid.UUID) -> HttpResponse:
    user = current_user(request)
    patient, device = get_patient_and_device(user, patient_id, hwi_id)
    form: Form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        plan = end_of_monitoring.end_device_monitoring(device=device, by=user, reason=form.cleaned_data["reason"])
        messages.success(request, NOTHING_LINKED_MESSAGE if plan.empty else END_REQUESTED_MESSAGE)
        return redirect("orders:end_for_device", patient.pk, hwi_id)
    return render(request, TEMPLATE, {"form": form, **end_context(patient, device)})


def patient_live_version(user: User, patient_id: uuid.UUID, **_: uuid.UUID) -> int | None:
    """Of the patient: it changes with each device, call and replacement of the patient's."""
    found = Patient.objects.visible_to(user).filter(pk=patient_id).order_by("pk")
    return found.values_list("live_version", flat=True).first()


@requires_permission(Permission.PLACE_ORDERS)
@require_safe
@only_if_changed(patient_live_version)
def end_for_patient_live(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    patient = get_patient_audited(patient_id, by=current_user(request))
    return render(request, LIVE_TEMPLATE, end_context(patient))


@requires_permission(Permission.PLACE_ORDERS)
@require_safe
@only_if_changed(patient_live_version)
def end_for_device_live(request: HttpRequest, patient_id: uuid.UUID, hwi_id: uuid.UUID) -> HttpResponse:
    patient, device = get_patient_and_device(current_user(request), patient_id, hwi_id)
    return render(request, LIVE_TEMPLATE, end_context(patient, device))


def get_patient_and_device(user: User, patient_id: uuid.UUID, hwi_id: uuid.UUID) -> tuple[Patient, Device]:
    patient = get_patient_audited(patient_id, by=user)
    held = Device.objects.filter(patient=patient, hwi_id=hwi_id)
    device = held.select_related("patient__clinic", "gateway").first()
    if device is None:
        raise Http404("No such device.")
    return patient, device


def end_context(patient: Patient, device: Device | None = None) -> dict[str, Any]:
    progress = end_progress.list_progress(patient, device=device)
    live_url = (
        reverse("orders:end_for_device_live", args=[patient.pk, device.hwi_id])
        if device
        else reverse("orders:end_for_patient_live", args=[patient.pk])
    )
    return {
        "patient": patient,
        "device": device,
        "plan": end_of_monitoring.plan_for_device(device) if device else end_of_monitoring.plan_for_patient(patient),
        "progress": progress,
        "lane_stop": waiting_reasons.user_lane_stop() if any(each.waits for each in progress) else None,
        "live_url": live_url,
    }
