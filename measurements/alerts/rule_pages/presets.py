"""Views of presets by condition: rules now against those of chosen conditions, confirmed by a clinician in one step."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from measurements import units
from measurements.alerts.models import PresetConfirmation
from measurements.alerts.rule_editing.editable_rules import EditableRule, editable_rules
from measurements.alerts.rule_pages.patient_rules import is_preset_confirmed
from measurements.alerts.rule_pages.rule_rows import RuleRow, rule_row
from measurements.models import TriageEntry
from measurements.units import DisplayUnits
from patients.audit import audit_log
from patients.enrollment import admission
from patients.models import Condition, Patient, User
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, get_patient_audited, has_permission, requires_permission


class PresetForm(forms.Form):
    conditions = forms.MultipleChoiceField(
        label="Conditions",
        required=False,
        choices=Condition.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "Choose conditions of the list."},
    )
    edit_version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


@dataclass(frozen=True)
class RuleComparison:
    """A rule now and with the chosen conditions; None where it is not judged."""

    title: str
    now: RuleRow | None
    new: RuleRow | None

    @property
    def change(self) -> str:
        if self.now is None:
            return "new"
        return "no longer judged" if self.new is None else "changed"


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def preset_page(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    patient = get_patient_audited(patient_id, by=current_user(request))
    initial = {"conditions": patient.conditions, "edit_version": patient.edit_version}
    return render_presets(request, patient, PresetForm(initial=initial))


@requires_permission(Permission.REVIEW_READINGS)
@require_POST
def preset_preview(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """By POST, because conditions in an address would be in logs."""
    patient = get_patient_audited(patient_id, by=current_user(request))
    form = PresetForm(request.POST)
    conditions = form.cleaned_data["conditions"] if form.is_valid() else None
    return render_presets(request, patient, form, conditions=conditions)


@requires_permission(Permission.REVIEW_READINGS)
@require_POST
def confirm_preset(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user)
    form = PresetForm(request.POST)
    if not form.is_valid():
        return render_presets(request, patient, form)
    try:
        save_conditions(patient, form.cleaned_data["conditions"], form.cleaned_data["edit_version"], by=user)
    except admission.EditConflict:
        form.add_error(None, "Another user changed this patient meanwhile. Please check the conditions again.")
        renewed = {"conditions": form.cleaned_data["conditions"], "edit_version": reload_version(patient)}
        return render_presets(
            request, patient, PresetForm(initial=renewed), errors=[str(error) for error in form.non_field_errors()]
        )
    except ValidationError as error:
        form.add_error(None, error.messages)
        return render_presets(request, patient, form)
    messages.success(request, "The presets are confirmed.")
    return redirect("alert_rules:patient", patient.pk)


@transaction.atomic
def save_conditions(patient: Patient, conditions: Sequence[str], edit_version: int, *, by: User) -> None:
    """Lock order as everywhere: the triage entry before the patient."""
    TriageEntry.objects.mark_scope_due(patient)
    admission.edit_patient(patient=patient, by=by, edit_version=edit_version, conditions=list(conditions))
    PresetConfirmation.objects.create(patient=patient, conditions=list(conditions), by=by)
    audit_log.record_event(
        AuditAction.ALERT_RULES,
        by=by,
        patients=[patient.pk],
        clinic=patient.clinic,
        target=f"patient:{patient.pk}",
        rule="presets",
    )


def reload_version(patient: Patient) -> int:
    patient.refresh_from_db(fields=["edit_version", "conditions"])
    return patient.edit_version


def render_presets(
    request: HttpRequest,
    patient: Patient,
    form: PresetForm,
    *,
    conditions: Sequence[str] | None = None,
    errors: Sequence[str] = (),
) -> HttpResponse:
    chosen = units.units_for(current_user(request))
    context = {
        "patient": patient,
        "form": form,
        "errors": errors or form.non_field_errors(),
        "comparisons": None if conditions is None else compare_presets(patient, conditions, chosen),
        "is_confirmed": is_preset_confirmed(patient),
        "may_change": has_permission(current_user(request), Permission.REVIEW_READINGS),
    }
    return render(request, "alert_rules/presets.html", context)


def compare_presets(patient: Patient, conditions: Sequence[str], chosen: DisplayUnits) -> list[RuleComparison]:
    """What differs. A rule that the patient or clinic has of its own has the same values."""
    now, new = editable_rules(patient), editable_rules(patient, conditions=conditions)
    return [
        RuleComparison(rule_row(after, chosen).title, shown_row(before, chosen), shown_row(after, chosen))
        for before, after in zip(now, new, strict=True)
        if before.effective.rule != after.effective.rule
    ]


def shown_row(rule: EditableRule, chosen: DisplayUnits) -> RuleRow | None:
    return rule_row(rule, chosen) if rule.is_judged else None
