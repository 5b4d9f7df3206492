"""Admin of patients' records at the vendor, read-only."""

from __future__ import annotations

from django.contrib import admin

from devices.patient_records.models import PatientRecord
from patients.admin_site.base import ReadOnlyAdmin


@admin.register(PatientRecord)
class PatientRecordAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("patient_name", "address_status", "address_verified_by", "override_by", "answered_at")
    list_filter = ("address_status",)
    list_select_related = ("patient", "override_by")
    search_fields = ("=patient__id",)
    search_help_text = "The id of a patient"
    exclude = ("confirmed", "sent_fields")
