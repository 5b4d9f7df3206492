from __future__ import annotations

from django.contrib import admin

from patients.admin_site.base import ReadOnlyAdmin
from patients.imports.models import ImportRow, PatientImport


@admin.register(PatientImport)
class PatientImportAdmin(ReadOnlyAdmin):
    clinic_path = "clinic"
    list_display = ("id", "state", "by", "total_rows", "created_at", "finished_at")
    list_filter = ("state",)
    list_select_related = ("by",)
    search_fields = ("=id",)
    search_help_text = "Id of the import"


@admin.register(ImportRow)
class ImportRowAdmin(ReadOnlyAdmin):
    """Without the cells: the page of the import shows them."""

    clinic_path, patient_path = "patient_import__clinic", "patient_id"
    list_display = ("number", "state", "patient_name", "patient_import")
    list_filter = ("state",)
    list_select_related = ("patient", "patient_import")
    search_fields = ("=patient_import__id",)
    search_help_text = "Id of the import"
    exclude = ("cells", "kinds", "identity", "problems", "notes", "known_patient")
