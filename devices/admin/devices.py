"""Admin of the device catalogue, gateways and devices."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse

from devices.hardware_ids import format_hardware_id, normalise_hardware_uuid
from devices.models import Assignment, Device, DeviceType, Gateway, HardwareChange, WebhookSelfTest
from devices.models.webhook_self_test import SelfTestKind
from devices.patient_lookups import device_conditions
from devices.webhooks import self_test
from patients.admin_site.base import ReadOnlyAdmin, ReadOnlyInline, has_model_permission
from patients.permissions import current_user
from patients.wording import count_noun

UNPIN_MEANING = "The system to whose webhook each is pinned gets its readings as every other webhook does from now on."


@admin.register(DeviceType)
class DeviceTypeAdmin(ReadOnlyAdmin):
    list_display = ("name", "sensor_code", "in_stock", "listed", "deprecated", "monthly_cost", "synced_at")
    list_filter = ("listed", "in_stock", "deprecated")
    search_fields = ("name", "sensor_code")
    search_help_text = "A part of the name, or a sensor code"
    exclude = ("metrics",)
    readonly_fields = ("metric_names",)

    def metric_names(self, device_type: DeviceType) -> str:
        return ", ".join(device_type.metric_labels)


@admin.register(Gateway)
class GatewayAdmin(ReadOnlyAdmin):
    clinic_path = "devices__patient__clinic"
    list_display = ("label", "signal", "last_checkin_at", "last_measurement_at", "status_fetched_at", "status_problem")
    search_fields = ("hardware_uuid",)
    find_help = "A gateway ID or IMEI as printed on the label"
    exclude = ("hardware_uuid", "whitelist", "signal_strength")
    readonly_fields = ("label", "signal", "sensors")

    @admin.display(description="gateway ID or IMEI", ordering="hardware_uuid")
    def label(self, gateway: Gateway) -> str:
        return gateway.printed_id

    @admin.display(description="signal", ordering="signal_strength")
    def signal(self, gateway: Gateway) -> str:
        return f"{gateway.signal_label}, {gateway.signal_strength}" if gateway.signal_label else ""

    @admin.display(description="whitelisted sensors")
    def sensors(self, gateway: Gateway) -> str:
        sensors = (
            f"code {row.sensor_code}" + ("" if row.confirmed else ", not confirmed")
            for row in gateway.whitelist_entries
        )
        return "; ".join(sensors) or "none reported"

    def find_rows(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        return rows.filter(hardware_uuid__iexact=normalise_hardware_uuid(text))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Gateway], search_term: str
    ) -> tuple[QuerySet[Gateway], bool]:
        """The label prints hyphens, the vendor's lists have none."""
        return super().get_search_results(request, queryset, normalise_hardware_uuid(search_term))


class AssignmentInline(ReadOnlyInline):
    model = Assignment
    fields = ("patient_link", "started_at", "ended_at")
    readonly_fields = ("patient_link",)


class HardwareChangeInline(ReadOnlyInline):
    model = HardwareChange
    fields = readonly_fields = ("before", "after", "detected_at", "logged_at")
    show_change_link = False

    @admin.display(description="before")
    def before(self, change: HardwareChange) -> str:
        return format_hardware_id(change.old_hardware_uuid)

    @admin.display(description="after")
    def after(self, change: HardwareChange) -> str:
        return format_hardware_id(change.new_hardware_uuid)


@admin.register(Device)
class DeviceAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("name", "patient_name", "state", "vendor_status", "last_seen_at", "fetched_at", "hwi_id")
    list_filter = ("state", "device_type")
    list_select_related = ("patient", "gateway", "device_type")
    search_fields = ("hwi_id",)
    find_help = "A number of its label, of its gateway or its parcel, or an HWI device id"
    inlines = (AssignmentInline, HardwareChangeInline)
    actions = ("unpin",)

    @admin.action(description="Unpin from another webhook (it sends to ours again)", permissions=["view"])
    def unpin(self, request: HttpRequest, devices: QuerySet[Device]) -> HttpResponse | None:
        """Only those that are known to be pinned; a worker does it."""
        if not has_model_permission(request, "start", WebhookSelfTest):
            raise PermissionDenied
        pinned = devices.exclude(pinned_webhook_id="")
        if asked := self.confirm_action(request, pinned, question="Unpin these devices?", meaning=UNPIN_MEANING):
            return asked
        for device in pinned:
            self_test.request_step(SelfTestKind.UNPIN, by=current_user(request), device=device)
        messages.info(request, f"{count_noun(len(pinned), 'device')} being unpinned at the vendor.")
        return None

    def find_rows(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        ways = [Q(pk__in=Device.objects.filter(condition).values("pk")) for condition in device_conditions(text)]
        return rows.filter(Q(*ways, _connector=Q.OR)) if ways else rows.none()
