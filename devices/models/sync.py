from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Count, Max, Q, Sum
from django.utils import timezone
from django.utils.functional import cached_property

from patients.models import Patient
from patients.queueing.work_item import WorkItem, WorkItemQuerySet

if TYPE_CHECKING:
    from collections.abc import Mapping


class SyncKind(models.TextChoices):
    MEASUREMENTS = "measurements", "Readings"
    DEVICES = "devices", "Devices"
    CATALOGUE = "catalogue", "Device catalogue"
    GATEWAYS = "gateways", "Gateways"
    BULK_ORDERS = "bulk_orders", "Bulk orders"


TOTAL_NAMES = ("asked", "done", "failed", "seen", "added", "missed")


class SyncRunQuerySet(models.QuerySet["SyncRun"]):
    def unfinished(self) -> SyncRunQuerySet:
        return self.filter(finished_at__isnull=True)

    def with_progress(self) -> SyncRunQuerySet:
        """Adds `asked`, `done`, `failed` patients; readings `seen` there, `added` here, `missed` by webhooks."""
        done, failed = Q(rows__state=SyncRowState.DONE), Q(rows__state=SyncRowState.FAILED)
        return self.annotate(
            asked=Count("rows"),
            done=Count("rows", filter=done),
            failed=Count("rows", filter=failed),
            seen=Sum("rows__found", default=0),
            added=Sum("rows__added", default=0),
            missed=Sum("rows__missed", default=0),
        )


class SyncRun(models.Model):
    """One comparison with the vendor: what was asked, found, missed by webhooks, and what differs."""

    Kind = SyncKind

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=12, choices=SyncKind)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    nightly = models.BooleanField(default=False)
    deep = models.BooleanField("over 30 days", default=False)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="sync_runs"
    )
    found = models.PositiveIntegerField(default=0)
    differences = models.JSONField(default=list, blank=True, help_text="device differences, one object each")
    problem = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField("failed attempts", default=0)
    next_attempt_at = models.DateTimeField("tried again at", default=timezone.now)
    totals = models.JSONField(default=dict, blank=True, help_text="of its rows, once it is finished")

    objects = SyncRunQuerySet.as_manager()

    class Meta:
        ordering = ("-started_at", "-pk")
        verbose_name, verbose_name_plural = "comparison", "comparisons"
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=SyncKind.values), name="sync_kind_known"),
            # A second click, or a second beat, joins the run that is under way.
            models.UniqueConstraint(fields=("kind",), condition=Q(finished_at__isnull=True), name="sync_one_at_a_time"),
        )
        indexes = (
            models.Index(fields=("kind", "-started_at"), name="sync_by_kind"),
            models.Index(fields=("-started_at", "-id"), name="sync_by_time"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, comparison {str(self.pk)[:8]}"

    def total_for(self, name: str) -> int:
        """`asked`, `done`, `failed`, `seen`, `added` or `missed`: stored once finished, counted while under way."""
        return int(self._row_totals.get(name, 0)) if self.kind == SyncKind.MEASUREMENTS else 0  # only these have rows

    @cached_property
    def _row_totals(self) -> dict[str, int]:
        return self.totals or SyncRun.objects.filter(pk=self.pk).with_progress().values(*TOTAL_NAMES).get()


class SyncRowState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"

    @property
    def tone(self) -> str:
        """Of its badge: ok, info or warn."""
        return {SyncRowState.WAITING: "info", SyncRowState.DONE: "ok", SyncRowState.FAILED: "warn"}[self]


class SyncRowQuerySet(WorkItemQuerySet["SyncRow"]):
    def due(self) -> SyncRowQuerySet:
        """Waiting rows of unfinished runs whose time has come and which no worker has leased, longest due first."""
        due = super().due().filter(state=SyncRowState.WAITING, run__finished_at__isnull=True)
        return due.order_by("next_attempt_at", "pk")

    def watermarks(self) -> Mapping[uuid.UUID, dt.datetime]:
        """By patient: until when (the vendor's `created`) every page of readings is stored here."""
        done = self.filter(state=SyncRowState.DONE, run__kind=SyncKind.MEASUREMENTS).order_by()
        return dict(done.values_list("patient_id").annotate(until=Max("window_end")))


class SyncRow(WorkItem):
    """One patient of a run: one closed window of the vendor's `created`, done when its last page is stored."""

    State = SyncRowState
    FIRST_BACKOFF_SECONDS = 30.0

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="rows")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="sync_rows")
    window_start = models.DateTimeField()
    window_end = models.DateTimeField()
    state = models.CharField(max_length=8, choices=SyncRowState, default=SyncRowState.WAITING)
    found = models.PositiveIntegerField("readings at the vendor", default=0)
    added = models.PositiveIntegerField("new here", default=0)
    missed = models.PositiveIntegerField("missed by webhooks", default=0)
    quarantined = models.PositiveIntegerField(default=0)
    problem = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = SyncRowQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        verbose_name, verbose_name_plural = "compared patient", "compared patients"
        constraints = (
            models.UniqueConstraint(fields=("run", "patient"), name="sync_row_once"),
            models.CheckConstraint(condition=Q(window_end__gt=models.F("window_start")), name="sync_window_closed"),
            models.CheckConstraint(condition=Q(state__in=SyncRowState.values), name="sync_row_state_known"),
        )
        indexes = (
            models.Index(
                fields=("next_attempt_at", "id"), condition=Q(state=SyncRowState.WAITING), name="sync_row_due"
            ),
            models.Index(fields=("finished_at",), condition=Q(missed__gt=0), name="sync_row_missed"),
            models.Index(
                fields=("patient", "-window_end"), condition=Q(state=SyncRowState.DONE), name="sync_watermark"
            ),
        )

    def __str__(self) -> str:
        return f"sync row {self.pk}"
