"""Panels about alerts on pages of other apps.

`{% episode_note_panel episode patient %}`: notes and contacts of an alert. `{% condition_presets %}`: the alert rules
that each condition brings, for the form of a patient.
"""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse

from measurements.alerts.engine.shipped_rules import GENERAL_CODES, PRESET_CODES, named_condition
from measurements.alerts.models import AlertEpisode
from measurements.alerts.rule_texts import rule_label
from measurements.timeline import episode_notes
from patients.care.note_display import build_note_panel
from patients.models import Patient
from patients.models.choices import CONDITION_LABELS

register = template.Library()


@register.inclusion_tag("care/_note_panel.html", takes_context=True)
def episode_note_panel(context: dict[str, Any], episode: AlertEpisode, patient: Patient) -> dict[str, Any]:
    form_url = reverse("timeline:new_episode_note", args=[patient.pk, episode.pk])
    panel = build_note_panel(patient, note_ids=episode_notes.note_ids_of(episode), form_url=form_url)
    return {"panel": panel, "permitted": context["permitted"]}


@register.inclusion_tag("alert_rules/_condition_presets.html")
def condition_presets() -> dict[str, Any]:
    """Without a query. A condition without rules of its own is left out."""
    rules = {
        label: [rule_label(code) for code in PRESET_CODES.get(named_condition(str(value)), ())]
        for value, label in CONDITION_LABELS.items()
    }
    return {
        "rules_by_condition": [(label, names) for label, names in rules.items() if names],
        "general": [rule_label(code) for code in GENERAL_CODES],
    }
