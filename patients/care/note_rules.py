"""Rules of a note or contact: which fields go together, in the words of the form; nothing is saved here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from patients.care.models import ContactOutcome, ContactWith, NoteKind, NoteVersion
from patients.folding import has_invisible_characters, has_visible_text
from patients.models import Patient

NOTE_FIELDS = ("kind", "happened_at", "text", "outcome", "contact_with", "is_live", "next_step", "next_step_on")
MAX_TEXT_LENGTH, MAX_STEP_LENGTH = 4000, 200
MAX_STEP_DAYS = 730
MAX_CLOCK_DIFFERENCE = dt.timedelta(minutes=5)
EARLIEST_CONTACT = dt.datetime(2015, 1, 1, tzinfo=dt.UTC)


def build_version(
    patient: Patient, fields: Mapping[str, Any], *, now: dt.datetime, of: NoteVersion | None = None
) -> NoteVersion:
    """A checked version that isn't saved. `of`: the version that it corrects, whose past next step may stay."""
    if unknown := fields.keys() - set(NOTE_FIELDS):
        raise TypeError(f"not a field of a note: {', '.join(sorted(unknown))}")
    version = NoteVersion(written_at=now, **fields)
    version.text = "\n".join(line.rstrip() for line in version.text.strip().splitlines())
    version.next_step = " ".join(version.next_step.split())
    if version.kind == NoteKind.ORDER:
        complete_order(version, patient)
    if version.is_contact:
        version.contact_with = version.contact_with or ContactWith.PATIENT
    else:  # what was chosen for a contact before the kind was changed
        version.outcome, version.contact_with, version.is_live = "", "", False
    problems = (
        text_problems(version)
        | contact_problems(version, now=now)
        | next_step_problems(version, patient=patient, of=of)
    )
    if problems:
        raise ValidationError(problems)
    return version


def complete_order(version: NoteVersion, patient: Patient) -> None:
    """An order for the coordinator is a next step, so that it is in their list: due today, if no day is named."""
    version.next_step = version.next_step or " ".join(version.text.partition("\n")[0].split())[:MAX_STEP_LENGTH]
    if version.next_step and version.next_step_on is None:
        version.next_step_on = timezone.localdate(timezone=patient.clinic.zone)


def text_problems(version: NoteVersion) -> dict[str, str]:
    if not version.is_contact and not has_visible_text(version.text):
        return {"text": "Write the note."}
    if len(version.text) > MAX_TEXT_LENGTH:
        return {"text": f"Write at most {MAX_TEXT_LENGTH:,} characters."}
    if any(has_invisible_characters(line) for line in version.text.split("\n")):
        return {"text": "Please remove the invisible or control characters."}
    return {}


def contact_problems(version: NoteVersion, *, now: dt.datetime) -> dict[str, str]:
    if version.kind not in NoteKind.values:
        return {"kind": "Choose a kind from the list."}
    found = {}
    if version.is_contact and version.outcome not in ContactOutcome.values:
        found["outcome"] = "Choose what came of it."
    if version.is_contact and version.contact_with not in ContactWith.values:
        found["contact_with"] = "Choose a person from the list."
    if version.is_live and version.outcome != ContactOutcome.REACHED:
        found["is_live"] = "A contact is live only if the person was reached."
    if version.happened_at > now + MAX_CLOCK_DIFFERENCE:
        found["happened_at"] = "This time is in the future."
    if version.happened_at < EARLIEST_CONTACT:
        found["happened_at"] = "This time is before 2015. Please check the year."
    return found


def next_step_problems(version: NoteVersion, *, patient: Patient, of: NoteVersion | None) -> dict[str, str]:
    today = timezone.localdate(timezone=patient.clinic.zone)
    if version.next_step and version.next_step_on is None:
        return {"next_step_on": "Choose the day on which this is due."}
    if version.next_step_on is None:
        return {}
    if not has_visible_text(version.next_step):
        return {"next_step": "Write what is to be done on this day."}
    if len(version.next_step) > MAX_STEP_LENGTH or has_invisible_characters(version.next_step):
        return {"next_step": f"Write at most {MAX_STEP_LENGTH} characters, none of them invisible."}
    stays = of is not None and of.next_step_on == version.next_step_on
    if version.next_step_on < today and not stays:
        return {"next_step_on": "This day is over."}
    if version.next_step_on > today + dt.timedelta(days=MAX_STEP_DAYS):
        return {"next_step_on": "This day is more than two years ahead. Please check the year."}
    return {}
