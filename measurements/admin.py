from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from measurements.models import LatestReading, Measurement, Metric, Threshold
from patients.access import person
from patients.admin_base import ReadOnlyAdmin


@admin.register(Metric)
class MetricAdmin(ReadOnlyAdmin):
    list_display = ("code", "label", "unit", "known", "vital", "physiologic", "single", "source")
    list_filter = ("known", "vital")


@admin.register(Measurement)
class MeasurementAdmin(ReadOnlyAdmin):
    """History: to be looked at. Values are on the patient's page, where looking is the clinicians' work."""

    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = (
        "id", "patient", "metric", "taken_at", "vendor_created_at", "received_at", "source", "estimated", "conflict",
        "duplicate", "implausible", "control",
    )  # fmt: skip
    list_filter = ("source", "conflict", "duplicate", "implausible", "control", "estimated")
    list_select_related = ("patient", "metric")
    search_fields = ("=id",)
    ordering = ("-id",)
    exclude = ("delivery_id",)
    readonly_fields = ("raw_payload",)

    @admin.display(description="raw payload")
    def raw_payload(self, reading: Measurement) -> str:
        """The vendor's own bytes stand in the delivery, for as long as bodies are kept."""
        if reading.delivery_id is None:
            return "pulled: no delivery"
        address = reverse("admin:devices_delivery_change", args=[reading.delivery_id])
        return format_html('<a href="{}">delivery {}</a>', address, reading.delivery_id)


@admin.register(LatestReading)
class LatestReadingAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("id", "patient", "metric", "taken_at")
    list_select_related = ("patient", "metric")


@admin.register(Threshold)
class ThresholdAdmin(ReadOnlyAdmin):
    list_display = ("metric", "component", "context", "very_low", "low", "high", "very_high", "source", "source_date")
    list_filter = ("metric",)
    list_select_related = ("metric",)

    def get_queryset(self, request):  # type: ignore[no-untyped-def]
        """Shipped defaults and own clinics' goals; a patient's goals are on the patient's page."""
        own = person(request).clinics.all()
        rows = super().get_queryset(request).filter(patient__isnull=True)
        return rows.filter(clinic__isnull=True) | rows.filter(clinic__in=own)
