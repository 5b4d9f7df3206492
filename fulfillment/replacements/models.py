"""Replacement: new hardware that the vendor ships for a device or a gateway, under the same HWI device id."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from devices.models import Device, Gateway, VendorCall
from devices.models.vendor_call import CallState
from patients.models import Patient
from patients.models.patient import can_see_patients

if TYPE_CHECKING:
    from patients.models import User


class ReplacementReason(models.TextChoices):
    BROKEN = "broken", "It does not work"
    POWER = "power", "It does not charge or switch on"
    DAMAGED = "damaged", "It is damaged"
    LOST = "lost", "It is lost"
    OTHER = "other", "Another reason"


class ReplacementState(models.TextChoices):
    """Until the vendor has answered, that of the call; then that of the shipment."""

    REQUESTED = "requested", "Being requested"
    NEEDS_REVIEW = "needs_review", "Needs a person"
    REFUSED = "refused", "Refused by the vendor"
    PENDING = "pending", "Requested, not shipped"
    ACTION_REQUIRED = "action_required", "Client Action Required"
    ON_HOLD = "on_hold", "On Hold"
    SHIPPED = "shipped", "Shipped"
    DELIVERED = "delivered", "Delivered"
    RETURNED = "returned", "Returned"
    CANCELLED = "cancelled", "Cancelled"
    OTHER = "other", "Unknown at the vendor"

    @classmethod
    def closing(cls) -> tuple[ReplacementState, ...]:
        return (cls.REFUSED, cls.DELIVERED, cls.RETURNED, cls.CANCELLED)

    @classmethod
    def before_shipping(cls) -> tuple[ReplacementState, ...]:
        """The vendor deletes a replacement only then."""
        return (cls.PENDING, cls.ACTION_REQUIRED, cls.ON_HOLD, cls.OTHER)

    @classmethod
    def with_vendor(cls) -> tuple[ReplacementState, ...]:
        """Open, and listed by the vendor."""
        return (*cls.before_shipping(), cls.SHIPPED)

    @property
    def tone(self) -> str:
        """Of its badge: ok, info, warn, bad or idle."""
        return STATE_TONES[self]


STATE_TONES = {
    ReplacementState.REQUESTED: "info",
    ReplacementState.NEEDS_REVIEW: "bad",
    ReplacementState.REFUSED: "bad",
    ReplacementState.PENDING: "info",
    ReplacementState.ACTION_REQUIRED: "bad",
    ReplacementState.ON_HOLD: "warn",
    ReplacementState.SHIPPED: "info",
    ReplacementState.DELIVERED: "ok",
    ReplacementState.RETURNED: "warn",
    ReplacementState.CANCELLED: "idle",
    ReplacementState.OTHER: "warn",
}


class ReplacementQuerySet(models.QuerySet["Replacement"]):
    def visible_to(self, user: User) -> ReplacementQuerySet:
        return self.filter(patient__clinic__people=user) if can_see_patients(user) else self.none()

    def open(self) -> ReplacementQuerySet:
        return self.filter(closed_at__isnull=True)


class Replacement(models.Model):
    """Requested by a person. One is open at most for a device, and for a gateway, whichever device it is asked for."""

    Reason = ReplacementReason
    State = ReplacementState

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # The form's own UUID, unique: a double click makes one replacement.
    submission_id = models.UUIDField(unique=True, default=uuid.uuid4)
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="replacements")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="replacements")
    replaces_device = models.BooleanField("the device", default=True)
    gateway = models.ForeignKey(
        Gateway, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="that is replaced"
    )
    old_hardware_uuid = models.CharField(max_length=255, blank=True)
    call = models.OneToOneField(VendorCall, on_delete=models.PROTECT, related_name="replacement")
    cancellation = models.OneToOneField(VendorCall, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    from_stock = models.BooleanField("device of our own stock", default=False)
    reason = models.CharField(max_length=12, choices=ReplacementReason)
    reason_words = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=16, choices=ReplacementState, default=ReplacementState.REQUESTED)
    state_since = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)
    # As the vendor lists it.
    vendor_id = models.UUIDField(null=True, blank=True, unique=True)
    vendor_status = models.CharField("status code of the vendor", max_length=255, blank=True)
    order_number = models.CharField(max_length=255, blank=True)
    tracking_link = models.CharField(max_length=2000, blank=True)
    shipped_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    fetched_at = models.DateTimeField(null=True, blank=True)
    refresh_due_at = models.DateTimeField(null=True, blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="replacements")
    requested_at = models.DateTimeField(default=timezone.now)

    objects = ReplacementQuerySet.as_manager()

    class Meta:
        ordering = ("-requested_at", "-pk")
        constraints = (
            models.CheckConstraint(condition=Q(state__in=ReplacementState.values), name="replacement_state_known"),
            models.CheckConstraint(condition=Q(reason__in=ReplacementReason.values), name="replacement_reason_known"),
            models.CheckConstraint(
                condition=Q(replaces_device=True) | Q(gateway__isnull=False), name="replacement_of_something"
            ),
            models.UniqueConstraint(
                fields=("device",),
                condition=Q(closed_at__isnull=True, replaces_device=True),
                name="replacement_one_open_per_device",
            ),
            models.UniqueConstraint(
                fields=("gateway",),
                condition=Q(closed_at__isnull=True, gateway__isnull=False),
                name="replacement_one_open_per_gateway",
            ),
        )

    def __str__(self) -> str:
        return f"replacement {self.order_number or str(self.pk)[:8]}"

    @property
    def items(self) -> list[str]:
        """What is replaced: the device, the gateway, or both."""
        gateway = [f"gateway {self.gateway.printed_id}"] if self.gateway else []
        return ([self.device.name] if self.replaces_device else []) + gateway

    @property
    def tone(self) -> str:
        return ReplacementState(self.state).tone

    @property
    def needs_review(self) -> bool:
        return self.state == ReplacementState.NEEDS_REVIEW

    @property
    def problem(self) -> str:
        """Why the request or its cancellation did not go through, in the vendor's words or ours."""
        failed = (CallState.NEEDS_REVIEW, CallState.REJECTED)
        calls = (self.cancellation, self.call)
        return next((call.reason for call in calls if call is not None and call.state in failed), "")

    @property
    def carries_old_id(self) -> bool:
        """The vendor has rewritten the gateway at shipping, and the patient still uses the old one."""
        return bool(self.gateway_id and self.shipped_at and self.closed_at is None)

    @property
    def can_be_cancelled(self) -> bool:
        ended = self.cancellation is not None and self.cancellation.state != CallState.REJECTED
        return not ended and (
            self.call.state == CallState.QUEUED
            or (self.vendor_id is not None and self.state in ReplacementState.before_shipping())
        )
