from __future__ import annotations

from django.contrib import admin

from measurements.adherence.models import DoseSchedule
from patients.admin_site.base import ReadOnlyAdmin


@admin.register(DoseSchedule)
class DoseScheduleAdmin(ReadOnlyAdmin):
    """Without the times, which are on the patient's page."""

    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("at", "by", "starts_on", "patient_name")
    fields = ("at", "by", "starts_on", "patient")
    list_select_related = ("by", "patient")
    ordering = ("-id",)
