"""Notes and contacts on an alert episode: the link of each, and what the patient's page says it is about."""

from __future__ import annotations

from collections.abc import Collection

from django.urls import reverse

from measurements.alerts.models import AlertEpisode, EpisodeNote
from patients.care.models import Note
from patients.care.notes import NoteSubject, register_note_subject


def note_ids_of(episode: AlertEpisode) -> list[int]:
    return list(EpisodeNote.objects.filter(episode=episode).values_list("note", flat=True))


def link_note(episode: AlertEpisode, note: Note) -> EpisodeNote:
    """In the transaction that creates the note."""
    return EpisodeNote.objects.create(episode=episode, note=note)


@register_note_subject
def find_episode_subjects(note_ids: Collection[int]) -> dict[int, NoteSubject]:
    links = EpisodeNote.objects.filter(note__in=note_ids).select_related("episode")
    return {
        link.note_id: NoteSubject(
            f"alert, {link.episode.severity}",
            reverse("triage:episode", args=[link.episode_id]),
            reverse("timeline:new_episode_note", args=[link.episode.patient_id, link.episode_id]),
        )
        for link in links
    }
