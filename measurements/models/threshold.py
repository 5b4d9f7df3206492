from __future__ import annotations

from decimal import Decimal

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from patients.models import Clinic, Patient

from .metric import Metric


class Threshold(models.Model):
    """A threshold (goal): bounds of one value of a metric. The patient's row precedes the clinic's and the default.

    Bounds are in the vendor's unit of the metric. `very_low` and `very_high` mark values far out of range.
    """

    metric = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="thresholds")
    component = models.PositiveSmallIntegerField(default=1, help_text="1: value 1 (systolic), 2: value 2 (diastolic)")
    context = models.CharField(max_length=24, blank=True, help_text="meal context of a glucose reading, or empty")
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, null=True, blank=True, related_name="thresholds")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, null=True, blank=True, related_name="thresholds")
    very_low = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    low = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    high = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    very_high = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    source = models.CharField(max_length=200)
    source_date = models.DateField()

    class Meta:
        ordering = ("metric", "component", "context")
        verbose_name, verbose_name_plural = "goal", "goals"
        constraints = (
            models.UniqueConstraint(
                fields=("metric", "component", "context", "clinic", "patient"),
                nulls_distinct=False,
                name="threshold_once",
            ),
            models.CheckConstraint(
                condition=Q(clinic__isnull=True) | Q(patient__isnull=True), name="threshold_one_scope"
            ),
            models.CheckConstraint(condition=Q(component__in=(1, 2)), name="threshold_component_known"),
            models.CheckConstraint(
                condition=Q(low__isnull=True) | Q(high__isnull=True) | Q(low__lt=F("high")),
                name="threshold_low_below_high",
            ),
        )

    def __str__(self) -> str:
        return f"threshold {self.pk}"

    @property
    def key(self) -> tuple[str, int, str]:
        return self.metric_id, self.component, self.context

    @property
    def bounds(self) -> tuple[Decimal | None, ...]:
        """In the order in which `ThresholdChange` stores them."""
        return self.very_low, self.low, self.high, self.very_high


class ThresholdChange(models.Model):
    """Append-only history: who changed a threshold of a patient or clinic, when, from what to what.

    Bounds are in the order very low, low, high, very high; null where this scope had no threshold.
    """

    metric = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="+", db_index=False)
    component = models.PositiveSmallIntegerField(default=1)
    context = models.CharField(max_length=24, blank=True)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    before = ArrayField(models.DecimalField(max_digits=8, decimal_places=2, null=True), size=4, null=True)
    after = ArrayField(models.DecimalField(max_digits=8, decimal_places=2, null=True), size=4, null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-pk",)
        verbose_name, verbose_name_plural = "change of a goal", "changes of goals"
        constraints = (
            models.CheckConstraint(
                condition=Q(clinic__isnull=True) ^ Q(patient__isnull=True), name="threshold_change_one_scope"
            ),
        )
        triggers = (pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"change of a threshold {self.pk}"

    @property
    def key(self) -> tuple[str, int, str]:
        return self.metric_id, self.component, self.context
