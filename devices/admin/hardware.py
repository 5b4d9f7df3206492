"""What the vendor sells, and what patients hold."""

from __future__ import annotations

from django.contrib import admin

from devices.models import Assignment, Device, DeviceType, Gateway, HardwareChange
from patients.admin_base import ReadOnlyAdmin, ReadOnlyInline


@admin.register(DeviceType)
class DeviceTypeAdmin(ReadOnlyAdmin):
    list_display = ("name", "sensor_code", "in_stock", "listed", "deprecated", "monthly_cost", "synced_at")
    list_filter = ("listed", "in_stock", "deprecated")
    search_fields = ("name", "sensor_code")


@admin.register(Gateway)
class GatewayAdmin(ReadOnlyAdmin):
    clinic_path = "devices__patient__clinic"
    list_display = ("printed_id", "signal_strength", "last_checkin_at", "last_measurement_at", "told_at", "ask_problem")
    search_fields = ("hardware_uuid",)


class AssignmentInline(ReadOnlyInline):
    model = Assignment
    fields = ("patient", "started_at", "ended_at")


class HardwareChangeInline(ReadOnlyInline):
    model = HardwareChange
    fields = ("old", "new", "noticed_at", "logged_at")
    show_change_link = False


@admin.register(Device)
class DeviceAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("name", "hwi_id", "patient", "state", "vendor_status", "last_heard_at", "read_at")
    list_filter = ("state", "device_type")
    list_select_related = ("patient", "gateway", "device_type")
    search_fields = ("hwi_id",)
    inlines = (AssignmentInline, HardwareChangeInline)
