from __future__ import annotations

from django.db import models

from patients.models import Patient


class ReadingDay(models.Model):
    """A local day of the patient with at least one counted reading of a physiologic metric.

    Proves the days of data that RPM device codes require. A reading in conflict or implausible counts (it was
    transmitted); a control, an excluded one and a probable duplicate don't. Written by `measurements.ingest`.
    """

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="reading_days", db_index=False)
    day = models.DateField("day in the patient's time zone")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("patient", "day"), name="reading_day_once"),)

    def __str__(self) -> str:
        return f"reading day {self.pk}"
