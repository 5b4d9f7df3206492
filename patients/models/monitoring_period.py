"""Monitoring periods: from enrolment or readmission to discharge."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Q, Value

from .choices import DischargeReason
from .patient import Patient
from .ranges import Int8Range, TstzRange, UuidHash


class MonitoringPeriod(models.Model):
    """When a patient was under care: started (enrolled or readmitted), ended (empty: still) and why it ended."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="monitoring_periods")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=16, choices=DischargeReason, blank=True)

    class Meta:
        ordering = ("patient", "started_at", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("patient",), condition=Q(ended_at__isnull=True), name="monitoring_period_one_open"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                name="monitoring_period_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end_reason="")
                | Q(ended_at__isnull=False, end_reason__in=DischargeReason.values),
                name="monitoring_period_end_has_reason",
            ),
            ExclusionConstraint(
                name="monitoring_period_no_overlap",
                expressions=[
                    (Int8Range(UuidHash("patient_id"), UuidHash("patient_id"), Value("[]")), RangeOperators.OVERLAPS),
                    (TstzRange("started_at", "ended_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
            ),
        )

    def __str__(self) -> str:
        return f"monitoring period {self.pk}"
