from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.dateformat import time_format

from devices.models import Device
from patients.models import Patient


class DoseSchedule(models.Model):
    """Times of the day at which a patient takes from a pillbox or cap, set by a clinician. Append-only.

    Of a day, the newest row that has begun by then is in force; without times it ends the schedule.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="dose_schedules", db_index=False)
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="+", db_index=False)
    times = ArrayField(models.TimeField(), size=4, default=list, blank=True)
    on_time_minutes = models.PositiveSmallIntegerField("on time within, minutes")
    missed_after_minutes = models.PositiveSmallIntegerField("missed after, minutes")
    starts_on = models.DateField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-pk",)
        verbose_name, verbose_name_plural = "dose schedule", "dose schedules"
        constraints = (
            models.CheckConstraint(
                condition=Q(on_time_minutes__gte=1, missed_after_minutes__gt=F("on_time_minutes")),
                name="dose_schedule_missed_after_on_time",
            ),
        )
        indexes = (models.Index(fields=("patient", "-id"), name="dose_schedule_by_patient"),)
        triggers = (pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"dose schedule {self.pk}"

    @property
    def time_labels(self) -> list[str]:
        """8:00 AM, 8:00 PM."""
        return [time_format(time, "g:i A") for time in self.times]
