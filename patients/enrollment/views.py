from __future__ import annotations

import copy
import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from devices.models import Device
from measurements.ingest import patient_summaries
from patients import zip_codes
from patients.audit import audit_log
from patients.enrollment import admission
from patients.enrollment.forms import DischargeForm, PatientForm
from patients.models import Patient
from patients.models.audit import AuditAction
from patients.permissions import Act, open_patient, person, requires

# No message names a patient: messages travel in a cookie.


@requires(Act.EDIT_PATIENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    user = person(request)
    form = PatientForm(request.POST or None, user=user)
    if form.is_valid():
        clinic, another = form.cleaned_data.get("clinic") or form.instance.clinic, form.cleaned_data["another_person"]
        try:
            patient = admission.enrol(by=user, clinic=clinic, another_person=another, **form.patient_fields())
        except ValidationError as error:
            form.blame(error)
        except admission.Namesake as found:
            audit_log.record(AuditAction.SEARCH, by=user, patients=[found.patient.pk], clinic=clinic)
            return render(request, "patients/form.html", {"form": form, "namesake": found.patient})
        else:
            messages.success(request, "The patient is enrolled.")
            _doubt_address(request, form)
            return redirect("patients:page", patient.pk)
    return render(request, "patients/form.html", {"form": form})


@requires(Act.EDIT_PATIENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    patient = open_patient(patient_id, by=person(request))
    form = PatientForm(request.POST or None, instance=copy.copy(patient), user=person(request))
    if not form.is_valid():
        return _show(request, patient, form)
    edition = form.cleaned_data["edition"] or 0
    try:
        admission.edit(patient=patient, by=person(request), edition=edition, **form.patient_fields())
    except admission.EditedMeanwhile as meanwhile:
        return _show_both(request, form, meanwhile)
    except ValidationError as error:
        form.blame(error)
        return _show(request, patient, form)
    patient_summaries.rebuild([patient.pk])  # its days are the patient's own: the time zone may have changed
    messages.success(request, "The changes are saved.")
    _doubt_address(request, form)
    return redirect("patients:page", patient.pk)


def _doubt_address(request: HttpRequest, form: PatientForm) -> None:
    """Before a parcel goes there. The state beside the border may be right, so that it is no error."""
    said = form.cleaned_data
    if doubt := zip_codes.warning(state=said["state"], zip_code=said["zip_code"]):
        messages.warning(request, doubt)


@requires(Act.EDIT_PATIENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def discharge(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    patient = open_patient(patient_id, by=person(request))
    form = DischargeForm(request.POST or None)
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        kept = admission.discharge(patient=patient, by=person(request), reason=reason)
        if kept.discharge_reason == reason:
            messages.success(request, "The patient is discharged.")
        else:
            label = kept.get_discharge_reason_display()
            messages.warning(request, f"Somebody was faster, with the reason “{label}”. Yours is not saved.")
        return redirect("patients:page", patient.pk)
    linked = Device.objects.linked().filter(patient=patient).count()
    return render(request, "patients/discharge.html", {"form": form, "patient": patient, "linked": linked})


@requires(Act.EDIT_PATIENTS)
@require_POST
def readmit(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    patient = open_patient(patient_id, by=person(request))
    admission.readmit(patient=patient, by=person(request))
    messages.success(request, "The patient is enrolled again.")
    return redirect("patients:page", patient.pk)


def _show(request: HttpRequest, patient: Patient, form: PatientForm, **more: Any) -> HttpResponse:
    return render(request, "patients/form.html", {"form": form, "patient": patient, **more})


def _show_both(request: HttpRequest, form: PatientForm, meanwhile: admission.EditedMeanwhile) -> HttpResponse:
    """Nothing was saved: say who changed what, and put both versions side by side with what was typed kept."""
    others = {name for change in meanwhile.changes for name in change.fields}
    merged, conflicts = form.merged(meanwhile.current, changed_by_others=others, user=person(request))
    labels = {name: merged[name].label for name in others if name in merged.fields}
    changes = [(change, [labels.get(name, name) for name in change.fields]) for change in meanwhile.changes]
    zone = meanwhile.current.clinic.time_zone
    return _show(
        request, meanwhile.current, merged, conflicts=conflicts, changes=changes, zone=zone, meanwhile=meanwhile
    )
