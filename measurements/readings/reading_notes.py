"""Notes and contacts on a reading: the link of each, and what the patient's page says it is about."""

from __future__ import annotations

from collections.abc import Collection

from django.urls import reverse

from measurements.models import Measurement, ReadingNote
from patients.care.models import Note
from patients.care.notes import NoteSubject, register_note_subject


def note_ids_of(readings: Collection[Measurement]) -> list[int]:
    return list(ReadingNote.objects.filter(measurement__in=readings).values_list("note", flat=True))


def link_note(reading: Measurement, note: Note) -> ReadingNote:
    """In the transaction that creates the note."""
    return ReadingNote.objects.create(measurement=reading, note=note)


@register_note_subject
def find_reading_subjects(note_ids: Collection[int]) -> dict[int, NoteSubject]:
    links = ReadingNote.objects.filter(note__in=note_ids).select_related("measurement__metric")
    return {
        link.note_id: NoteSubject(
            f"reading of {link.measurement.metric.label_in_sentence}",
            reverse("patients:reading", args=[link.measurement.patient_id, link.measurement_id]),
            reverse("patients:new_reading_note", args=[link.measurement.patient_id, link.measurement_id]),
        )
        for link in links
    }
