"""Admin of time: who spent how long for whom, and who approved it; nothing is changed here."""

from __future__ import annotations

from django.contrib import admin

from patients.admin_site.base import ReadOnlyAdmin
from patients.time_sessions.models import TimeApproval, TimeSession


@admin.register(TimeSession)
class TimeSessionAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("patient_name", "person", "programme", "source", "started_at", "ended_at", "end_reason")
    list_select_related = ("patient", "person")
    exclude = ("tab_id", "done", "decided")


@admin.register(TimeApproval)
class TimeApprovalAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("patient_name", "month", "approved_by", "approved_at", "withdrawn_at")
    list_select_related = ("patient", "approved_by")
