"""OrderEvent: the append-only timeline of orders and devices."""

from __future__ import annotations

import uuid

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from devices.models import Device

from .order import Order, OrderLine
from .status import LineStatus


class EventSource(models.TextChoices):
    PERSON = "person", "a person"
    CALL = "call", "our call to the vendor"
    WEBHOOK = "webhook", "the vendor's message"
    REFRESH = "refresh", "read from the vendor"
    READING = "reading", "a reading"


# Of events whose source is our call: what the vendor has not answered, or never got, is not its answer.
CALL_SOURCE_LABELS: dict[str, str] = {
    LineStatus.CANCELLED: "withdrawn before it was sent",
    LineStatus.ABANDONED: "decided here",
    LineStatus.UNKNOWN: "our call, without a clear answer",
    LineStatus.NEEDS_REVIEW: "our call, without a clear answer",
}


class OrderEvent(models.Model):
    """One row of a timeline, append-only: what happened to an order, a line or a device, when, and by which source."""

    Source = EventSource

    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, blank=True, related_name="events")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, null=True, blank=True, related_name="events")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, null=True, blank=True, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    source = models.CharField(max_length=8, choices=EventSource)
    status = models.CharField(max_length=16, blank=True, help_text="ours")
    text = models.CharField(max_length=500, blank=True, help_text="the vendor's words, or what the person did")
    tracking_link = models.CharField(max_length=2000, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    delivery_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ("at", "pk")
        constraints = (
            models.CheckConstraint(condition=Q(source__in=EventSource.values), name="event_source_known"),
            models.CheckConstraint(
                condition=Q(order__isnull=False) | Q(device__isnull=False), name="event_about_something"
            ),
            # A replayed webhook writes no second row.
            models.UniqueConstraint(fields=("delivery_id", "device"), name="event_once_per_delivery"),
        )
        indexes = (models.Index(fields=("device", "at"), name="event_by_device"),)
        triggers = (pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"event {self.pk}"

    @property
    def is_webhook(self) -> bool:
        return self.source == EventSource.WEBHOOK

    @property
    def source_label(self) -> str:
        """The source in words."""
        unanswered = CALL_SOURCE_LABELS.get(self.status) if self.source == EventSource.CALL else None
        return unanswered or self.get_source_display()

    @property
    def audited_patient_id(self) -> uuid.UUID | None:
        """The patient of this event, for the audit of a view of it."""
        if self.order:
            return self.order.patient_id
        return self.device.patient_id if self.device else None
