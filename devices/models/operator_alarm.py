from __future__ import annotations

from django.db import models
from django.utils import timezone


class OperatorAlarm(models.Model):
    """A failed check: since when, and when operators were last mailed about it."""

    name = models.CharField(max_length=64, primary_key=True)
    problem = models.TextField(help_text="no patient's data")
    since = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)
    resolved_mailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
