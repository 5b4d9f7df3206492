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
from devices.admin import dashboard, deliveries, words
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
from devices.models.sync import SyncKind, SyncRowState
from devices.nudges import nudge
from devices.tenovi import clear_bad
from measurements import reconciliation as readings
from patients.access import person
from patients.admin_base import ReadOnlyAdmin, ReadOnlyInline, may
from patients.models import User

__all__ = ("dashboard", "deliveries")  # register themselves

MOST_ROWS = 50  # of one run's patients; the rest is in the list of its own


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


CALL_AGAIN = "What waits goes out within seconds. If the vendor still refuses a key, its lane stops again by itself."


@admin.register(KeySlot)
class KeySlotAdmin(ReadOnlyAdmin):
    list_display = ("bucket", "next_free_at", "bad_since", "bad_reason")
    actions = ("try_again",)

    def has_clear_permission(self, request: HttpRequest) -> bool:
        return may(request, "clear", KeySlot)

    @admin.action(description="The key is in order again: go on", permissions=["clear"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[KeySlot]) -> HttpResponse | None:
        asked = self.ask_first(request, queryset, question="Call the vendor on these keys again?", meaning=CALL_AGAIN)
        if asked is None:
            for slot in queryset:
                clear_bad(slot.bucket)
            self.message_user(request, "Calls go out on these keys again.", messages.SUCCESS)
        return asked


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    """Each comparison with the vendor, how far it is, and what it found different, in words."""

    list_display = (
        "started_at", "kind", "finished_at", "deep", "progress", "at_vendor", "new_here", "missed_by_webhooks",
        "different", "problem",
    )  # fmt: skip
    list_filter = ("kind", "deep", ("started_at", admin.DateFieldListFilter))
    list_display_links = ("started_at", "kind")
    fields = (
        "kind", "started_at", "finished_at", "deep", "requested_by", "progress", "at_vendor", "new_here",
        "missed_by_webhooks", "problem",
    )  # fmt: skip
    readonly_fields = ("progress", "at_vendor", "new_here", "missed_by_webhooks")
    list_select_related = False
    change_list_template = "admin/devices/syncrun/change_list.html"
    change_form_template = "admin/devices/syncrun/change_form.html"

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

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Below the run: its differences, and those of its patients whom somebody must look at."""
        run, user = context["original"], person(request)
        own = SyncRow.objects.filter(run=run, patient__clinic__in=list(user.clinics.all()))
        context |= {
            "differences": words.differences(run, user=user),
            "failed": own.filter(state=SyncRowState.FAILED).order_by("pk")[:MOST_ROWS],
            "missed": own.filter(missed__gt=0).order_by("-missed", "pk")[:MOST_ROWS],
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def progress(self, run: SyncRun) -> str:
        if run.kind != SyncKind.MEASUREMENTS:
            return "finished" if run.finished_at else "under way"
        failed = f", {run.tally('failed')} failed" if run.tally("failed") else ""
        return f"{run.tally('done')} of {run.tally('asked')} patients{failed}"

    def at_vendor(self, run: SyncRun) -> int:
        return run.found or run.tally("seen")

    def new_here(self, run: SyncRun) -> int:
        return run.tally("added")

    def missed_by_webhooks(self, run: SyncRun) -> int:
        return run.tally("missed")

    @admin.display(description="differences")
    def different(self, run: SyncRun) -> int:
        return len(run.differences)


@admin.register(SyncRow)
class SyncRowAdmin(ReadOnlyAdmin):
    """One patient of a comparison of readings."""

    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = (
        "id",
        "run",
        "patient",
        "state",
        "window_start",
        "window_end",
        "found",
        "added",
        "missed",
        "problem",
    )
    list_filter = ("state",)
    list_select_related = ("run", "patient")
    search_fields = ("=run__id", "=patient__id")
    search_help_text = "The id of a run, or of a patient"
    ordering = ("-id",)


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
