"""Admin of notes and contacts: who wrote what kind when; what they say is for clinicians and coordinators."""

from __future__ import annotations

from django.contrib import admin

from patients.admin_site.base import ReadOnlyAdmin, ReadOnlyInline
from patients.care.models import Note, NoteVersion


class NoteVersionInline(ReadOnlyInline):
    model = NoteVersion
    fields = readonly_fields = ("number", "kind", "outcome", "is_live", "happened_at", "written_by", "written_at")
    show_change_link = False


@admin.register(Note)
class NoteAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("patient_name", "created_by", "created_at", "version_number", "due_on")
    list_select_related = ("patient", "created_by")
    inlines = (NoteVersionInline,)
