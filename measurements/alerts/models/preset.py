from __future__ import annotations

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models

from patients.models import Patient


class PresetChange(models.Model):
    """Never changed: the conditions whose presets judge a patient, from an instant on (null: from the beginning).

    Written by the assessment when it finds other conditions than the last one did, so that a rule that a new condition
    brings judges readings taken after it only.
    """

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    conditions = ArrayField(models.CharField(max_length=16), default=list, blank=True)
    at = models.DateTimeField("since", null=True, blank=True)

    class Meta:
        ordering = ("-pk",)
        verbose_name, verbose_name_plural = "change of presets", "changes of presets"
        constraints = (
            models.UniqueConstraint(fields=("patient", "at"), nulls_distinct=False, name="preset_change_once"),
        )
        triggers = (pgtrigger.Protect(name="append_only", operation=pgtrigger.Update),)

    def __str__(self) -> str:
        return f"change of presets {self.pk}"
