"""Views that begin a new alert rule of a clinic or patient: by its kind and metric; the form of the rule follows."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from measurements.alerts.rule_editing.new_rules import generate_code
from measurements.alerts.rule_editing.rule_permissions import require_rule_editor
from measurements.alerts.rule_forms.own_rule_forms import NewRuleForm
from measurements.alerts.rule_pages.clinic_rules import find_clinic
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission


@requires_permission(Permission.REVIEW_READINGS)
@require_safe
def new_patient_rule(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    patient = get_patient_audited(patient_id, by=current_user(request))
    return begin_rule(request, "alert_rules:patient", "alert_rules:patient_rule", patient.pk)


@requires_permission(Permission.CHANGE_CLINIC_RULES)
@require_safe
def new_clinic_rule(request: HttpRequest, clinic_id: int) -> HttpResponse:
    user = current_user(request)
    clinic = find_clinic(user, clinic_id)
    require_rule_editor(user, clinic)
    return begin_rule(request, "alert_rules:clinic", "alert_rules:clinic_rule", clinic.pk)


def begin_rule(request: HttpRequest, back: str, form_page: str, scope_id: Any) -> HttpResponse:
    """Nothing is saved: the code is generated, and the form of the rule begins with the defaults of its kind."""
    form = NewRuleForm(request.GET or None)
    if form.is_valid():
        return redirect(form_page, scope_id, generate_code(form.cleaned_data["kind"], form.cleaned_data["metric"]))
    return render(request, "alert_rules/new_rule.html", {"form": form, "back": back, "scope_id": scope_id})
