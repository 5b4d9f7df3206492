"""Notes and contacts: create, correct by a new version, list, and complete next steps.

How another app puts notes on its rows (an order, an exception, an episode):

1. A link table of its own, because no row here refers to the right: a model with a foreign key to the row and
   `note = models.OneToOneField(Note, on_delete=models.PROTECT)`. A correction changes no link.
2. A view that calls `note_views.note_form_page(request, patient, back=url, link=function)`: shows the form, creates
   the note, and calls `link(note)` in the same transaction.
3. On its page `{% load care_notes %}{% note_panel patient note_ids form_url %}` shows these notes and the button.
4. `@register_note_subject` on a function from note ids to `NoteSubject`, so that the patient's page and the list of
   next steps lead back to the row.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from patients.audit import audit_log
from patients.care.models import Note, NoteKind, NoteVersion
from patients.care.note_rules import NOTE_FIELDS, build_version
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.permissions import Permission, has_permission


class NoteConflict(Exception):
    """Another version was saved after the form was opened. Nothing was written."""


@dataclass(frozen=True)
class NoteSubject:
    """What a note is about, beside the patient: a link to it, and the form of another note about it."""

    label: str
    url: str
    form_url: str = ""


SubjectFinder = Callable[[Collection[int]], Mapping[int, NoteSubject]]
NOTE_SUBJECTS: list[SubjectFinder] = []


def register_note_subject(find: SubjectFinder) -> SubjectFinder:
    """Register what notes of an app's rows are about, by note id, in one query; apps to the right do so."""
    NOTE_SUBJECTS.append(find)
    return find


def find_note_subjects(note_ids: Collection[int]) -> dict[int, NoteSubject]:
    return {note_id: subject for find in NOTE_SUBJECTS if note_ids for note_id, subject in find(note_ids).items()}


@transaction.atomic
def create_note(*, patient: Patient, by: User, **fields: Any) -> Note:
    """A note or contact with its first version; NOTE_FIELDS are its fields, all optional but a note's text.

    Raises ValidationError by field. A contact's `outcome` is a ContactOutcome; `next_step` needs `next_step_on`, the
    day in the clinic's zone on which the matter comes back.
    """
    require_writer(patient, by)
    require_kind(fields.get("kind", NoteKind.NOTE), by)
    now = timezone.now()
    version = build_version(patient, {"happened_at": now.replace(second=0, microsecond=0)} | fields, now=now)
    note = Note(patient=patient, created_by=by, created_at=now, due_on=version.next_step_on)
    note.save()
    save_version(version, note, by=by)
    return note


@transaction.atomic
def correct_note(*, note: Note, by: User, version_number: int, **fields: Any) -> Note:
    """Add a version; what isn't given stays as it is. `version_number` is the one that was corrected.

    A next step that is done stays done, unless the correction has another step or day. Raises NoteConflict if there is
    a newer version, ValidationError by field.
    """
    current = lock_note(note, by=by)
    if current.version_number != version_number:
        raise NoteConflict
    before = current.versions.get(number=version_number)
    if fields.get("kind", before.kind) != before.kind:
        require_kind(fields["kind"], by)
    version = build_version(
        current.patient,
        {name: getattr(before, name) for name in NOTE_FIELDS} | fields,
        now=timezone.now(),
        of=before,
    )
    if all(getattr(version, name) == getattr(before, name) for name in NOTE_FIELDS):
        return current
    version.number = current.version_number = version_number + 1
    if (version.next_step, version.next_step_on) != (before.next_step, before.next_step_on):
        current.due_on, current.step_done_at, current.step_done_by = version.next_step_on, None, None
    current.save(update_fields=["version_number", "due_on", "step_done_at", "step_done_by"])
    save_version(version, current, by=by, corrected=True)
    return current


@transaction.atomic
def complete_next_step(*, note: Note, by: User) -> Note:
    """The matter leaves the list of next steps. Idempotent."""
    current = lock_note(note, by=by)
    if current.due_on is not None:
        current.due_on, current.step_done_at, current.step_done_by = None, timezone.now(), by
        current.save(update_fields=["due_on", "step_done_at", "step_done_by"])
        record_note_event(current, by=by, step_done=True)
    return current


def notes_of(patient: Patient, *, note_ids: Collection[int] | None = None) -> Any:
    """Newest versions with their notes, the newest contact first; `note_ids`: of these only."""
    versions = NoteVersion.objects.newest().filter(note__patient=patient)
    if note_ids is not None:
        versions = versions.filter(note__in=note_ids)
    return versions.select_related("note__step_done_by", "note__created_by", "written_by")


def today_for(user: User) -> dt.date:
    """The day by which next steps are due: in the time zone of the user's first clinic."""
    clinic = user.clinics.first()
    return timezone.localdate(timezone=clinic.zone if clinic else dt.UTC)


def count_due_steps(user: User) -> int:
    """Next steps that are due today or earlier."""
    return Note.objects.visible_to(user).due(by=today_for(user)).count()


def require_writer(patient: Patient, by: User) -> None:
    if not has_permission(by, Permission.WRITE_NOTES) or not by.clinics.filter(pk=patient.clinic_id).exists():
        raise PermissionDenied("not a writer of notes of this clinic")


def kinds_for(user: User) -> list[NoteKind]:
    """Orders for the coordinator are written by clinicians."""
    may_order = has_permission(user, Permission.HANDLE_ALERTS)
    return [kind for kind in NoteKind if may_order or kind != NoteKind.ORDER]


def require_kind(kind: str, by: User) -> None:
    if kind in NoteKind.values and kind not in kinds_for(by):
        raise ValidationError({"kind": "An order for the coordinator is written by a clinician."})


def lock_note(note: Note, *, by: User) -> Note:
    """Lock the row and check access again: the page may have been opened long before."""
    mine = Note.objects.visible_to(by).filter(pk=note.pk)
    rows = Note.objects.select_related("patient__clinic").select_for_update(of=("self",), no_key=True)
    current = rows.get(pk__in=mine.values("pk"))
    require_writer(current.patient, by)
    return current


def save_version(version: NoteVersion, note: Note, *, by: User, **details: Any) -> None:
    version.note, version.written_by = note, by
    version.clean_fields(exclude=["text"])
    version.save(force_insert=True)
    record_note_event(note, by=by, kind=version.kind, **details)


def record_note_event(note: Note, *, by: User, **details: Any) -> None:
    Patient.objects.touch_live_version([note.patient_id])
    audit_log.record_event(
        AuditAction.NOTE,
        by=by,
        patients=[note.patient_id],
        clinic=note.patient.clinic,
        target=f"note:{note.pk}",
        **details,
    )


def with_subjects(versions: Iterable[NoteVersion]) -> list[tuple[NoteVersion, NoteSubject | None]]:
    """Versions of notes with what each is about."""
    shown = list(versions)
    subjects = find_note_subjects([version.note_id for version in shown])
    return [(version, subjects.get(version.note_id)) for version in shown]
