"""Admin of client actions, read-only."""

from __future__ import annotations

from django.contrib import admin

from fulfillment.client_actions.models import ClientAction
from patients.admin_site.base import ReadOnlyAdmin


@admin.register(ClientAction)
class ClientActionAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "line__patient__clinic", "line__patient_id"
    list_display = (
        "line",
        "reread_until",
        "duplicate_wanted_at",
        "reorder_requested_at",
        "reordered_at",
        "problem",
        "by",
    )
    list_select_related = ("line", "by")
    search_fields = ("=line__id",)
    search_help_text = "The id of an ordered device"
