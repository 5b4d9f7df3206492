"""Admin of replacements, read-only."""

from __future__ import annotations

from django.contrib import admin

from fulfillment.replacements.models import Replacement
from patients.admin_site.base import ReadOnlyAdmin


@admin.register(Replacement)
class ReplacementAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("order_number", "state", "reason", "requested_at", "shipped_at", "delivered_at")
    list_filter = ("state", "reason")
