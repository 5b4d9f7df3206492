"""Views of notes and contacts: form, list, versions, and the list of due next steps."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from patients.audit import audit_log
from patients.care import notes, team
from patients.care.forms import NoteForm
from patients.care.models import Note, NoteKind, NoteTemplate, NoteVersion
from patients.care.notes import NoteConflict
from patients.lists.filters import FilterChoice, ListFilter, SelectedFilters
from patients.lists.pagination import PageRequest, SortKey, paginate
from patients.lists.sorting import ListColumn
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission
from patients.polling import only_if_changed, visible_patients_version

PAGE_SIZE = 50
MAX_ID_DIGITS = 18
INSERT_BUTTON = "insert"  # of the form: shows it again with the text of a template
STEP_COLUMNS = tuple(ListColumn(label) for label in ("Due", "Patient", "Next step", "After"))
STEP_KEYS = (SortKey("due_on"), SortKey("pk"))
NOTE_KEYS = (SortKey("happened_at", descending=True), SortKey("pk", descending=True))


def note_form_page(
    request: HttpRequest,
    patient: Patient,
    *,
    back: str,
    link: Callable[[Note], object] | None = None,
    corrected: NoteVersion | None = None,
    kind: NoteKind = NoteKind.NOTE,
) -> HttpResponse:
    """Form of a note about a patient whom the caller has fetched audited; saved, the user is sent `back`.

    `link` connects the new note with a row of another app, in the same transaction. `kind`: chosen in an empty form.
    """
    with timezone.override(patient.clinic.zone):
        after = None if corrected else find_completed_version(patient, request.GET.get("completes", ""))
        inserts = INSERT_BUTTON in request.POST
        form = NoteForm(
            None if inserts else request.POST or None,
            kinds=notes.kinds_for(current_user(request)),
            templates=list(NoteTemplate.objects.offered_in(patient.clinic)),
            version=corrected,
            after=after,
            kind=kind,
        )
        if inserts:
            form.insert_template(request.POST)
        if form.is_valid() and save_note(request, patient, form, link=link, corrected=corrected, after=after):
            return redirect(back)
        context = {"form": form, "patient": patient, "back": back, "corrected": corrected, "zone": patient.clinic.zone}
        return render(request, "care/note_form.html", context)


def find_completed_version(patient: Patient, note_id: str) -> NoteVersion | None:
    """The newest version of the patient's note whose open next step led to the form; the address names the note."""
    if not (note_id.isascii() and note_id.isdigit() and len(note_id) < MAX_ID_DIGITS):
        return None
    open_steps = notes.notes_of(patient, note_ids=[int(note_id)]).filter(note__due_on__isnull=False)
    found: NoteVersion | None = open_steps.first()
    return found


def save_note(
    request: HttpRequest,
    patient: Patient,
    form: NoteForm,
    *,
    link: Callable[[Note], object] | None,
    corrected: NoteVersion | None,
    after: NoteVersion | None,
) -> bool:
    """Whether it was saved; if not, the form says why."""
    user = current_user(request)
    try:
        if corrected is not None:
            number = form.cleaned_data["version_number"] or 0
            notes.correct_note(note=corrected.note, by=user, version_number=number, **form.note_fields())
            messages.success(request, "The correction is saved.")
            return True
        with transaction.atomic():
            note = notes.create_note(patient=patient, by=user, **form.note_fields())
            if link is not None:
                link(note)
            if after is not None and form.cleaned_data["completes"]:
                notes.complete_next_step(note=after.note, by=user)
    except ValidationError as error:
        form.add_error(None, error)
        return False
    except NoteConflict:
        form.add_error(None, "Another person has corrected this meanwhile. Nothing of yours is saved yet.")
        form.replace_version_number(corrected)
        return False
    messages.success(request, "The note is saved.")
    return True


