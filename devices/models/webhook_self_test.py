from __future__ import annotations

import datetime as dt
import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from patients.queueing.work_item import WorkItem, WorkItemQuerySet

from .device import Device

ARRIVAL_LIMIT = dt.timedelta(minutes=3)  # the vendor names two at most


class SelfTestKind(models.TextChoices):
    CHECK = "check", "Comparison of what is registered"
    REPAIR = "repair", "Repair"
    MEASUREMENT = "measurement", "Test message of readings"
    FULFILLMENT = "fulfillment", "Test message of shipping"
    PIN_CHECK = "pin_check", "Read the settings of a device"
    UNPIN = "unpin", "Unpin a device"

    @classmethod
    def messages(cls) -> tuple[SelfTestKind, ...]:
        return (cls.MEASUREMENT, cls.FULFILLMENT)

    @classmethod
    def of_device(cls) -> tuple[SelfTestKind, ...]:
        """About one device: whether it is pinned to another hook, and its step goal; the others are about all hooks."""
        return (cls.PIN_CHECK, cls.UNPIN)


class WebhookSelfTestQuerySet(WorkItemQuerySet["WebhookSelfTest"]):
    def due(self) -> WebhookSelfTestQuerySet:
        return super().due().filter(finished_at__isnull=True).order_by("pk")

    def awaiting_arrival(self) -> WebhookSelfTestQuerySet:
        """Test messages that were sent and have not arrived; for a day, so that a late one is recognised too."""
        sent = self.filter(kind__in=SelfTestKind.messages(), arrived_at__isnull=True)
        return sent.filter(created_at__gt=timezone.now() - dt.timedelta(days=1))


class WebhookSelfTest(WorkItem):
    """One step of the webhook self-test, done by a worker: compare, repair, or have a test message sent.

    `findings` holds texts only, never a secret. A test message is recognised by `test_device_id`, an id of no device.
    """

    MAX_BACKOFF_SECONDS = 300.0

    kind = models.CharField("step", max_length=12, choices=SelfTestKind)
    device = models.ForeignKey(
        Device, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    created_at = models.DateTimeField("asked for", default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True)
    findings = models.JSONField(default=dict, blank=True)
    test_device_id = models.UUIDField("id of the test message", default=uuid.uuid4, editable=False)
    arrived_at = models.DateTimeField("arrived", null=True, blank=True)

    objects = WebhookSelfTestQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        verbose_name, verbose_name_plural = "step of the webhook self-test", "steps of the webhook self-test"
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=SelfTestKind.values), name="self_test_kind_known"),
            # A double click is one step.
            models.UniqueConstraint(
                fields=("kind", "device"),
                condition=Q(finished_at__isnull=True),
                nulls_distinct=False,
                name="self_test_one_open_per_kind",
            ),
        )
        indexes = (models.Index(fields=("kind", "-id"), name="self_test_by_kind"),)

    def __str__(self) -> str:
        return f"webhook self-test {self.pk}"

    @property
    def is_message(self) -> bool:
        return self.kind in SelfTestKind.messages()

    @property
    def is_awaited(self) -> bool:
        """Something of it will still show itself: the worker's result, or the arrival of its message."""
        if self.finished_at is None:
            return True
        recent = timezone.now() - self.finished_at <= ARRIVAL_LIMIT
        return self.is_message and not self.problem and self.arrived_at is None and recent

    @property
    def result(self) -> str:
        """In words for a person."""
        if self.finished_at is None:
            return f"Not done yet. {self.problem}".strip()
        if self.problem:
            return self.problem
        if not self.is_message:
            return "Done."
        if self.arrived_at:
            seconds = max(0, round((self.arrived_at - self.created_at).total_seconds()))
            return f"Arrived, {seconds} s after it was asked for."
        return "Sent, not arrived yet." if self.is_awaited else "Not arrived within 3 minutes."
