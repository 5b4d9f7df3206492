from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from patients.models import Patient


class PresetConfirmation(models.Model):
    """Append-only: a clinician has seen which rules these conditions bring for a patient, and confirmed them."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    conditions = ArrayField(models.CharField(max_length=16), default=list, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField("confirmed", default=timezone.now)

    class Meta:
        ordering = ("-pk",)
        verbose_name, verbose_name_plural = "confirmation of presets", "confirmations of presets"
        triggers = (pgtrigger.Protect(name="append_only", operation=pgtrigger.Update),)

    def __str__(self) -> str:
        return f"confirmation of presets {self.pk}"
