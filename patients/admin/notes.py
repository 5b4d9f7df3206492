"""Admin of notes and contacts: who wrote what kind when, without what they say; and of a clinic's text templates."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import ForeignKey
from django.forms import ModelChoiceField
from django.http import HttpRequest

from patients.admin_site.base import ReadOnlyAdmin, ReadOnlyInline
from patients.admin_site.optimistic_lock import OptimisticLockAdmin
from patients.care.models import Note, NoteTemplate, NoteVersion
from patients.models import Clinic
from patients.permissions import current_user


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


@admin.register(NoteTemplate)
class NoteTemplateAdmin(OptimisticLockAdmin):
    clinic_path = "clinic"
    list_display = ("name", "clinic", "is_offered")
    list_filter = ("is_offered",)
    list_select_related = ("clinic",)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField | None:
        """A template belongs to a clinic of the administrator."""
        if db_field.name == "clinic":
            kwargs["queryset"] = Clinic.objects.filter(people=current_user(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
