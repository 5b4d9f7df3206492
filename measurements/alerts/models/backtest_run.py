from __future__ import annotations

import datetime as dt
import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from patients.models import Clinic, User
from patients.queueing.work_item import WorkItem, WorkItemQuerySet

LEFT_AFTER = dt.timedelta(seconds=60)  # an open form asks for progress every few seconds


class BacktestState(models.TextChoices):
    RUNNING = "running", "Running"
    FINISHED = "finished", "Finished"
    CANCELLED = "cancelled", "Stopped"
    FAILED = "failed", "Failed"

    @property
    def tone(self) -> str:
        tones = {self.RUNNING: "info", self.FINISHED: "ok", self.FAILED: "bad"}
        return tones.get(self, "idle")


class BacktestRunQuerySet(WorkItemQuerySet["BacktestRun"]):
    def visible_to(self, user: User) -> BacktestRunQuerySet:
        """Runs of the user's own clinics."""
        return self.filter(clinic__people=user)

    def running(self) -> BacktestRunQuerySet:
        return self.filter(state=BacktestState.RUNNING)

    def record_seen(self) -> None:
        """The form is open. Without it for a minute the run is stopped."""
        self.running().update(seen_at=timezone.now())


class BacktestRun(WorkItem):
    """A clinic-wide backtest of a rule as typed in a form, worked on in batches of patients.

    `change`: what the clinic would have of its own, by the keys of a rule in a facts file; `typed`: the form as it was.
    `figures`: now and new, each with its numbers of episodes and patients.
    """

    GUARDED_FIELDS: ClassVar[tuple[str, ...]] = ("lease", "state")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="+")
    by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    rule = models.CharField("code of the rule", max_length=64)
    change = models.JSONField("own values that are tried", default=dict, blank=True)
    is_off = models.BooleanField("tried as switched off", default=False)
    typed = models.JSONField("form as typed", default=dict, blank=True)
    state = models.CharField(max_length=12, choices=BacktestState, default=BacktestState.RUNNING)
    as_of = models.DateTimeField("until", default=timezone.now)
    patients_total = models.PositiveIntegerField("patients", default=0)
    patients_done = models.PositiveIntegerField("patients done", default=0)
    after_patient = models.UUIDField("last patient done", null=True, blank=True)
    figures = models.JSONField(default=dict, blank=True)
    seen_at = models.DateTimeField("form last open", default=timezone.now)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = BacktestRunQuerySet.as_manager()

    class Meta:
        ordering = ("-started_at", "pk")
        verbose_name, verbose_name_plural = "clinic-wide backtest", "clinic-wide backtests"
        constraints = (
            models.CheckConstraint(condition=Q(state__in=BacktestState.values), name="backtest_run_state_known"),
            models.CheckConstraint(
                condition=Q(patients_done__lte=models.F("patients_total")), name="backtest_run_done_within_total"
            ),
        )
        indexes = (
            models.Index(fields=("next_attempt_at",), condition=Q(state="running"), name="backtest_run_due"),
            models.Index(fields=("-started_at", "id"), name="backtest_run_list"),
        )

    def __str__(self) -> str:
        return f"backtest {self.pk}"

    @property
    def is_running(self) -> bool:
        return self.state == BacktestState.RUNNING

    @property
    def tone(self) -> str:
        return BacktestState(self.state).tone

    @property
    def is_left(self) -> bool:
        return timezone.now() - self.seen_at > LEFT_AFTER

    def live_version(self) -> str:
        return f"{self.state}-{self.patients_done}"
