"""Notes and contacts on an exception that names a patient: the link of each, and what it says it is about."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import F
from django.urls import reverse

from fulfillment.worklist.kinds import kind_named
from fulfillment.worklist.models import WorklistItem, WorklistNote
from patients.care.models import Note
from patients.care.notes import NoteSubject, register_note_subject


def link_note(item: WorklistItem, note: Note) -> WorklistNote:
    """In the transaction that creates the note; open lists of exceptions reload."""
    WorklistItem.objects.filter(pk=item.pk).update(live_version=F("live_version") + 1)
    return WorklistNote.objects.create(item=item, note=note)


def note_ids_of(item: WorklistItem) -> list[int]:
    return list(WorklistNote.objects.filter(item=item).values_list("note", flat=True))


@register_note_subject
def find_item_subjects(note_ids: Collection[int]) -> dict[int, NoteSubject]:
    links = WorklistNote.objects.filter(note__in=note_ids).values_list("note", "item", "item__kind", "item__patient")
    return {
        note: NoteSubject(
            f"exception: {kind_named(kind).label}",
            reverse("patients:page", args=[patient]),
            reverse("orders:new_exception_note", args=[item]),
        )
        for note, item, kind, patient in links
    }
