from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from patients.models import Patient


class DryWeight(models.Model):
    """A patient's dry weight (the weight without excess fluid), lb, set by a clinician; the newest row is in force.

    Append-only: the rows are the history. Without a weight it was removed.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="dry_weights", db_index=False)
    weight = models.DecimalField("dry weight, lb", max_digits=6, decimal_places=2, null=True, blank=True)
    determined_on = models.DateField("determined on")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-pk",)
        verbose_name, verbose_name_plural = "dry weight", "dry weights"
        constraints = (
            models.CheckConstraint(
                condition=Q(weight__isnull=True) | Q(weight__gt=0, weight__lte=1000), name="dry_weight_possible"
            ),
        )
        indexes = (models.Index(fields=("patient", "-id"), name="dry_weight_by_patient"),)
        triggers = (pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"dry weight {self.pk}"
