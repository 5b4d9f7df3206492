from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models

from patients.models import Patient

from .measurement import Measurement


class ExclusionEvent(models.Model):
    """Append-only history of a reading's exclusions and their undoing; the reading itself holds the present state."""

    measurement = models.ForeignKey(
        Measurement, on_delete=models.PROTECT, related_name="exclusion_events", verbose_name="reading"
    )
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+", db_index=False)
    is_undo = models.BooleanField("taken back", default=False)
    reason = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ("-pk",)
        verbose_name, verbose_name_plural = "exclusion of a reading", "exclusions of readings"
        indexes = (models.Index(fields=("patient", "at"), name="exclusion_event_by_patient"),)
        triggers = (pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"exclusion {self.pk}"
