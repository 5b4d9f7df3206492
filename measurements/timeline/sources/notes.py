"""Timeline events of notes and contacts: when each was, and when its next step was done."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from measurements.timeline.events import EventDetail, TimelineEvent, TimelineKind, TimelineScope
from patients.care import notes
from patients.care.models import NoteVersion
from patients.care.notes import NoteSubject


def fetch_note_events(scope: TimelineScope) -> Iterator[TimelineEvent]:
    """One query, and one for each kind of rows that notes may be about."""
    happened = scope.within("happened_at")
    done = scope.within("note__step_done_at")
    versions = notes.notes_of(scope.patient).filter(happened | done)
    for version, subject in notes.with_subjects(versions):
        if scope.includes(version.happened_at):
            yield build_note_event(version, subject)
        done_at, done_by = version.note.step_done_at, version.note.step_done_by
        if done_at and done_by and scope.includes(done_at):
            yield TimelineEvent(
                at=done_at,
                kind=TimelineKind.NOTES,
                title=f"Next step done: {version.next_step}",
                by=done_by.name,
                url=reverse("care:note", args=[version.note_id]),
            )


def build_note_event(version: NoteVersion, subject: NoteSubject | None) -> TimelineEvent:
    details = [EventDetail(f"about {subject.label}")] if subject else []
    if version.next_step_on:
        details.append(
            EventDetail(f"Next step, {version.next_step_on:%b} {version.next_step_on.day}: {version.next_step}")
        )
    if version.number > 1:
        details.append(EventDetail("corrected"))
    return TimelineEvent(
        at=version.happened_at,
        kind=TimelineKind.NOTES,
        title=describe_contact(version),
        text=version.text,
        details=tuple(details),
        by=version.note.created_by.name,
        url=reverse("care:note", args=[version.note_id]),
        anchor=f"note-{version.note_id}",
        known_at=version.written_at,
    )


def describe_contact(version: NoteVersion) -> str:
    """Note; Call: reached, live, with patient."""
    if not version.is_contact:
        return version.get_kind_display()
    live = "live, " if version.is_live else ""
    outcome = f"{version.get_outcome_display().lower()}, {live}with {version.get_contact_with_display().lower()}"
    return f"{version.get_kind_display()}: {outcome}"
