from __future__ import annotations

from django.db import models


class PeriodicJob(models.Model):
    """When a periodic job last started and last succeeded. Beat stores nothing: what is due is read from rows."""

    name = models.CharField(max_length=64, primary_key=True)
    started_at = models.DateTimeField(null=True, blank=True)
    succeeded_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
