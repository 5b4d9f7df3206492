from __future__ import annotations

import datetime as dt

from django.db import models

from patients.models import Patient


class PatientSummary(models.Model):
    """What the list of patients sorts and filters by, one row each.

    Written in ingest's transaction by `patient_summaries`.

    `measured_days_mask` has one bit per patient-local day with a vital sign: the lowest is `last_measured_on`, the next
    the day before.
    Nothing in it depends on today, so nothing has to run at midnight.
    """

    patient = models.OneToOneField(Patient, on_delete=models.CASCADE, primary_key=True, related_name="overview")
    systolic = models.DecimalField(
        "newest systolic value, mmHg", max_digits=12, decimal_places=2, null=True, blank=True
    )
    glucose = models.DecimalField("newest glucose, mg/dL", max_digits=12, decimal_places=2, null=True, blank=True)
    spo2 = models.DecimalField("newest SpO₂, %", max_digits=12, decimal_places=2, null=True, blank=True)
    last_at = models.DateTimeField("newest vital sign taken", null=True, blank=True)
    measured_days_mask = models.BigIntegerField(default=0)
    last_measured_on = models.DateField(null=True, blank=True)
    weight_gain = models.FloatField("newest weight over the median of the seven days before, lb", null=True, blank=True)
    weight_at = models.DateTimeField("newest weight taken", null=True, blank=True)

    def __str__(self) -> str:
        return f"overview {self.pk}"

    def count_measured_days(self, *, last: int, today: dt.date) -> int:
        """On how many of the patient's `last` local days, today included, a vital sign was taken; 62 at the most."""
        if self.last_measured_on is None:
            return 0
        ago = (today - self.last_measured_on).days
        moved = self.measured_days_mask << ago if ago >= 0 else self.measured_days_mask >> -ago
        return (moved & ((1 << last) - 1)).bit_count()
