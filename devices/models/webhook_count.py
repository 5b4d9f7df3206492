from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import Q, Sum


class WebhookOutcome(models.TextChoices):
    ACCEPTED = "accepted", "Accepted"
    WRONG_SECRET = "wrong_secret", "Wrong or missing secret"
    PROBE = "probe", "No such hook, no secret"
    PATH = "path", "No such hook"
    METHOD = "method", "Not a POST"
    LENGTH = "length", "No length"
    TOO_LARGE = "too_large", "Too large"
    INCOMPLETE = "incomplete", "Incomplete body"
    TOO_SLOW = "too_slow", "Body too slow"
    DATABASE = "database", "Database error"
    DEFECT = "defect", "A defect of ours"

    @classmethod
    def unauthenticated(cls) -> tuple[str, ...]:
        """Any sender can cause these."""
        return (cls.WRONG_SECRET, cls.PROBE)


class WebhookCountQuerySet(models.QuerySet["WebhookCount"]):
    def since(self, start: dt.datetime) -> WebhookCountQuerySet:
        return self.filter(minute__gte=start.replace(second=0, microsecond=0))

    def accepted(self) -> WebhookCountQuerySet:
        return self.filter(outcome=WebhookOutcome.ACCEPTED)

    def refused_authenticated(self) -> WebhookCountQuerySet:
        """Refusals of the authenticated vendor: what they carried is lost until the next pull."""
        return self.exclude(outcome__in=(WebhookOutcome.ACCEPTED, *WebhookOutcome.unauthenticated()))

    def totals(self, *by: str) -> dict[str, int]:
        return dict(self.order_by().values_list(*by).annotate(total=Sum("count")))


class WebhookCount(models.Model):
    """Number of webhook requests by minute, outcome and sender. Written some seconds late by a background thread."""

    Outcome = WebhookOutcome

    minute = models.DateTimeField()
    outcome = models.CharField(max_length=12, choices=WebhookOutcome)
    source = models.CharField("sender's address", max_length=45, blank=True, help_text="empty: several more")
    count = models.PositiveIntegerField()

    objects = WebhookCountQuerySet.as_manager()

    class Meta:
        ordering = ("-minute", "outcome", "source")
        verbose_name, verbose_name_plural = "webhook count", "webhook counts"
        constraints = (
            models.UniqueConstraint(fields=("minute", "outcome", "source"), name="tally_once"),
            models.CheckConstraint(condition=Q(outcome__in=WebhookOutcome.values), name="tally_outcome_known"),
        )

    def __str__(self) -> str:
        return f"webhook count {self.pk}"
