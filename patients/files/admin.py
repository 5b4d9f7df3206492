from __future__ import annotations

from django.contrib import admin

from patients.admin_site.base import ReadOnlyAdmin
from patients.files.models import StoredFile, StoredFilePart


@admin.register(StoredFile)
class StoredFileAdmin(ReadOnlyAdmin):
    clinic_path = "clinic"
    list_display = ("id", "owner", "size", "created_at", "expires_at")
    list_select_related = ("owner",)
    search_fields = ("=id",)
    search_help_text = "Id of the file"


@admin.register(StoredFilePart)
class StoredFilePartAdmin(ReadOnlyAdmin):
    clinic_path = "stored_file__clinic"
    list_display = ("stored_file", "number")
    list_select_related = ("stored_file",)
    exclude = ("body",)
