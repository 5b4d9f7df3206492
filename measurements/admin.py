from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.html import format_html

from devices.hardware_ids import format_hardware_id
from devices.inbox import redaction
from devices.models import Delivery
from measurements import units
from measurements.models import (
    DryWeight,
    ExclusionEvent,
    Measurement,
    Metric,
    ReadingNote,
    Threshold,
    ThresholdChange,
    TriageEntry,
)
from measurements.thresholds import texts, views
from patients.admin_site.base import ReadOnlyAdmin, ReadOnlyInline, viewer
from patients.models import User
from patients.permissions import Permission, current_user, has_permission

QUALITY_FLAG_FIELDS = (
    *("estimated", "stamped_at", "clock_reset", "conflict", "duplicate", "implausible", "control", "beyond_meter"),
)


@admin.register(Metric)
class MetricAdmin(ReadOnlyAdmin):
    list_display = ("label", "unit", "known", "vital", "physiologic", "single", "code")
    list_filter = ("known", "vital")


class ReadingNoteInline(ReadOnlyInline):
    model = ReadingNote
    fields = ("note",)
    show_change_link = False


@admin.register(Measurement)
class MeasurementAdmin(ReadOnlyAdmin):
    """Read-only metadata of readings; values are shown to clinicians on the patient's page."""

    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = (
        "id",
        "patient_name",
        "metric",
        "taken_at",
        "vendor_created_at",
        "received_at",
        "source",
        "quality_flags",
    )
    list_filter = ("source", "conflict", "duplicate", "implausible", "control", "estimated")
    list_select_related = ("patient", "metric")
    search_fields = ("=id",)
    search_help_text = "The number of a reading"
    ordering = ("-id",)
    exclude = ("delivery_id", "hardware_uuid")
    readonly_fields = ("printed_gateway", "raw_payload")
    inlines = (ReadingNoteInline,)

    @admin.display(description="marks")
    def quality_flags(self, reading: Measurement) -> str:
        fields: Any = (reading._meta.get_field(name) for name in QUALITY_FLAG_FIELDS if getattr(reading, name))
        return ", ".join(str(field.verbose_name) for field in fields)

    @admin.display(description="gateway ID or IMEI")
    def printed_gateway(self, reading: Measurement) -> str:
        return format_hardware_id(reading.hardware_uuid)

    @admin.display(description="raw payload")
    def raw_payload(self, reading: Measurement) -> str:
        """The vendor's bytes, stored with the delivery until they are purged."""
        if reading.delivery_id is None:
            return "pulled: no delivery"
        delivery = Delivery.objects.filter(pk=reading.delivery_id).first()
        if delivery is None:
            return f"delivery {reading.delivery_id} is no longer stored"
        address = reverse("admin:devices_delivery_change", args=[delivery.pk])
        body = redaction.redacted_body_for(delivery, user=viewer.get())
        return format_html('<a href="{}">delivery {}</a><pre class="payload">{}</pre>', address, delivery.pk, body)


@admin.register(Threshold)
class ThresholdAdmin(ReadOnlyAdmin):
    change_list_template = "admin/measurements/threshold/change_list.html"
    list_display = ("label", "bounds", "unit", "scope_name", "source_date")
    fields = ("label", "bounds", "unit", "scope_name", "source", "source_date")
    list_filter = (("metric", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("metric", "clinic")

    @admin.display(description="goal")
    def label(self, goal: Threshold) -> str:
        return texts.threshold_label(goal.metric, goal.key)

    @admin.display(description="bounds")
    def bounds(self, goal: Threshold) -> str:
        return texts.format_changed_bounds(goal, goal.bounds, units.VENDOR_UNITS)

    @admin.display(description="unit")
    def unit(self, goal: Threshold) -> str:
        return goal.metric.unit

    @admin.display(description="whose", ordering="clinic")
    def scope_name(self, goal: Threshold) -> str:
        return goal.clinic.name if goal.clinic else "everybody: the default"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Shipped defaults and own clinics' goals; a patient's goals are on the patient's page."""
        own = current_user(request).clinics.all()
        rows = super().get_queryset(request).filter(patient__isnull=True)
        return rows.filter(clinic__isnull=True) | rows.filter(clinic__in=own)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(edit_clinic_thresholds)
        return [path("clinic/<int:clinic_id>/", view, name="measurements_clinic_thresholds"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        clinics = current_user(request).clinics.order_by("name")
        return super().changelist_view(request, {"clinics": clinics, **(extra_context or {})})


@admin.register(ThresholdChange)
class ThresholdChangeAdmin(ReadOnlyAdmin):
    """History of goals. A patient's row shows the patient's bounds, so each view of it is audited."""

    clinic_path, patient_path = "clinic", "patient_id"
    list_display = ("at", "by", "label", "old_bounds", "new_bounds", "clinic", "patient_name")
    fields = ("at", "by", "label", "old_bounds", "new_bounds", "clinic", "patient")
    list_filter = (("metric", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("metric", "by", "clinic", "patient")
    ordering = ("-id",)

    def scope(self, rows: QuerySet[Any], user: User) -> QuerySet[Any]:
        own = user.clinics.all()
        return rows.filter(Q(clinic__in=own) | Q(patient__clinic__in=own))

    @admin.display(description="goal")
    def label(self, change: ThresholdChange) -> str:
        return texts.threshold_label(change.metric, change.key)

    @admin.display(description="before")
    def old_bounds(self, change: ThresholdChange) -> str:
        return texts.format_changed_bounds(change, change.before, units.VENDOR_UNITS)

    @admin.display(description="after")
    def new_bounds(self, change: ThresholdChange) -> str:
        return texts.format_changed_bounds(change, change.after, units.VENDOR_UNITS)


@admin.register(DryWeight)
class DryWeightAdmin(ReadOnlyAdmin):
    """Without the weight itself, which is on the patient's page."""

    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("at", "by", "determined_on", "patient_name")
    fields = ("at", "by", "determined_on", "patient")
    list_select_related = ("by", "patient")
    ordering = ("-id",)


@admin.register(ExclusionEvent)
class ExclusionEventAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("at", "by", "is_undo", "reason", "patient_name")
    fields = ("at", "by", "is_undo", "reason", "measurement", "patient")
    list_select_related = ("by", "patient")
    ordering = ("-pk",)


@admin.register(TriageEntry)
class TriageEntryAdmin(ReadOnlyAdmin):
    """When each patient's alerts were assessed, and what failed."""

    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("patient_name", "section", "due_at", "assessed_at", "failures", "problem")
    fields = ("patient", "section", "due_at", "assessed_at", "failures", "problem")
    list_filter = ("section",)
    list_select_related = ("patient",)
    search_fields = ("=patient__id",)
    search_help_text = "The id of a patient"
    ordering = ("-due_at", "-pk")


def edit_clinic_thresholds(request: HttpRequest, clinic_id: int) -> HttpResponse:
    """The goals of a whole clinic, over the shipped defaults and under each patient's own."""
    user = current_user(request)
    if not has_permission(user, Permission.ADMINISTER):
        raise PermissionDenied
    clinic = get_object_or_404(user.clinics, pk=clinic_id)
    back = reverse("admin:measurements_threshold_changelist")
    place = views.ThresholdPageContext(
        clinic,
        clinic,
        editable=True,
        action=request.path,
        back=back,
        back_label="Back to goals",
        units=units.units_for(user),
    )
    if request.method == "POST":
        return views.handle_threshold_form(request, place, redirect_to=request.path)
    return views.render_thresholds(request, place, place.build_form())
