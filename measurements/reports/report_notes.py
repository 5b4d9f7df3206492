"""Notes and contacts of the days of a report, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from measurements.local_days import LocalDays
from patients.care import notes
from patients.care.models import NoteVersion
from patients.models import Patient
from patients.templatetags.time_display import PAPER_PATTERN, local_time
from patients.wording import count_noun

MAX_NOTES = 30  # some two sheets


@dataclass(frozen=True)
class NoteLine:
    head: str
    text: str


def fetch_note_lines(patient: Patient, days: LocalDays) -> list[NoteLine]:
    """One query. The last line has the number of older ones, if there are more than `MAX_NOTES`."""
    found = notes.notes_of(patient).filter(happened_at__gte=days.start, happened_at__lt=days.end)
    lines = [describe_note(version, patient) for version in found]
    if others := len(lines) - MAX_NOTES:
        lines[MAX_NOTES:] = [NoteLine(f"and {count_noun(others, 'older note')}", "")] if others > 0 else []
    return lines


def describe_note(version: NoteVersion, patient: Patient) -> NoteLine:
    """Call: reached, live, with patient; Nov 12, 2026, 9:10 AM, Nadia Haddad."""
    when = local_time(version.happened_at, PAPER_PATTERN, patient.clinic.zone)
    return NoteLine(f"{', '.join(note_words(version))}; {when}, {version.written_by.name}", note_text(version))


def note_words(version: NoteVersion) -> Iterator[str]:
    outcome = f": {version.get_outcome_display().lower()}" if version.outcome else ""
    yield f"{version.get_kind_display()}{outcome}"
    if version.is_live:
        yield "live"
    if version.is_contact:
        yield f"with {version.get_contact_with_display().lower()}"


def note_text(version: NoteVersion) -> str:
    due = version.next_step_on
    step = f"Next step, {due:%b} {due.day}, {due.year}: {version.next_step}" if due else ""
    return "\n".join(filter(None, (version.text, step)))
