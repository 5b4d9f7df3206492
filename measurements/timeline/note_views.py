"""Form of a note or contact on an alert episode."""

from __future__ import annotations

import uuid
from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from measurements.alerts.models import AlertEpisode
from measurements.timeline import episode_notes
from patients.care.note_views import note_form_page
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission


@requires_permission(Permission.WRITE_NOTES)
@require_http_methods(["GET", "HEAD", "POST"])
def new_episode_note(request: HttpRequest, patient_id: uuid.UUID, episode_id: int) -> HttpResponse:
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user)
    episode = get_object_or_404(AlertEpisode.objects.visible_to(user).filter(patient=patient), pk=episode_id)
    back = reverse("triage:episode", args=[episode.pk])
    return note_form_page(request, patient, back=back, link=partial(episode_notes.link_note, episode))
