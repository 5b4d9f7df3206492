from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from patients.audit import audit_log
from patients.csv_writer import csv_response
from patients.files import stored_files
from patients.imports import results, runs, undo
from patients.imports.display import import_list_context, import_page_context
from patients.imports.forms import ColumnsForm, UploadForm
from patients.imports.models import PatientImport
from patients.imports.reading.tables import UnreadableFile
from patients.models import AuditEvent, User
from patients.permissions import Permission, current_user, requires_permission
from patients.polling import only_if_changed
from patients.wording import count_noun

# No message names a patient or a file: messages are stored in a cookie.
STALE = "Nothing was done: another person or the worker was faster. This is how it is now."


def find_import(user: User, import_id: uuid.UUID) -> PatientImport:
    """Raises Http404 for an import of another clinic."""
    found = PatientImport.objects.visible_to(user).select_related("clinic", "by", "stored_file").filter(pk=import_id)
    if (patient_import := found.first()) is None:
        raise Http404("No such import.")
    return patient_import


def import_version(user: User, import_id: uuid.UUID) -> str | None:
    found = PatientImport.objects.visible_to(user).only("pk", "version").filter(pk=import_id).first()
    return found.live_version() if found else None


@requires_permission(Permission.EDIT_PATIENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def import_list(request: HttpRequest) -> HttpResponse:
    user = current_user(request)
    form = UploadForm(request.POST or None, request.FILES or None, user=user)
    if request.method == "POST" and not form.is_bound:
        form = UploadForm({}, user=user)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            created = runs.create_import(clinic=form.chosen_clinic, by=user, name=file.name, content=file.read())
        except UnreadableFile as refusal:
            form.add_error("file", str(refusal))
        else:
            return redirect("imports:page", created.pk)
    return render(request, "imports/import_list.html", {"form": form, **import_list_context(request, user)})


@requires_permission(Permission.EDIT_PATIENTS)
@require_safe
def import_sample(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - the same for all
    return csv_response(results.sample_csv(), name="patients-sample.csv")


@requires_permission(Permission.EDIT_PATIENTS)
@require_safe
def import_page(request: HttpRequest, import_id: uuid.UUID) -> HttpResponse:
    user = current_user(request)
    patient_import = find_import(user, import_id)
    return render_import(request, patient_import, ColumnsForm(patient_import=patient_import))


@requires_permission(Permission.EDIT_PATIENTS)
@require_safe
@only_if_changed(import_version)
def import_page_live(request: HttpRequest, import_id: uuid.UUID) -> HttpResponse:
    user = current_user(request)
    context = import_page_context(request, user, find_import(user, import_id))
    return render(request, "imports/_import_page.html", context)


@requires_permission(Permission.EDIT_PATIENTS)
@require_POST
def import_columns(request: HttpRequest, import_id: uuid.UUID) -> HttpResponse:
    """Store the columns; check the rows, unless the columns raise a question that has no answer yet."""
    user = current_user(request)
    patient_import = find_import(user, import_id)
    form = ColumnsForm(request.POST, patient_import=patient_import)
    if not form.is_valid():
        return render_import(request, patient_import, form)
    try:
        mapping, answers = form.cleaned_data["mapping"], form.cleaned_data["answers"]
        runs.choose_columns(patient_import, mapping, answers=answers, by=user)
    except runs.StaleImport:
        messages.warning(request, STALE)
    return redirect("imports:page", patient_import.pk)


def render_import(request: HttpRequest, patient_import: PatientImport, form: ColumnsForm) -> HttpResponse:
    context = import_page_context(request, current_user(request), patient_import)
    shows_columns = context["needs_columns"] or (context["is_checked"] and ("columns" in request.GET or form.errors))
    return render(request, "imports/import_page.html", {**context, "form": form, "shows_columns": shows_columns})


def change_import(
    request: HttpRequest, import_id: uuid.UUID, change: Callable[[PatientImport, User], Any], *, back: str = ""
) -> HttpResponse:
    """One change, and back to the page; what is no longer possible is said there."""
    user = current_user(request)
    patient_import = find_import(user, import_id)
    try:
        text = change(patient_import, user)
    except runs.StaleImport:
        messages.warning(request, STALE)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except undo.PatientsInUse as used:
        messages.error(request, f"Nothing was undone: {used} belong to patients of this import.")
    else:
        if text:
            messages.success(request, text)
        if back:
            return redirect(back)
    return redirect("imports:page", import_id)


@requires_permission(Permission.EDIT_PATIENTS)
@require_POST
def start_import(request: HttpRequest, import_id: uuid.UUID) -> HttpResponse:
    typed = request.POST.get("run", "")
    run = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0
    return change_import(
        request, import_id, lambda patient_import, user: runs.start_import(patient_import, by=user, run=run)
    )


@requires_permission(Permission.EDIT_PATIENTS)
@require_POST
def resume_import(request: HttpRequest, import_id: uuid.UUID) -> HttpResponse:
    return change_import(request, import_id, lambda patient_import, user: runs.resume_import(patient_import, by=user))


@requires_permission(Permission.EDIT_PATIENTS)
@require_POST
def mark_another_person(request: HttpRequest, import_id: uuid.UUID) -> HttpResponse:
    typed = request.POST.get("row", "")
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0
    return change_import(
        request, import_id, lambda patient_import, user: runs.mark_another_person(patient_import, number, by=user)
    )


@requires_permission(Permission.EDIT_PATIENTS)
@require_POST
def discard_import(request: HttpRequest, import_id: uuid.UUID) -> HttpResponse:
    return change_import(
        request,
        import_id,
        lambda patient_import, user: runs.discard_import(patient_import, by=user) or "The file is deleted.",
        back="imports:list",
    )


@requires_permission(Permission.EDIT_PATIENTS)
@require_POST
def undo_import(request: HttpRequest, import_id: uuid.UUID) -> HttpResponse:
    def undo_it(patient_import: PatientImport, user: User) -> str:
        count = undo.undo_import(patient_import, by=user)
        return f"Undone: {count_noun(count, 'patient')} of this import deleted."

    return change_import(request, import_id, undo_it)


@requires_permission(Permission.EDIT_PATIENTS)
@require_safe
def import_result(request: HttpRequest, import_id: uuid.UUID) -> HttpResponse:
    user = current_user(request)
    patient_import = find_import(user, import_id)
    return csv_response(results.result_csv(patient_import, by=user), name=f"import-{patient_import.pk}.csv")


@requires_permission(Permission.EDIT_PATIENTS)
@require_safe
def import_file(request: HttpRequest, import_id: uuid.UUID) -> HttpResponse:
    """The file as it was uploaded."""
    user = current_user(request)
    patient_import = find_import(user, import_id)
    if patient_import.stored_file is None:
        raise Http404("The file is deleted.")
    audit_log.record_event(
        AuditEvent.Action.EXPORT, by=user, clinic=patient_import.clinic, target=f"file:{patient_import.stored_file_id}"
    )
    stored = patient_import.stored_file
    headers = {"Content-Disposition": content_disposition_header(True, stored.name) or "attachment"}
    return HttpResponse(stored_files.read_file(stored), content_type=stored.content_type, headers=headers)
