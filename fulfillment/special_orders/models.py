"""SpecialOrder: orders at the vendor that are no kit orders."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from patients.models import Patient


class SpecialOrder(models.Model):
    """Demo, bulk, supply, replacement or return-label order, as the vendor's webhooks report it. Newest update wins."""

    class Type(models.TextChoices):
        DEMO = "DE", "Demo"
        BULK = "BU", "Bulk"
        SUPPLIES = "SU", "Supplies"
        REPLACEMENT = "RE", "Replacement"
        RETURN_LABEL = "RL", "Return label"

    request_id = models.CharField(max_length=255, unique=True)
    order_number = models.CharField(max_length=255, blank=True)
    order_type = models.CharField("type in the vendor's words", max_length=32, blank=True)
    status = models.CharField("status in the vendor's words", max_length=255, blank=True)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, blank=True, related_name="special_orders")
    client_device_id = models.CharField("HWI device id", max_length=255, blank=True)
    hardware_uuid = models.CharField(max_length=255, blank=True)
    tracking_link = models.CharField(max_length=2000, blank=True)
    contents = models.JSONField(default=list, blank=True)
    manifest = models.JSONField(default=dict, blank=True)
    created_on = models.DateTimeField(null=True, blank=True)
    updated_on = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-received_at",)
        constraints = (models.CheckConstraint(condition=~Q(request_id=""), name="special_order_has_id"),)

    def __str__(self) -> str:
        return f"special order {self.order_number or self.pk}"

    @property
    def type_label(self) -> str:
        known = self.order_type in self.Type.values
        return self.Type(self.order_type).label if known else f"Unknown ({self.order_type})"
