from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from patients.models import Clinic


class SharedTriageFilter(models.Model):
    """Filters of the triage list under a name, for everybody of a clinic. They hold no patient data."""

    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="triage_filters", db_index=False)
    name = models.CharField(max_length=40)
    values = models.JSONField("chosen filters", default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField("saved", default=timezone.now)

    class Meta:
        ordering = ("name", "pk")
        verbose_name, verbose_name_plural = "shared filter of the triage list", "shared filters of the triage list"
        constraints = (
            models.UniqueConstraint(
                "clinic",
                Lower("name"),
                name="shared_triage_filter_once",
                violation_error_message="Filters of this name exist. Choose another name.",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="shared_triage_filter_has_name"),
        )

    def __str__(self) -> str:
        return self.name
