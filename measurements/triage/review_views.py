"""Review of a patient and notes about one, from the triage list."""

from __future__ import annotations

import datetime as dt
import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_http_methods, require_POST

from measurements.alerts import reviews
from measurements.alerts.models import PatientReview
from measurements.alerts.reviews import ReviewRefused
from measurements.models import Metric
from measurements.triage.episode_text import describe_episode
from measurements.triage.step_views import list_url
from measurements.units import units_for
from patients.care.models import NoteKind
from patients.care.note_views import note_form_page
from patients.models import Patient
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission


@requires_permission(Permission.HANDLE_ALERTS)
@require_POST
def review_patient(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """ "I have seen this patient up to now": `through` is the instant at which the page was made."""
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user)
    try:
        through = parse_datetime(request.POST.get("through", ""))
    except ValueError:
        through = None
    if through is None or timezone.is_naive(through):
        messages.error(request, "Nothing was saved: the page did not say up to when. Please try again.")
        return redirect(list_url(request.POST.get("list", "")))
    return save_review(request, patient, through)


def save_review(request: HttpRequest, patient: Patient, through: dt.datetime) -> HttpResponse:
    user = current_user(request)
    try:
        reviews.review_patient(patient=patient, by=user, through=through, acknowledge="acknowledge" in request.POST)
    except ReviewRefused as refused:
        metrics, now = Metric.objects.in_bulk(), timezone.now()
        described = [
            describe_episode(episode, patient, metrics, units_for(user), now=now) for episode in refused.episodes
        ]
        context = {
            "patient": patient,
            "episodes": described,
            # Up to the newest of what this page names, and no further.
            "through": max(through, *(episode.first_known_at for episode in refused.episodes)).isoformat(),
            "list_query": request.POST.get("list", ""),
        }
        return render(request, "alerts/review_refused.html", context)
    except ValidationError as error:
        messages.error(request, f"{patient.name}: {' '.join(error.messages)}")
    else:
        messages.success(request, f"{patient.name}: reviewed.")
    return redirect(list_url(request.POST.get("list", "")))


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
