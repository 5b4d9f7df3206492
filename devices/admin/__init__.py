from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.http import require_POST

from devices import gateways, runs
from devices.admin import deliveries
from devices.models import (
    Alarm,
    Assignment,
    Device,
    DeviceType,
    Gateway,
    HardwareChange,
    HookTally,
    KeySlot,
    PeriodicJob,
    SyncRow,
    SyncRun,
    VendorCall,
)
from devices.models.sync import SyncKind
from devices.nudges import nudge
from devices.tenovi import clear_bad
from measurements import reconciliation as readings
from patients.access import person
from patients.admin_base import ReadOnlyAdmin, ReadOnlyInline, may, viewer
from patients.models import User

__all__ = ("deliveries",)  # registers itself


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


@admin.register(VendorCall)
class VendorCallAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = (
        "reference",
        "kind",
        "state",
        "patient",
        "attempts",
        "created_at",
        "sent_at",
        "settled_at",
        "reason",
    )
    list_filter = ("state", "kind")
    list_select_related = ("patient",)
    search_fields = ("=reference",)
    exclude = ("payload", "lease")


@admin.register(KeySlot)
class KeySlotAdmin(ReadOnlyAdmin):
    list_display = ("bucket", "next_free_at", "bad_since", "bad_reason")
    actions = ("try_again",)

    def has_clear_permission(self, request: HttpRequest) -> bool:
        return may(request, "clear", KeySlot)

    @admin.action(description="The key is in order again: go on", permissions=["clear"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[KeySlot]) -> None:
        for slot in queryset:
            clear_bad(slot.bucket)
        self.message_user(request, "Calls go out on these keys again.", messages.SUCCESS)


class SyncRowInline(ReadOnlyInline):
    model = SyncRow
    fields = ("patient", "state", "window_start", "window_end", "found", "added", "missed", "quarantined", "problem")
    show_change_link = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(patient__clinic__in=person(request).clinics.all())


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    """Each comparison with the vendor and how far it is. Rows of a run: own clinics' patients only, by opaque id."""

    list_display = ("kind", "started_at", "finished_at", "progress", "at_vendor", "new_here", "missed_by_webhooks")
    list_filter = ("kind",)
    fields = (
        "kind", "started_at", "finished_at", "requested_by", "progress", "at_vendor", "new_here", "missed_by_webhooks",
        "own_differences", "problem",
    )  # fmt: skip
    readonly_fields = ("progress", "at_vendor", "new_here", "missed_by_webhooks", "own_differences")
    list_select_related = False
    inlines = (SyncRowInline,)
    change_list_template = "admin/devices/syncrun/change_list.html"
    change_form_template = "admin/devices/syncrun/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = SyncRun.objects.with_progress().order_by(*self.get_ordering(request))
        return rows

    def get_urls(self) -> list[Any]:
        start = self.admin_site.admin_view(require_POST(self.start))
        return [path("start/<slug:kind>/", start, name="devices_syncrun_start"), *super().get_urls()]

    def start(self, request: HttpRequest, kind: str) -> HttpResponse:
        """A person wants to compare now. A second click joins the run that is under way."""
        if not may(request, "start", SyncRun):
            raise PermissionDenied
        if kind not in START:
            raise Http404
        run = START[kind](person(request))
        nudge(TASK_OF_SYNC[kind])
        return redirect("admin:devices_syncrun_change", run.pk)

    def progress(self, run: Any) -> str:
        if run.kind != SyncKind.MEASUREMENTS:
            return "finished" if run.finished_at else "under way"
        failed = f", {run.failed} failed" if run.failed else ""
        return f"{run.done} of {run.asked} patients{failed}"

    def at_vendor(self, run: Any) -> int:
        return int(run.found or run.seen)

    def new_here(self, run: Any) -> int:
        return int(run.added)

    def missed_by_webhooks(self, run: Any) -> int:
        return int(run.missed)

    @admin.display(description="differences")
    def own_differences(self, run: SyncRun) -> str:
        """About devices of own clinics' patients, and those of nobody."""
        named = {entry.get("hwi_id") for entry in run.differences}
        foreign = Device.objects.filter(hwi_id__in=[hwi_id for hwi_id in named if hwi_id], patient__isnull=False)
        hidden = {
            str(found)
            for found in foreign.exclude(pk__in=Device.objects.visible_to(viewer.get())).values_list(
                "hwi_id", flat=True
            )
        }
        shown = [entry for entry in run.differences if entry.get("hwi_id") not in hidden]
        return "\n".join(", ".join(f"{name} {value}" for name, value in entry.items()) for entry in shown) or "none"


@admin.register(PeriodicJob)
class PeriodicJobAdmin(ReadOnlyAdmin):
    list_display = ("name", "started_at", "succeeded_at", "problem")


@admin.register(Alarm)
class AlarmAdmin(ReadOnlyAdmin):
    """What each name means and what to do is in docs/operations.md."""

    list_display = ("name", "problem", "since", "over_at", "mailed_at")
    list_filter = (("over_at", admin.EmptyFieldListFilter),)


@admin.register(HookTally)
class HookTallyAdmin(ReadOnlyAdmin):
    list_display = ("minute", "outcome", "source", "count")
    list_filter = ("outcome", ("minute", admin.DateFieldListFilter))


START: dict[str, Callable[[User], SyncRun]] = {
    SyncKind.MEASUREMENTS: lambda user: readings.start(by=user),
    SyncKind.DEVICES: lambda user: runs.request(SyncKind.DEVICES, by=user),
    SyncKind.CATALOGUE: lambda user: runs.request(SyncKind.CATALOGUE, by=user),
    SyncKind.GATEWAYS: lambda user: gateways.start(by=user),
}
TASK_OF_SYNC: dict[str, str] = {
    SyncKind.MEASUREMENTS: "measurements.tasks.pull",
    SyncKind.DEVICES: "devices.tasks.compare_devices",
    SyncKind.CATALOGUE: "devices.tasks.sync_catalogue",
    SyncKind.GATEWAYS: "devices.tasks.read_gateways",
}
