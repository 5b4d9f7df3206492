from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from devices.models import Device
from devices.statuses import DeviceState
from fulfillment.models import OrderLine
from patients.models import Patient


class ClientActionQuerySet(models.QuerySet["ClientAction"]):
    def reread_open(self) -> ClientActionQuerySet:
        """Their devices still wait for the client, and are read again for some minutes."""
        state = DeviceState.ACTION_REQUIRED
        waiting = self.filter(Q(line__call__device__state=state) | Q(device__state=state))
        return waiting.filter(reread_until__gt=timezone.now())

    def reorder_due(self) -> ClientActionQuerySet:
        """Cancelled, and not yet verified absent."""
        due = self.filter(reorder_requested_at__isnull=False, reordered_at__isnull=True, problem="")
        return due.filter(next_check_at__lte=timezone.now(), line__corrected_by__isnull=True).order_by("next_check_at")


class ClientAction(models.Model):
    """What people did about a device that the vendor holds as "Client Action Required": by its order line, or by the
    device itself where it was not ordered here."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="client_actions")
    line = models.OneToOneField(
        OrderLine, on_delete=models.PROTECT, null=True, blank=True, related_name="client_action"
    )
    device = models.OneToOneField(Device, on_delete=models.PROTECT, null=True, blank=True, related_name="client_action")
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
            models.CheckConstraint(
                condition=Q(line__isnull=False, device__isnull=True)
                | Q(line__isnull=True, device__isnull=False, reorder_requested_at__isnull=True),
                name="client_action_of_line_or_device",
            ),
        )

    def __str__(self) -> str:
        return f"client action {self.pk}"
