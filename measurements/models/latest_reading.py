from __future__ import annotations

from django.db import models

from patients.models import Patient

from .measurement import BeyondMeter, Measurement
from .metric import Metric


class LatestReading(models.Model):
    """The newest credible reading per patient and metric, else the newest included one, with a newer one to be checked.

    Written in the transaction of ingest; lists read no other readings.
    """

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="latest_readings", db_index=False)
    metric = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="+", db_index=False)
    measurement = models.ForeignKey(Measurement, on_delete=models.PROTECT, related_name="+", db_index=False)
    taken_at = models.DateTimeField()
    value_1 = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    value_2 = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    beyond_meter = models.CharField(max_length=5, choices=BeyondMeter, blank=True, default="")
    estimated = models.BooleanField(default=False)
    conflict = models.BooleanField(default=False)
    implausible = models.BooleanField(default=False)
    doubtful = models.ForeignKey(
        Measurement,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        db_index=False,
        verbose_name="newer reading to be checked",
    )

    class Meta:
        constraints = (models.UniqueConstraint(fields=("patient", "metric"), name="latest_once"),)
        indexes = (models.Index(fields=("metric", "taken_at"), name="latest_by_metric"),)

    def __str__(self) -> str:
        return f"latest {self.pk}"
