"""Views of a reading: its detail, its exclusion and the undo of that."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from functools import partial

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import capfirst, get_text_list
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from measurements import units
from measurements.models import Measurement
from measurements.readings import detail, exclusion, reading_notes
from measurements.thresholds import evaluation
from patients.care.note_display import build_note_panel
from patients.care.note_views import note_form_page
from patients.models import Patient
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission

MAX_READING_ID = 2**63 - 1  # of PostgreSQL's bigint


class ExclusionForm(forms.Form):
    reason = forms.ChoiceField(
        label="Why it doesn't count",
        choices=[("", "Choose…"), *exclusion.ExclusionReason.choices],
        error_messages={"required": "Choose why this reading doesn't count."},
    )
    detail = forms.CharField(label="In your words", required=False, max_length=120, strip=True)


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def reading_detail(request: HttpRequest, patient_id: uuid.UUID, reading_id: int) -> HttpResponse:
    return render_reading(request, get_patient_audited(patient_id, by=current_user(request)), reading_id)


@requires_permission(Permission.WRITE_NOTES)
@require_http_methods(["GET", "HEAD", "POST"])
def new_reading_note(request: HttpRequest, patient_id: uuid.UUID, reading_id: int) -> HttpResponse:
    patient = get_patient_audited(patient_id, by=current_user(request))
    reading = get_reading_or_404(patient, reading_id)
    back = reverse("patients:reading", args=[patient.pk, reading.pk])
    return note_form_page(request, patient, back=back, link=partial(reading_notes.link_note, reading))


@requires_permission(Permission.REVIEW_READINGS)
@require_POST
def exclude_reading(request: HttpRequest, patient_id: uuid.UUID, reading_id: int) -> HttpResponse:
    patient = get_patient_audited(patient_id, by=current_user(request))
    chosen, form = get_reading_or_404(patient, reading_id), ExclusionForm(request.POST)
    if not form.is_valid():
        return render_reading(request, patient, reading_id, form)
    reason, detail = exclusion.ExclusionReason(form.cleaned_data["reason"]), form.cleaned_data["detail"]
    try:
        excluded = exclusion.exclude_reading(reading=chosen, reason=reason, detail=detail, by=current_user(request))
    except ValidationError as error:
        form.add_error("detail", error)
        return render_reading(request, patient, reading_id, form)
    messages.success(request, describe_readings(excluded, "no longer counts", "no longer count"))
    return redirect_to_reading(request, patient, reading_id)


@requires_permission(Permission.REVIEW_READINGS)
@require_POST
def undo_exclusion(request: HttpRequest, patient_id: uuid.UUID, reading_id: int) -> HttpResponse:
    patient = get_patient_audited(patient_id, by=current_user(request))
    try:
        counted = exclusion.undo_exclusion(reading=get_reading_or_404(patient, reading_id), by=current_user(request))
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, describe_readings(counted, "counts again", "count again"))
    return redirect_to_reading(request, patient, reading_id)


def describe_readings(readings: Sequence[Measurement], singular: str, plural: str) -> str:
    """What an exclusion or its undo has changed: "Blood pressure and pulse no longer count."."""
    if len(readings) == 1:
        return f"The reading {singular}."
    return capfirst(f"{get_text_list([row.metric.label_in_sentence for row in readings], 'and')} {plural}.")


def redirect_to_reading(request: HttpRequest, patient: Patient, reading_id: int) -> HttpResponse:
    page = reverse("patients:reading", args=[patient.pk, reading_id])
    return redirect(f"{page}?panel=1" if is_in_panel(request) else page)


def is_in_panel(request: HttpRequest) -> bool:
    """Whether a script shows the reading in the panel beside the charts instead of a page."""
    return "1" in (request.GET.get("panel"), request.POST.get("panel"))


def get_reading_or_404(patient: Patient, reading_id: int) -> Measurement:
    readings = Measurement.objects.filter(patient=patient).select_related("device", "patient__clinic")
    chosen = readings.filter(pk=reading_id).first() if reading_id <= MAX_READING_ID else None
    if chosen is None:
        raise Http404("No such reading.")
    return chosen


def render_reading(
    request: HttpRequest, patient: Patient, reading_id: int, form: ExclusionForm | None = None
) -> HttpResponse:
    """`form` is the invalid form about this reading; the other readings of the group get an empty one."""
    chosen = get_reading_or_404(patient, reading_id)
    group = detail.build_reading_group(
        chosen, thresholds=evaluation.thresholds_for(patient), units=units.units_for(current_user(request))
    )
    details = [(each, exclusion_form_for(each, chosen, form)) for each in group.details]
    template = "measurements/_reading_group.html" if is_in_panel(request) else "measurements/reading_group.html"
    note_ids = reading_notes.note_ids_of([each.reading for each in group.details])
    note_form = reverse("patients:new_reading_note", args=[patient.pk, chosen.pk])
    shown = {
        "patient": patient,
        "group": group,
        "details": details,
        "in_panel": is_in_panel(request),
        "panel": build_note_panel(patient, note_ids=note_ids, form_url=note_form),
    }
    return render(request, template, shown)


def exclusion_form_for(reading: detail.ReadingDetail, chosen: Measurement, sent: ExclusionForm | None) -> ExclusionForm:
    return sent if sent and reading.reading.pk == chosen.pk else ExclusionForm(auto_id=f"id_{reading.reading.pk}_%s")
