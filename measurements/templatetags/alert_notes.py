"""Notes and contacts on the page of an alert: `{% episode_note_panel episode patient %}`."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse

from measurements.alerts.models import AlertEpisode
from measurements.timeline import episode_notes
from patients.care.note_display import build_note_panel
from patients.models import Patient

register = template.Library()


@register.inclusion_tag("care/_note_panel.html", takes_context=True)
def episode_note_panel(context: dict[str, Any], episode: AlertEpisode, patient: Patient) -> dict[str, Any]:
    form_url = reverse("timeline:new_episode_note", args=[patient.pk, episode.pk])
    panel = build_note_panel(patient, note_ids=episode_notes.note_ids_of(episode), form_url=form_url)
    return {"panel": panel, "permitted": context["permitted"]}
