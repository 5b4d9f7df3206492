from __future__ import annotations

from django.db import models
from django.utils import timezone


class StopCause(models.TextChoices):
    """Why no call gets through on a key; the labels continue "Nothing is sent to the vendor:"."""

    KEY = "key", "it refuses our key"
    PAUSED = "paused", "it has asked us to wait, because there were too many requests"
    UNREACHABLE = "unreachable", "it can't be reached"
    UNREADABLE = "unreadable", "it answers with errors only"
    ADDRESS = "address", "our address of its service is wrong"
    WORKER = "worker", "the program of ours that sends is not running"


class ApiKeySlot(models.Model):
    """When the next call may go out on one API key. Shared by all processes; PostgreSQL's clock decides."""

    bucket = models.CharField(
        "key", primary_key=True, max_length=32, help_text="a fingerprint of the key, never the key"
    )
    next_free_at = models.DateTimeField("free for the next call at", default=timezone.now)
    person_waiting_until = models.DateTimeField(null=True, blank=True)
    refused_since = models.DateTimeField("refused by the vendor since", null=True, blank=True)
    refused_reason = models.CharField("why", max_length=200, blank=True)
    # Since the last call that the vendor answered as it should.
    failing_since = models.DateTimeField("no usable answer since", null=True, blank=True)
    failing_cause = models.CharField("why not", max_length=12, blank=True, choices=StopCause)

    class Meta:
        ordering = ("bucket",)
        verbose_name, verbose_name_plural = "vendor key", "vendor keys"

    def __str__(self) -> str:
        return f"key {self.bucket}"