@requires_permission(Permission.WRITE_NOTES)
@require_http_methods(["GET", "HEAD", "POST"])
def new_note(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    patient = get_patient_audited(patient_id, by=current_user(request))
    return note_form_page(request, patient, back=reverse("patients:page", args=[patient.pk]))


@requires_permission(Permission.WRITE_NOTES)
@require_http_methods(["GET", "HEAD", "POST"])
def correct_note(request: HttpRequest, note_id: int) -> HttpResponse:
    note, patient = get_note_audited(request, note_id)
    newest = note.versions.newest().select_related("note", "written_by").get()
    return note_form_page(request, patient, back=subject_url(note), corrected=newest)


@requires_permission(Permission.WRITE_NOTES)
@require_POST
def complete_next_step(request: HttpRequest, note_id: int) -> HttpResponse:
    note, _ = get_note_audited(request, note_id)
    notes.complete_next_step(note=note, by=current_user(request))
    messages.success(request, "The next step is done.")
    return redirect("care:next_steps" if "from_list" in request.POST else subject_url(note))


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def note_versions(request: HttpRequest, note_id: int) -> HttpResponse:
    note, patient = get_note_audited(request, note_id)
    versions = note.versions.select_related("note__step_done_by", "written_by").order_by("-number")
    context = {"note": note, "versions": versions, "patient": patient, "zone": patient.clinic.zone}
    return render(request, "care/note_versions.html", context | {"back": subject_url(note)})


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def note_list(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """All notes of a patient, the newest first."""
    patient = get_patient_audited(patient_id, by=current_user(request))
    of_patient = notes.notes_of(patient)
    page = paginate(
        of_patient,
        keys=NOTE_KEYS,
        request=PageRequest.from_query(request.GET),
        size=PAGE_SIZE,
        anchors=of_patient,
        rows=of_patient,
    )
    context = {"patient": patient, "rows": notes.with_subjects(page.rows), "page": page, "zone": patient.clinic.zone}
    return render(request, "care/note_list.html", context)


def next_steps_version(user: User) -> str:
    """Changes at midnight too: then the steps of the new day are due."""
    return f"{visible_patients_version(user)}-{notes.today_for(user):%Y%m%d}"


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def next_steps(request: HttpRequest) -> HttpResponse:
    """Notes whose next step is due, the longest due first."""
    return render(request, "care/next_steps.html", next_steps_context(request, current_user(request)))


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
@only_if_changed(next_steps_version)
def next_steps_live(request: HttpRequest) -> HttpResponse:
    return render(request, "care/_next_steps.html", next_steps_context(request, current_user(request)))


def next_steps_context(request: HttpRequest, user: User) -> dict[str, Any]:
    version = next_steps_version(user)  # before the rows: a change meanwhile comes with the next poll
    today = notes.today_for(user)
    visible = Note.objects.visible_to(user).with_open_step()
    filters = step_filters(user, today)
    chosen = SelectedFilters(filters, request.GET)
    page = paginate(
        chosen.apply(visible),
        keys=STEP_KEYS,
        request=PageRequest.from_query(request.GET),
        size=PAGE_SIZE,
        anchors=visible,
        rows=Note.objects.visible_to(user).select_related("patient__clinic"),
    )
    audit_log.record_event(AuditAction.LIST, by=user, patients=dict.fromkeys(note.patient_id for note in page.rows))
    newest = NoteVersion.objects.newest().filter(note__in=page.rows).select_related("written_by")
    version_by_note = {each.note_id: each for each in newest}
    subjects = notes.find_note_subjects(list(version_by_note))
    return {
        "version": version,
        "rows": [(note, version_by_note[note.pk], subjects.get(note.pk)) for note in page.rows],
        "page": page,
        "columns": STEP_COLUMNS,
        "filter_query": chosen.query,
        "filter_rows": chosen.filter_rows({each.name: chosen.count(visible, each) for each in filters}),
        "today": today,
    }


def step_filters(user: User, today: dt.date) -> tuple[ListFilter, ...]:
    orders = NoteVersion.objects.newest().orders().filter(note=OuterRef("pk"))
    mine = Q(patient__in=team.patients_of(user)) | Q(created_by=user)
    return (
        ListFilter(
            "when",
            "Due",
            {"later": FilterChoice("Later", Q(due_on__gt=today)), "all": FilterChoice("All", Q())},
            all_label="Today and before",
            all_condition=Q(due_on__lte=today),
        ),
        ListFilter("whose", "Whose", {"mine": FilterChoice("My patients and my notes", mine)}),
        ListFilter("kind", "Kind", {"orders": FilterChoice("Orders for coordinators", Q(Exists(orders)))}),
    )


def get_note_audited(request: HttpRequest, note_id: int) -> tuple[Note, Patient]:
    """A note whose patient is visible; the view of the patient is audited. Raises Http404."""
    user: Any = current_user(request)
    note = get_object_or_404(Note.objects.visible_to(user), pk=note_id)
    patient = get_patient_audited(note.patient_id, by=user)
    return note, patient


def subject_url(note: Note) -> str:
    subject = notes.find_note_subjects([note.pk]).get(note.pk)
    return subject.url if subject else reverse("patients:page", args=[note.patient_id])
