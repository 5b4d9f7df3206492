"""Views of a patient's timeline: the page with its filters, the page to print, a day of it in charts."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from measurements import units
from measurements.chart import date_range
from measurements.models.measurement import EARLIEST_TAKEN_AT
from measurements.timeline.patient_timeline import (
    DEFAULT_LENGTH,
    MAX_EVENTS,
    RANGE_LABELS,
    TimelineChoice,
    build_patient_timeline,
    kinds_for,
)
from patients import posted_searches
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission

MAX_PAGES = 200
MAX_SEARCH_LENGTH = 80


class DayForm(forms.Form):
    day = forms.DateField(input_formats=["%Y-%m-%d"])


def read_choice(request: HttpRequest, user: User, *, page: str = "") -> TimelineChoice:
    """From the address; with words, from what was posted under its key. Unknown values are ignored."""
    posted = posted_searches.find_search(request, page=page) or {}
    named = posted["kinds"].split(",") if posted else request.GET.getlist("kind")
    length, number = posted.get("length") or request.GET.get("length", ""), request.GET.get("page", "")
    visible = frozenset(kinds_for(user))
    return TimelineChoice(
        kinds=visible & frozenset(named) or visible,
        words=posted.get("words", ""),
        length=int(length) if length in map(str, RANGE_LABELS) else DEFAULT_LENGTH,
        page=min(int(number), MAX_PAGES) if number.isascii() and number.isdigit() and int(number) else 1,
    )


@requires_permission(Permission.VIEW_PATIENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def timeline_page(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """The filters are posted: what is searched for stays out of the address."""
    patient = get_patient_audited(patient_id, by=current_user(request))
    if request.method == "POST":
        return redirect_to_choice(request)
    return render(request, "timeline/timeline_page.html", timeline_context(request, patient))


def redirect_to_choice(request: HttpRequest) -> HttpResponse:
    kinds, length = request.POST.getlist("kind"), request.POST.get("length", "")
    words = " ".join(request.POST.get("words", "").split())[:MAX_SEARCH_LENGTH]
    if words:
        fields = {"words": words, "kinds": ",".join(kinds), "length": length}
        return posted_searches.redirect_to_results(request, fields)
    query = urlencode([*(("kind", kind) for kind in kinds), ("length", length)])
    return redirect(f"{request.path}?{query}")


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def timeline_print(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """What the page shows, on paper."""
    patient = get_patient_audited(patient_id, by=current_user(request), action=AuditAction.PRINT)
    return render(request, "timeline/timeline_print.html", timeline_context(request, patient))


@requires_permission(Permission.VIEW_PATIENTS)
@require_POST
def show_day(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """The readings of one local day on the patient's page. Posted, because URLs contain no dates."""
    patient = get_patient_audited(patient_id, by=current_user(request))
    form = DayForm(request.POST)
    if not form.is_valid() or not EARLIEST_TAKEN_AT.date() <= form.cleaned_data["day"] <= patient.today:
        return HttpResponseBadRequest("No such day.")
    day = form.cleaned_data["day"]
    chosen = date_range.remember_date_range(request, patient, day, day)
    return redirect(f"{reverse('patients:page', args=[patient.pk])}?days={chosen.key}")


def timeline_context(request: HttpRequest, patient: Patient) -> dict[str, Any]:
    user, now = current_user(request), timezone.now()
    page = reverse("timeline:page", args=[patient.pk])
    choice = read_choice(request, user, page=page)
    timeline = build_patient_timeline(patient, choice, user=user, units=units.units_for(user), now=now)
    return {
        "patient": patient,
        "timeline": timeline,
        "kinds": [(kind, kind in choice.kinds) for kind in kinds_for(user)],
        "lengths": RANGE_LABELS.items(),
        "max_events": MAX_EVENTS,
        "max_search_length": MAX_SEARCH_LENGTH,
        "range_label": date_range.DateRange(dates=(timeline.local_days.first, timeline.local_days.last)).label,
        "choice_query": choice_query(request, choice),
        "now": now,
    }


def choice_query(request: HttpRequest, choice: TimelineChoice) -> str:
    """Of the address that shows the same days and kinds, without the page."""
    if choice.words:
        return urlencode({posted_searches.QUERY_NAME: request.GET[posted_searches.QUERY_NAME]})
    visible = kinds_for(current_user(request))
    named = [] if choice.kinds.issuperset(visible) else [("kind", kind) for kind in visible if kind in choice.kinds]
    return urlencode([*named, ("length", choice.length)])
