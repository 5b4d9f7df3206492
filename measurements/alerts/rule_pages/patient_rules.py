"""Views of a patient's alert rules: the list with pauses and history, the form of one rule, its preview."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from measurements import units
from measurements.alerts.backtests.previews import preview_rule
from measurements.alerts.models import ExpectedReadings, MeasuringPause, PresetConfirmation
from measurements.alerts.rule_editing.editable_rules import EditableRule, editable_rules, find_rule
from measurements.alerts.rule_editing.episode_questions import questions_about
from measurements.alerts.rule_editing.rule_effects import critical_episodes_ended
from measurements.alerts.rule_forms.expected_readings_form import ExpectedReadingsForm
from measurements.alerts.rule_forms.own_rule_forms import rule_form_class
from measurements.alerts.rule_forms.rule_forms import RuleForm
from measurements.alerts.rule_pages import rule_saving
from measurements.alerts.rule_pages.pause_forms import PauseForm
from measurements.alerts.rule_pages.rule_rows import history_rows, rule_row
from measurements.units import DisplayUnits
from patients.models import Patient
from patients.permissions import Permission, current_user, get_patient_audited, has_permission, requires_permission

MAX_PAUSES = 20


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def patient_rules(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    patient = get_patient_audited(patient_id, by=current_user(request))
    return render_patient_rules(request, patient, PauseForm(patient=patient))


def render_patient_rules(
    request: HttpRequest, patient: Patient, pause_form: PauseForm, *, expected_form: ExpectedReadingsForm | None = None
) -> HttpResponse:
    user = current_user(request)
    expected = ExpectedReadings.objects.filter(patient=patient).select_related("by").first()
    chosen = units.units_for(user)
    rows = [rule_row(rule, chosen) for rule in editable_rules(patient)]
    pauses = MeasuringPause.objects.filter(patient=patient).select_related("metric", "by", "ended_by")
    context = {
        "patient": patient,
        "link": "alert_rules:patient_rule",
        "scope_id": patient.pk,
        "zone": patient.clinic.zone,
        "judged": [row for row in rows if row.editable.is_judged],
        "others": [row for row in rows if not row.editable.is_judged],
        "history": history_rows(patient, chosen),
        "pauses": pauses[:MAX_PAUSES],
        "pause_form": pause_form,
        "expected": expected,
        "expected_form": expected_form or ExpectedReadingsForm(current=expected),
        "is_confirmed": is_preset_confirmed(patient),
        "may_change": has_permission(user, Permission.REVIEW_READINGS),
    }
    return render(request, "alert_rules/patient_rules.html", context)


def is_preset_confirmed(patient: Patient) -> bool:
    """Nothing waits for a patient without a condition: the shipped rules for everybody judge."""
    newest = PresetConfirmation.objects.filter(patient=patient).first()
    return not patient.conditions or (newest is not None and set(newest.conditions) == set(patient.conditions))


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def patient_rule(request: HttpRequest, patient_id: uuid.UUID, code: str) -> HttpResponse:
    patient = get_patient_audited(patient_id, by=current_user(request))
    rule = find_rule_or_404(patient, code)
    form_class = rule_form_class(code, RuleForm)
    return render_rule(request, patient, form_class(rule=rule, units=units.units_for(current_user(request))))


@requires_permission(Permission.REVIEW_READINGS)
@require_POST
def rule_preview(request: HttpRequest, patient_id: uuid.UUID, code: str) -> HttpResponse:
    """The page with the preview; only the preview for a script, which asks while a person types."""
    patient = get_patient_audited(patient_id, by=current_user(request))
    form = bound_form(request, find_rule_or_404(patient, code))
    preview = preview_rule(patient, code, form.typed_rule(), form.display_units) if form.is_valid() else None
    if "fragment" in request.POST:
        context = {"preview": preview, "patient": patient, "form": form}
        return render(request, "alert_rules/_preview.html", context)
    return render_rule(request, patient, form, preview=preview)


@requires_permission(Permission.REVIEW_READINGS)
@require_POST
def save_patient_rule(request: HttpRequest, patient_id: uuid.UUID, code: str) -> HttpResponse:
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user)
    form = bound_form(request, find_rule_or_404(patient, code))
    action = rule_saving.read_action(request.POST.get("action", rule_saving.SAVE), form)
    if action is None:
        return render_rule(request, patient, form)
    if rule_saving.changes_nothing(action, form):
        messages.success(request, "Nothing was changed.")
        return redirect("alert_rules:patient", patient.pk)
    questions = questions_about(critical_episodes_ended(patient, code, action.new), request.POST)
    if any(not question.answer for question in questions):
        return render_rule(request, patient, form, questions=questions, action=action.name)
    if not rule_saving.try_to_save(scope=patient, form=form, action=action, questions=questions, by=user):
        return render_rule(request, patient, form)
    messages.success(request, "The alert rule is saved.")
    return redirect("alert_rules:patient", patient.pk)


def bound_form(request: HttpRequest, rule: EditableRule) -> RuleForm:
    """Numbers are read in the units that the form was shown in."""
    form_class = rule_form_class(rule.code, RuleForm)
    return form_class(request.POST, rule=rule, units=DisplayUnits.from_code(request.POST.get("units")))


def find_rule_or_404(patient: Patient, code: str) -> EditableRule:
    rule = find_rule(patient, code)
    if rule is None:
        raise Http404(f"There is no rule {code}.")
    return rule


def render_rule(request: HttpRequest, patient: Patient, form: RuleForm, **more: Any) -> HttpResponse:
    context = {
        "patient": patient,
        "form": form,
        "row": rule_row(form.rule, form.display_units),
        "history": history_rows(patient, form.display_units, code=form.rule.code),
        "may_change": has_permission(current_user(request), Permission.REVIEW_READINGS),
        "now": timezone.now(),
        **more,
    }
    return render(request, "alert_rules/patient_rule.html", context)
