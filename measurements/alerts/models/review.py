from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from patients.models import Patient

FIXED_FIELDS = ["patient", "by", "at", "through", "first_day", "newest_reading_id"]


class PatientReview(models.Model):
    """A user has reviewed a patient up to an instant; it may be undone on the same day of the clinic."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="reviews", db_index=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField("reviewed")
    through = models.DateTimeField("covers what was known then")
    first_day = models.DateField("first day that was read", null=True, blank=True)
    # Of the patient, when it was reviewed: a reading that was stored later is news to it.
    newest_reading_id = models.BigIntegerField(null=True, blank=True, editable=False)
    undone_at = models.DateTimeField("taken back", null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        ordering = ("-at", "-pk")
        verbose_name, verbose_name_plural = "review of a patient", "reviews of patients"
        constraints = (
            models.CheckConstraint(condition=Q(through__lte=F("at")), name="review_through_past"),
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True, undone_by__isnull=True)
                | Q(undone_at__gte=F("at"), undone_by__isnull=False),
                name="review_undone_by_a_person",
            ),
        )
        indexes = (models.Index(fields=("patient", "-at"), name="review_by_patient"),)
        triggers = (
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="review_fixed", fields=FIXED_FIELDS),
        )

    def __str__(self) -> str:
        return f"review {self.pk}"
