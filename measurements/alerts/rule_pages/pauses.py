"""Views of pauses from measuring: plan one, end one."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from measurements.alerts import pauses
from measurements.alerts.models import MeasuringPause
from measurements.alerts.rule_pages.patient_rules import render_patient_rules
from measurements.alerts.rule_pages.pause_forms import PauseForm
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission


@requires_permission(Permission.HANDLE_MISSING_READINGS)
@require_POST
def plan_pause(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user)
    form = PauseForm(request.POST, patient=patient)
    if form.is_valid():
        try:
            pauses.plan_pause(patient=patient, by=user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, "The pause is saved.")
            return redirect("alert_rules:patient", patient.pk)
    return render_patient_rules(request, patient, form)


@requires_permission(Permission.HANDLE_MISSING_READINGS)
@require_POST
def end_pause(request: HttpRequest, patient_id: uuid.UUID, pause_id: int) -> HttpResponse:
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user)
    rows = MeasuringPause.objects.select_related("patient__clinic")
    pause = get_object_or_404(rows, pk=pause_id, patient=patient)
    try:
        pauses.end_pause(pause=pause, by=user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, "The pause is ended: readings are expected again.")
    return redirect("alert_rules:patient", patient.pk)
