"""Views of two compared ranges of one patient: around today, a change of a goal or a note, or typed."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from measurements import units
from measurements.chart.date_range import chosen_length
from measurements.comparison import ranges
from measurements.comparison.comparison import compare_ranges
from measurements.comparison.ranges import RangePair, RangePairForm
from measurements.local_days import ONE_DAY
from measurements.models import ThresholdChange
from measurements.thresholds import editing
from patients.care import notes
from patients.care.models import NoteVersion
from patients.models import Patient
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission


@dataclass(frozen=True)
class ComparedEvent:
    """What divides the ranges: a change of a goal, or a note or contact."""

    at: dt.datetime
    goal_change: ThresholdChange | None = None
    note: NoteVersion | None = None


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def comparison_page(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """The days up to today and those before them, or the typed ranges that `ranges` names."""
    patient = get_patient_audited(patient_id, by=current_user(request))
    if key := request.GET.get("ranges"):
        return render_comparison(request, patient, ranges.remembered_pair(request, patient, key))
    length = chosen_length(request, "each", ranges.LENGTHS, ranges.DEFAULT_LENGTH)
    today = timezone.localdate(timezone=patient.zone)
    pair = RangePair.around(today - ONE_DAY * (length - 1), length=length, today=today)
    return render_comparison(request, patient, pair, length=length)


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def compare_at_goal_change(request: HttpRequest, patient_id: uuid.UUID, change_id: int) -> HttpResponse:
    """The change is the patient's own or one of the clinic."""
    patient = get_patient_audited(patient_id, by=current_user(request))
    change = get_object_or_404(editing.relevant_changes(patient), pk=change_id)
    return render_event(request, patient, ComparedEvent(change.at, goal_change=change))


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def compare_at_note(request: HttpRequest, patient_id: uuid.UUID, note_id: int) -> HttpResponse:
    patient = get_patient_audited(patient_id, by=current_user(request))
    note = get_object_or_404(notes.notes_of(patient, note_ids=[note_id]))
    return render_event(request, patient, ComparedEvent(note.happened_at, note=note))


@requires_permission(Permission.VIEW_PATIENTS)
@require_POST
def choose_ranges(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """Posted, because URLs are logged and contain no dates. A refused form is shown over the usual ranges."""
    patient = get_patient_audited(patient_id, by=current_user(request))
    today = timezone.localdate(timezone=patient.zone)
    usual = RangePair.around(today - ONE_DAY * (ranges.DEFAULT_LENGTH - 1), length=ranges.DEFAULT_LENGTH, today=today)
    form = RangePairForm(request.POST, days=usual.local_days(patient, now=timezone.now()), today=today)
    if not form.is_valid():
        return render_comparison(request, patient, usual, length=ranges.DEFAULT_LENGTH, form=form)
    ranges.remember_pair(request, patient, form.pair)
    return redirect(f"{reverse('comparison:page', args=[patient.pk])}?ranges={form.pair.key}")


def render_event(request: HttpRequest, patient: Patient, event: ComparedEvent) -> HttpResponse:
    """The day of the event, in the patient's time zone, is the first one after."""
    length = chosen_length(request, "each", ranges.LENGTHS, ranges.DEFAULT_LENGTH)
    today = timezone.localdate(timezone=patient.zone)
    split = min(event.at.astimezone(patient.zone).date(), today)
    pair = RangePair.around(split, length=length, today=today)
    return render_comparison(request, patient, pair, length=length, event=event)


def render_comparison(
    request: HttpRequest,
    patient: Patient,
    pair: RangePair,
    *,
    length: int | None = None,
    event: ComparedEvent | None = None,
    form: RangePairForm | None = None,
) -> HttpResponse:
    """`length` is None for typed ranges."""
    now, read_in = timezone.now(), units.units_for(current_user(request))
    days = pair.local_days(patient, now=now)
    comparison = compare_ranges(patient, days, units=read_in, now=now)
    context: dict[str, Any] = {
        "patient": patient,
        "units": read_in,
        "event": event,
        "comparison": comparison,
        "sides": list(zip(("Before", "After"), pair.labels, days, comparison.charts, strict=True)),
        "lengths": ranges.LENGTHS,
        "length": length,
        "form": form or RangePairForm(days=days, today=now.astimezone(patient.zone).date()),
    }
    return render(request, "comparison/comparison.html", context)
