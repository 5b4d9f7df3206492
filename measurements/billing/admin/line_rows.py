"""Read-only admin of billing lines, their computation and approvals, without the evidence, which is the patient's."""

from __future__ import annotations

from django.contrib import admin

from measurements.billing.models import BillingLine, BillingState, LineApproval, LineStep
from patients.admin_site.base import ReadOnlyAdmin, ReadOnlyInline


@admin.register(BillingLine)
class BillingLineAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "clinic", "patient_id"
    list_display = ("belongs_to", "patient_name", "code", "units", "status", "first", "last")
    fields = (
        *("patient", "clinic", "kind", "programme", "first", "last", "code", "units", "status", "because", "cautions"),
        *("date_of_service", "belongs_to", "practitioner", "payer", "approval"),
    )
    list_filter = ("status", "kind")
    list_select_related = ("patient",)
    search_fields = ("=id", "=patient__id")
    search_help_text = "The number of a line or the id of a patient"
    ordering = ("-pk",)


@admin.register(BillingState)
class BillingStateAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("patient_name", "due_at", "computed_at", "failures", "problem")
    fields = ("patient", "due_at", "computed_at", "failures", "problem")
    list_select_related = ("patient",)


class LineStepInline(ReadOnlyInline):
    model = LineStep
    fk_name = "approval"
    fields = ("at", "kind", "by", "replaced_by")


@admin.register(LineApproval)
class LineApprovalAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("at", "by", "patient_name", "code", "units", "first")
    fields = ("patient", "kind", "programme", "first", "code", "units", "by", "at", "statement", "evidence_hash")
    list_select_related = ("patient", "by")
    inlines = (LineStepInline,)


@admin.register(LineStep)
class LineStepAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "approval__patient__clinic", "approval.patient_id"
    list_display = ("at", "kind", "by", "approval")
    fields = ("approval", "kind", "by", "at", "replaced_by")
    list_filter = ("kind",)
    list_select_related = ("approval", "by")
