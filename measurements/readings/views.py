"""One reading with everything known about it; taken out of averages by a clinician, with a reason, and back again."""

from __future__ import annotations

import uuid

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from measurements import units
from measurements.models import Measurement
from measurements.readings import detail, exclusion
from measurements.thresholds import evaluation
from patients.models import Patient
from patients.permissions import Act, open_patient, person, requires

MOST_ID = 2**63 - 1  # of PostgreSQL's bigint


class ExcludeForm(forms.Form):
    reason = forms.ChoiceField(
        label="Why it doesn't count",
        choices=[("", "Choose…"), *exclusion.Reason.choices],
        error_messages={"required": "Choose why this reading doesn't count."},
    )
    detail = forms.CharField(label="In your words", required=False, max_length=120, strip=True)


@requires(Act.SEE_PATIENTS)
@require_safe
def reading(request: HttpRequest, patient_id: uuid.UUID, reading_id: int) -> HttpResponse:
    return _show(request, open_patient(patient_id, by=person(request)), reading_id)


@requires(Act.JUDGE_READINGS)
@require_POST
def exclude(request: HttpRequest, patient_id: uuid.UUID, reading_id: int) -> HttpResponse:
    patient = open_patient(patient_id, by=person(request))
    chosen, form = _found(patient, reading_id), ExcludeForm(request.POST)
    if not form.is_valid():
        return _show(request, patient, reading_id, form)
    reason, detail = exclusion.Reason(form.cleaned_data["reason"]), form.cleaned_data["detail"]
    try:
        exclusion.exclude(reading=chosen, reason=reason, detail=detail, by=person(request))
    except ValidationError as error:
        form.add_error("detail", error)
        return _show(request, patient, reading_id, form)
    messages.success(request, "The reading no longer counts.")
    return _back(request, patient, reading_id)


@requires(Act.JUDGE_READINGS)
@require_POST
def undo(request: HttpRequest, patient_id: uuid.UUID, reading_id: int) -> HttpResponse:
    patient = open_patient(patient_id, by=person(request))
    try:
        exclusion.undo(reading=_found(patient, reading_id), by=person(request))
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, "The reading counts again.")
    return _back(request, patient, reading_id)


def _back(request: HttpRequest, patient: Patient, reading_id: int) -> HttpResponse:
    page = reverse("patients:reading", args=[patient.pk, reading_id])
    return redirect(f"{page}?panel=1" if _in_panel(request) else page)


def _in_panel(request: HttpRequest) -> bool:
    """Beside the charts, where a script asks for it; else on a page of its own."""
    return "1" in (request.GET.get("panel"), request.POST.get("panel"))


def _found(patient: Patient, reading_id: int) -> Measurement:
    readings = Measurement.objects.filter(patient=patient).select_related("device", "patient__clinic")
    chosen = readings.filter(pk=reading_id).first() if reading_id <= MOST_ID else None
    if chosen is None:
        raise Http404("No such reading.")
    return chosen


def _show(request: HttpRequest, patient: Patient, reading_id: int, form: ExcludeForm | None = None) -> HttpResponse:
    """`form` is what somebody tried to send about this reading; each other reading gets an empty one."""
    chosen = _found(patient, reading_id)
    moment = detail.around(chosen, goals=evaluation.of(patient), units=units.of(person(request)))
    forms_of = [(facet, _form(facet, chosen, form)) for facet in moment.facets]
    template = "patients/_moment.html" if _in_panel(request) else "patients/reading.html"
    shown = {"patient": patient, "moment": moment, "facets": forms_of, "in_panel": _in_panel(request)}
    return render(request, template, shown)


def _form(facet: detail.Facet, chosen: Measurement, sent: ExcludeForm | None) -> ExcludeForm:
    return sent if sent and facet.reading.pk == chosen.pk else ExcludeForm(auto_id=f"id_{facet.reading.pk}_%s")
