from __future__ import annotations

import copy
import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from patients import zip_codes
from patients.audit import audit_log
from patients.enrollment import admission
from patients.enrollment.edit_notices import CONTACT_FIELDS, contact_notices
from patients.enrollment.forms import DischargeForm, PatientForm
from patients.enrollment.zone_question import zone_question_for
from patients.models import Patient
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission
from patients.programmes import zone_changes

# No message names a patient: messages are stored in a cookie.


@requires_permission(Permission.EDIT_PATIENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_patient(request: HttpRequest) -> HttpResponse:
    user = current_user(request)
    form = PatientForm(request.POST or None, user=user)
    if form.is_valid():
        clinic, another = form.cleaned_data.get("clinic") or form.instance.clinic, form.cleaned_data["another_person"]
        try:
            patient = admission.enroll_patient(by=user, clinic=clinic, another_person=another, **form.patient_fields())
        except ValidationError as error:
            form.add_validation_error(error)
        except admission.PossibleDuplicatePatient as found:
            return render_possible_duplicate(request, None, form, found)
        else:
            messages.success(request, "The patient is enrolled.")
            warn_about_address(request, patient)
            return redirect("patients:page", patient.pk)
    return render_patient_form(request, None, form)


@requires_permission(Permission.EDIT_PATIENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_patient(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user)
    form = PatientForm(request.POST or None, instance=copy.copy(patient), user=user)
    question = zone_question_for(form, patient)
    if not form.is_valid() or (question and not question.is_valid()):
        return render_patient_form(request, patient, form)
    edit_version, another = form.cleaned_data["edit_version"] or 0, form.cleaned_data["another_person"]
    try:
        saved = admission.edit_patient(
            patient=patient, by=user, edit_version=edit_version, another_person=another, **form.patient_fields()
        )
    except admission.EditConflict as meanwhile:
        return render_edit_conflict(request, form, meanwhile)
    except admission.PossibleDuplicatePatient as found:
        return render_possible_duplicate(request, patient, form, found)
    except ValidationError as error:
        form.add_validation_error(error)
        return render_patient_form(request, patient, form)
    if question:
        zone_changes.record_zone_change(saved, moved_on=question.cleaned_data["moved_on"], by=user)
    messages.success(request, "The changes are saved.")
    warn_about_address(request, saved)
    if CONTACT_FIELDS.intersection(form.changed_data):
        for text in contact_notices(saved):
            messages.warning(request, text)
    return redirect("patients:page", patient.pk)


@requires_permission(Permission.EDIT_PATIENTS)
@require_POST
def address_hint(request: HttpRequest) -> HttpResponse:
    """Place and time zone of the ZIP code in an open form; posted, so that no address is part of a URL."""
    form = PatientForm(request.POST, user=current_user(request))
    return render(request, "patients/_address_hint.html", {"hint": form.address_hint})


def warn_about_address(request: HttpRequest, patient: Patient) -> None:
    """Warnings and no errors: near a state's border the address may be right."""
    if zip_codes.address_problem(zip_code=patient.zip_code, state=patient.state, city=patient.city):
        messages.warning(request, zip_codes.ZIP_CODE_WARNING)
    if zip_codes.differs_from_zip_code(patient.time_zone, patient.zip_code):
        messages.warning(request, zip_codes.TIME_ZONE_WARNING)


@requires_permission(Permission.EDIT_PATIENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def discharge_patient(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    patient = get_patient_audited(patient_id, by=current_user(request))
    form = DischargeForm(request.POST or None)
    discharged = None
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            discharged = admission.discharge_patient(patient=patient, by=current_user(request), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
    if discharged:
        if discharged.discharge_reason == reason:
            messages.success(request, "The patient is discharged.")
        else:
            label = discharged.get_discharge_reason_display()
            messages.warning(request, f"Another person was faster, with the reason “{label}”. Yours is not saved.")
        return redirect("patients:page", patient.pk)
    return render(request, "patients/discharge.html", {"form": form, "patient": patient})


@requires_permission(Permission.EDIT_PATIENTS)
@require_POST
def readmit_patient(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    patient = get_patient_audited(patient_id, by=current_user(request))
    admission.readmit_patient(patient=patient, by=current_user(request))
    messages.success(request, "The patient is enrolled again.")
    return redirect("patients:page", patient.pk)


def render_patient_form(request: HttpRequest, patient: Patient | None, form: PatientForm, **more: Any) -> HttpResponse:
    context = {"form": form, "patient": patient, "hint": form.address_hint, **more}
    if patient:
        context["periods"] = list(patient.monitoring_periods.all())
        context["zone_question"] = zone_question_for(form, patient)
    return render(request, "patients/patient_form.html", context)


def render_possible_duplicate(
    request: HttpRequest, patient: Patient | None, form: PatientForm, found: admission.PossibleDuplicatePatient
) -> HttpResponse:
    """Nothing was saved: name the other patient, and ask whether it is another person."""
    other = found.patient
    audit_log.record_event(AuditAction.SEARCH, by=current_user(request), patients=[other.pk], clinic=other.clinic)
    return render_patient_form(request, patient, form, namesake=other, similar_mrn=found.has_similar_mrn)


def render_edit_conflict(request: HttpRequest, form: PatientForm, conflict: admission.EditConflict) -> HttpResponse:
    """Nothing was saved: show who changed what, both values of each conflict, and what was typed."""
    others = {name for change in conflict.changes for name in change.fields}
    merged, conflicts = form.merge_with_saved(conflict.current, changed_by_others=others, user=current_user(request))
    labels = {name: merged[name].label for name in others if name in merged.fields}
    changes = [(change, [labels.get(name, name) for name in change.fields]) for change in conflict.changes]
    zone = conflict.current.clinic.time_zone
    return render_patient_form(
        request, conflict.current, merged, conflicts=conflicts, changes=changes, zone=zone, meanwhile=conflict
    )
