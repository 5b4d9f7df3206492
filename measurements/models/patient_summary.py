from __future__ import annotations

import datetime as dt

from django.db import models

from patients.models import Patient


class Overview(models.Model):
    """What the list of patients sorts and filters by, one row each; written in ingest's transaction by `overviews`.

    `days` has one bit per patient-local day with a vital sign: the lowest is `days_until`, the next the day before.
    Nothing in it depends on today, so nothing has to run at midnight.
    """

    patient = models.OneToOneField(Patient, on_delete=models.CASCADE, primary_key=True, related_name="overview")
    systolic = models.DecimalField(
        "newest systolic value, mmHg", max_digits=12, decimal_places=2, null=True, blank=True
    )
    glucose = models.DecimalField("newest glucose, mg/dL", max_digits=12, decimal_places=2, null=True, blank=True)
    spo2 = models.DecimalField("newest SpO₂, %", max_digits=12, decimal_places=2, null=True, blank=True)
    last_at = models.DateTimeField("newest vital sign taken", null=True, blank=True)
    days = models.BigIntegerField(default=0)
    days_until = models.DateField(null=True, blank=True)
    weight_gain = models.FloatField("newest weight over the median of the seven days before, lb", null=True, blank=True)
    weight_at = models.DateTimeField("newest weight taken", null=True, blank=True)

    def __str__(self) -> str:
        return f"overview {self.pk}"

    def days_measured(self, *, last: int, today: dt.date) -> int:
        """On how many of the patient's `last` local days, today included, a vital sign was taken; 62 at the most."""
        if self.days_until is None:
            return 0
        ago = (today - self.days_until).days
        moved = self.days << ago if ago >= 0 else self.days >> -ago
        return (moved & ((1 << last) - 1)).bit_count()
