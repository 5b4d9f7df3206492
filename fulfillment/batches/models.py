"""OrderBatch and BatchItem: one kit for many patients."""

from __future__ import annotations

import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Count, Q
from django.utils import timezone

from devices.models import VendorCall
from fulfillment.models import Kit, Order
from patients.models import Clinic, Patient, User
from patients.models.patient import can_see_patients
from patients.queueing.work_item import WorkItem, WorkItemQuerySet


class OrderBatchQuerySet(models.QuerySet["OrderBatch"]):
    def visible_to(self, user: User) -> OrderBatchQuerySet:
        return self.filter(clinic__people=user) if can_see_patients(user) else self.none()


class OrderBatch(models.Model):
    """One kit for selected patients. Its id is the form's own, so that the same form twice is one batch."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="order_batches")
    kit = models.ForeignKey(Kit, on_delete=models.PROTECT, related_name="batches")
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="order_batches")
    placed_at = models.DateTimeField(default=timezone.now)
    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = OrderBatchQuerySet.as_manager()

    class Meta:
        ordering = ("-placed_at", "pk")
        verbose_name, verbose_name_plural = "batch of orders", "batches of orders"

    def __str__(self) -> str:
        return f"batch {str(self.pk)[:8]}"

    def count_items(self) -> dict[str, int]:
        return dict(self.items.order_by().values_list("state").annotate(count=Count("pk")))

    def count_calls(self) -> dict[str, int]:
        """Of its orders, by state."""
        return dict(self.calls().order_by().values_list("state").annotate(count=Count("pk")))

    def calls(self) -> models.QuerySet[VendorCall]:
        return VendorCall.objects.filter(line__order__batch_item__batch=self)


class ItemState(models.TextChoices):
    WAITING = "waiting", "Waiting to be ordered"
    PLACED = "placed", "Ordered"
    REFUSED = "refused", "Not ordered"
    CANCELLED = "cancelled", "Stopped before it was ordered"

    @property
    def tone(self) -> str:
        return {ItemState.WAITING: "info", ItemState.PLACED: "ok", ItemState.REFUSED: "bad"}.get(self, "idle")


class BatchItemQuerySet(WorkItemQuerySet["BatchItem"]):
    def due(self) -> Self:
        return super().due().filter(state=ItemState.WAITING).order_by("next_attempt_at", "pk")


class BatchItem(WorkItem):
    """The order for one patient of a batch, placed by a worker."""

    GUARDED_FIELDS = ("lease", "state")

    batch = models.ForeignKey(OrderBatch, on_delete=models.PROTECT, related_name="items")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    order = models.OneToOneField(Order, on_delete=models.PROTECT, null=True, blank=True, related_name="batch_item")
    state = models.CharField(max_length=10, choices=ItemState, default=ItemState.WAITING)
    reason = models.CharField("why it was not ordered", max_length=300, blank=True)

    objects = BatchItemQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        verbose_name, verbose_name_plural = "patient of a batch", "patients of batches"
        constraints = (
            models.UniqueConstraint(fields=("batch", "patient"), name="batch_patient_once"),
            models.CheckConstraint(condition=Q(state__in=ItemState.values), name="batch_item_state_known"),
            models.CheckConstraint(
                condition=Q(state=ItemState.PLACED, order__isnull=False)
                | (~Q(state=ItemState.PLACED) & Q(order__isnull=True)),
                name="batch_item_placed_has_order",
            ),
        )
        indexes = (
            models.Index(fields=("next_attempt_at",), condition=Q(state=ItemState.WAITING), name="batch_item_waiting"),
        )

    def __str__(self) -> str:
        return f"patient {self.pk} of a batch"

    @property
    def tone(self) -> str:
        return ItemState(self.state).tone
