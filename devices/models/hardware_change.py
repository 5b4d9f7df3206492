from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper

from .device import Device


class HardwareChange(models.Model):
    """One change of the gateway or IMEI under a device: detected by us, in the vendor's log, or both.

    The vendor's log may show a change hours after it, or one from before we knew the device.
    """

    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="hardware_changes")
    old_hardware_uuid = models.CharField("before", max_length=255, blank=True)
    new_hardware_uuid = models.CharField("after", max_length=255, blank=True)
    detected_at = models.DateTimeField("noticed here", null=True, blank=True)
    logged_at = models.DateTimeField("in the vendor's log", null=True, blank=True)
    log_id = models.UUIDField("row of the vendor's log", null=True, blank=True, unique=True)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(
                condition=Q(detected_at__isnull=False) | Q(log_id__isnull=False), name="hardware_change_has_a_witness"
            ),
            models.CheckConstraint(
                condition=~Q(old_hardware_uuid=F("new_hardware_uuid")), name="hardware_change_is_one"
            ),
        )

        indexes = (models.Index(Upper("old_hardware_uuid"), name="hardware_change_by_old_id"),)

    def __str__(self) -> str:
        return f"change {self.pk}"

    @property
    def changed_at(self) -> dt.datetime | None:
        """The vendor's time where it is known."""
        return self.logged_at or self.detected_at
