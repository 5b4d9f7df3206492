"""Admin of sync runs: progress, differences, patients, and the start of a new run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST

from devices.admin import sync_display
from devices.models import SyncRow, SyncRun
from devices.models.sync import SyncKind, SyncRowState
from devices.outbox import waiting_reasons
from devices.sync import gateway_status, reading_runs, runs
from patients.admin_site.base import ReadOnlyAdmin, has_model_permission
from patients.audit import audit_log
from patients.models import AuditEvent, User
from patients.permissions import current_user
from patients.queueing.wakeup import wake_worker
from patients.wording import count_noun

MAX_ROWS = 50  # of one run's patients; the rest is in the list of its own


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    list_display = (
        "started_at", "kind", "progress", "count_at_vendor",
         "new_here", "missed_by_webhooks", "difference_count", "problem",
    )  # fmt: skip
    list_filter = ("kind", "deep", ("started_at", admin.DateFieldListFilter))
    list_display_links = ("started_at", "kind")
    fields = (
        "kind", "started_at", "finished_at", "deep", "requested_by", "progress", "count_at_vendor", "new_here",
        "missed_by_webhooks", "problem", "attempts", "next_attempt_at",
    )  # fmt: skip
    readonly_fields = ("progress", "count_at_vendor", "new_here", "missed_by_webhooks")
    list_select_related = False
    change_list_template = "admin/devices/syncrun/change_list.html"
    change_form_template = "admin/devices/syncrun/change_form.html"

    def get_urls(self) -> list[Any]:
        start = self.admin_site.admin_view(require_POST(self.start_run))
        return [path("start/<slug:kind>/", start, name="devices_syncrun_start"), *super().get_urls()]

    def start_run(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Start a run now. A second click returns the run that is under way."""
        if not has_model_permission(request, "start", SyncRun):
            raise PermissionDenied
        if kind not in STARTER_BY_SYNC_KIND:
            raise Http404
        run = STARTER_BY_SYNC_KIND[kind](current_user(request))
        wake_worker(WORK_BY_SYNC_KIND[kind])
        return redirect("admin:devices_syncrun_change", run.pk)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Adds the run's differences, and its patients of own clinics that failed or missed readings."""
        run, user = context["original"], current_user(request)
        own = SyncRow.objects.filter(run=run, patient__clinic__in=list(user.clinics.all())).select_related("patient")
        context |= {
            "differences": sync_display.differences_for_display(run, user=user),
            "no_differences": sync_display.no_difference_text(run),
            "lane_stop": None if run.finished_at else waiting_reasons.background_lane_stop(),
            "zone": timezone.get_current_timezone_name(),
            "failed": list(own.filter(state=SyncRowState.FAILED).order_by("pk")[:MAX_ROWS]),
            "missed": list(own.filter(missed__gt=0).order_by("-missed", "pk")[:MAX_ROWS]),
        }
        self.audit_named_patients(request, run, [*context["failed"], *context["missed"]])
        return super().render_change_form(request, context, *args, **kwargs)

    def audit_named_patients(self, request: HttpRequest, run: SyncRun, rows: list[SyncRow]) -> None:
        """The view of the run names no patient; the patients listed below it are audited here."""
        if patients := list(dict.fromkeys(row.patient_id for row in rows)):
            view = AuditEvent.Action.ADMIN_VIEW
            audit_log.record_event(
                view, by=current_user(request), patients=patients, target=self.audit_target(str(run.pk))
            )

    @admin.display(description="at the vendor")
    def count_at_vendor(self, run: SyncRun) -> str:
        known = run.finished_at or run.kind == SyncKind.MEASUREMENTS
        return f"{run.found or run.total_for('seen'):,}" if known else "not known yet"

    def progress(self, run: SyncRun) -> str:
        if run.kind != SyncKind.MEASUREMENTS:
            return "finished" if run.finished_at else "under way"
        failed = f", {run.total_for('failed')} failed" if run.total_for("failed") else ""
        return f"{run.total_for('done'):,} of {count_noun(run.total_for('asked'), 'patient')}{failed}"

    def new_here(self, run: SyncRun) -> str:
        return f"{run.total_for('added'):,}"

    def missed_by_webhooks(self, run: SyncRun) -> str:
        return f"{run.total_for('missed'):,}"

    @admin.display(description="differences")
    def difference_count(self, run: SyncRun) -> str:
        if run.kind == SyncKind.MEASUREMENTS:
            return ""  # none are searched for
        return str(len(run.differences)) if run.finished_at else "not known yet"


@admin.register(SyncRow)
class SyncRowAdmin(ReadOnlyAdmin):
    """One patient of a comparison of readings."""

    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = (
        "patient_name",
        "run__started_at",
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
    search_help_text = "The number of a comparison, or a patient's id"
    ordering = ("-id",)


STARTER_BY_SYNC_KIND: dict[str, Callable[[User], SyncRun]] = {
    SyncKind.MEASUREMENTS: lambda user: reading_runs.start_pull_run(by=user),
    SyncKind.DEVICES: lambda user: runs.open_run(SyncKind.DEVICES, by=user)[0],
    SyncKind.CATALOGUE: lambda user: runs.open_run(SyncKind.CATALOGUE, by=user)[0],
    SyncKind.BULK_ORDERS: lambda user: runs.open_run(SyncKind.BULK_ORDERS, by=user)[0],
    SyncKind.GATEWAYS: lambda user: gateway_status.start_gateway_run(by=user),
}
WORK_BY_SYNC_KIND: dict[str, str] = {
    SyncKind.MEASUREMENTS: "reading_pulls",
    SyncKind.DEVICES: "device_reconciliation",
    SyncKind.CATALOGUE: "catalogue_sync",
    SyncKind.BULK_ORDERS: "bulk_orders",
    SyncKind.GATEWAYS: "gateway_statuses",
}
