"""Notes and contacts beside a row of another app: `{% note_panel patient note_ids form_url %}`; due next steps."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import template

from patients.care import notes
from patients.care.note_display import build_note_panel
from patients.models import Patient, User

register = template.Library()


@register.inclusion_tag("care/_note_panel.html", takes_context=True)
def note_panel(
    context: dict[str, Any], patient: Patient, note_ids: Collection[int] | None = None, form_url: str = ""
) -> dict[str, Any]:
    """`note_ids`: of the notes that are linked to the row; without them, all notes of the patient."""
    panel = build_note_panel(patient, note_ids=note_ids, form_url=form_url)
    return {"panel": panel, "permitted": context["permitted"]}


@register.simple_tag
def count_due_steps(user: User) -> int:
    """For the navigation."""
    return notes.count_due_steps(user)
