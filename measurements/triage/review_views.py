"""Review of a patient and notes about one, from the triage list."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from measurements.alerts import reviews
from measurements.alerts.models import PatientReview
from measurements.alerts.reviews import ReviewConflict, ReviewRefused
from measurements.models import Metric
from measurements.triage.episode_text import describe_episode
from measurements.triage.step_views import list_url
from measurements.units import units_for
from patients.care.models import NoteKind
from patients.care.note_views import note_form_page
from patients.models import Patient
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission

CHANGED_WORDS = (
    "something has changed since the list showed this patient: new readings, or another person's work. "
    "Look at the row as it is now, and mark it again."
)


@requires_permission(Permission.HANDLE_ALERTS)
@require_POST
def review_patient(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """ "I have seen this patient as the page shows it": `shown` is the patient's live version on the page."""
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user)
    shown, named = request.POST.get("shown", ""), request.POST.getlist("acknowledge")
    try:
        reviews.review_patient(patient=patient, by=user, shown=shown, acknowledge=named)
    except ReviewRefused as refused:
        return show_refused_review(request, patient, refused)
    except ReviewConflict:
        messages.warning(request, f"{patient.name}: not reviewed, because {CHANGED_WORDS}")
    else:
        messages.success(request, f"{patient.name}: reviewed.")
    return redirect(list_url(request.POST.get("list", "")))


def show_refused_review(request: HttpRequest, patient: Patient, refused: ReviewRefused) -> HttpResponse:
    """The page names the critical alerts; its form acknowledges these and reviews what the list has shown."""
    metrics, now, units = Metric.objects.in_bulk(), timezone.now(), units_for(current_user(request))
    context = {
        "patient": patient,
        "episodes": [describe_episode(episode, patient, metrics, units, now=now) for episode in refused.episodes],
        "shown": request.POST.get("shown", ""),
        "list_query": request.POST.get("list", ""),
    }
    return render(request, "alerts/review_refused.html", context)


@requires_permission(Permission.HANDLE_ALERTS)
@require_POST
def undo_review(request: HttpRequest, review_id: int) -> HttpResponse:
    """On the same day of the clinic."""
    user = current_user(request)
    own = PatientReview.objects.filter(patient__in=Patient.objects.visible_to(user))
    review = own.filter(pk=review_id).first()
    if review is None:
        raise Http404("No such review.")
    patient = get_patient_audited(review.patient_id, by=user)
    try:
        reviews.undo_review(review=review, by=user)
    except ValidationError as error:
        messages.error(request, f"{patient.name}: {' '.join(error.messages)}")
    else:
        messages.success(request, f"{patient.name}: the review is taken back.")
    return redirect(list_url(request.POST.get("list", "")))


@requires_permission(Permission.WRITE_NOTES)
@require_http_methods(["GET", "HEAD", "POST"])
def new_note(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """Note or contact, saved back to the list; `?kind=call` chooses a call."""
    patient = get_patient_audited(patient_id, by=current_user(request))
    asked = request.GET.get("kind", "")
    kind = NoteKind(asked) if asked in NoteKind.values else NoteKind.NOTE
    return note_form_page(request, patient, back=list_url(request.GET.get("list", "")), kind=kind)
