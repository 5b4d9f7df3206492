"""Admin of client actions, read-only."""

from __future__ import annotations

from django.contrib import admin

from fulfillment.client_actions.models import ClientAction
from patients.admin_site.base import ReadOnlyAdmin


@admin.register(ClientAction)
class ClientActionAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = (
        "line",
        "device",
        "reread_until",
        "duplicate_wanted_at",
        "reorder_requested_at",
        "reordered_at",
        "problem",
        "by",
    )
    list_select_related = ("line", "device", "by")
    search_fields = ("=line__id", "=device__hwi_id")
    search_help_text = "The id of an ordered device, or the vendor's id of one that was not ordered here"
