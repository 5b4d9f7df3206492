"""View that saves what a patient is expected to measure."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from measurements.alerts.models import ExpectedReadings
from measurements.alerts.rule_editing.expected_readings import expect_readings
from measurements.alerts.rule_forms.expected_readings_form import ExpectedReadingsForm
from measurements.alerts.rule_pages.patient_rules import render_patient_rules
from measurements.alerts.rule_pages.pause_forms import PauseForm
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission

BY_DEVICES = "by_devices"


@requires_permission(Permission.HANDLE_MISSING_READINGS)
@require_POST
def save_expected_readings(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user)
    form = ExpectedReadingsForm(request.POST, current=ExpectedReadings.objects.filter(patient=patient).first())
    if form.is_valid():
        metrics = None if request.POST.get("action") == BY_DEVICES else form.cleaned_data["metrics"]
        try:
            expect_readings(patient=patient, by=user, metrics=metrics)
        except ValidationError as error:
            form.add_error("metrics", error.message_dict["metrics"])
        else:
            messages.success(request, "What the patient is expected to measure is saved.")
            return redirect("alert_rules:patient", patient.pk)
    return render_patient_rules(request, patient, PauseForm(patient=patient), expected_form=form)
