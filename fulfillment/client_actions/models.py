from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from devices.statuses import DeviceState
from fulfillment.models import OrderLine


class ClientActionQuerySet(models.QuerySet["ClientAction"]):
    def reread_open(self) -> ClientActionQuerySet:
        """Their devices still wait for the client, and are read again for some minutes."""
        waiting = self.filter(line__call__device__state=DeviceState.ACTION_REQUIRED)
        return waiting.filter(reread_until__gt=timezone.now())

    def reorder_due(self) -> ClientActionQuerySet:
        """Cancelled, and not yet verified absent."""
        due = self.filter(reorder_requested_at__isnull=False, reordered_at__isnull=True, problem="")
        return due.filter(next_check_at__lte=timezone.now(), line__corrected_by__isnull=True).order_by("next_check_at")


class ClientAction(models.Model):
    """What people did about an ordered device that the vendor holds as "Client Action Required"."""

    line = models.OneToOneField(OrderLine, on_delete=models.PROTECT, related_name="client_action")
    reread_until = models.DateTimeField(null=True, blank=True)
    duplicate_wanted_at = models.DateTimeField(null=True, blank=True)
    reorder_requested_at = models.DateTimeField(null=True, blank=True)
    reordered_at = models.DateTimeField(null=True, blank=True)
    next_check_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=200, blank=True, help_text="why it is not ordered again")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = ClientActionQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(
                condition=Q(reordered_at__isnull=True) | Q(reorder_requested_at__isnull=False),
                name="client_action_reordered_after_request",
            ),
        )

    def __str__(self) -> str:
        return f"client action {self.pk}"
