"""Panel of notes and contacts on the page of a patient or of a row that notes are linked to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.urls import reverse

from patients.care import notes
from patients.care.models import NoteVersion
from patients.care.notes import NoteSubject
from patients.models import Patient

PANEL_SIZE = 5


@dataclass(frozen=True)
class NotePanel:
    """The newest notes; `form_url` adds one; `all_url` is empty where all are shown."""

    rows: list[tuple[NoteVersion, NoteSubject | None]]
    form_url: str
    all_url: str
    zone: ZoneInfo


def build_note_panel(
    patient: Patient, *, note_ids: Collection[int] | None = None, form_url: str = "", size: int = PANEL_SIZE
) -> NotePanel:
    """Of the patient, or of the `note_ids` that are linked to a row, for which `form_url` has a form of its own.

    One query, and one for each kind of rows that notes may be about.
    """
    versions = list(notes.notes_of(patient, note_ids=note_ids)[: size + 1])
    has_more = len(versions) > size
    shown = versions[:size]
    return NotePanel(
        rows=notes.with_subjects(shown) if note_ids is None else [(version, None) for version in shown],
        form_url=form_url or reverse("care:new_note", args=[patient.pk]),
        all_url=reverse("care:notes", args=[patient.pk]) if has_more else "",
        zone=patient.clinic.zone,
    )
