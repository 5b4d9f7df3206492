from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from measurements.models import Metric
from patients.models import Patient


class MeasuringPause(models.Model):
    """Local days on which a patient is not expected to measure a metric, or any; it may be ended earlier."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="measuring_pauses")
    metric = models.ForeignKey(
        Metric,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="Empty: all of them.",
    )
    first_day = models.DateField()
    last_day = models.DateField()
    reason = models.CharField(max_length=200)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField("ended earlier", null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        ordering = ("-first_day", "-pk")
        verbose_name, verbose_name_plural = "pause from measuring", "pauses from measuring"
        constraints = (
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="pause_ends_after_start"),
            models.CheckConstraint(condition=~Q(reason=""), name="pause_has_reason"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__gte=F("at"), ended_by__isnull=False),
                name="pause_ended_by_a_person",
            ),
        )
        triggers = (
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="pause_fixed", fields=["patient", "metric", "first_day", "last_day", "reason", "by", "at"]
            ),
        )

    def __str__(self) -> str:
        return f"pause {self.pk}"


class ExpectedReadings(models.Model):
    """Append-only: the metrics that a patient is expected to measure from this row on; None: what the devices send."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="expected_readings")
    metrics = models.JSONField("codes of metrics", null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-pk",)
        verbose_name, verbose_name_plural = "expected readings", "expected readings"
        constraints = (models.CheckConstraint(condition=~Q(metrics=[]), name="expected_readings_name_some"),)
        triggers = (pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"expected readings {self.pk}"
