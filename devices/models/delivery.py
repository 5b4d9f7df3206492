from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone

from patients.queueing.work_item import WorkItem, WorkItemQuerySet

MAX_ATTEMPTS = 5


class DeliveryKind(models.TextChoices):
    MEASUREMENT = "measurement", "Measurement"
    FULFILLMENT = "fulfillment", "Fulfillment"
    SPECIAL_ORDER = "order", "Special order"


class DeliveryState(models.TextChoices):
    NEW = "new", "New"
    WAITING = "waiting", "Waits for its device"
    DONE = "done", "Done"
    QUARANTINED = "quarantined", "Quarantined"
    DEAD = "dead", "Gave up"

    @classmethod
    def unprocessed(cls) -> tuple[DeliveryState, ...]:
        return (cls.NEW, cls.WAITING)

    @classmethod
    def needing_review(cls) -> tuple[DeliveryState, ...]:
        """Few rows, which a partial index serves; each needs a person."""
        return (cls.WAITING, *cls.failed())

    @classmethod
    def failed(cls) -> tuple[DeliveryState, ...]:
        return (cls.QUARANTINED, cls.DEAD)

    @classmethod
    def of_unknown_device(cls) -> tuple[DeliveryState, ...]:
        """The states in which a delivery of a device without a holder is found."""
        return (cls.WAITING, cls.QUARANTINED)

    @property
    def tone(self) -> str:
        """Of its badge: ok, info or warn."""
        return "ok" if self == DeliveryState.DONE else "warn" if self in DeliveryState.failed() else "info"


class DeliverySource(models.TextChoices):
    WEBHOOK = "webhook", "Webhook"
    ITEM = "item", "Item of a list"
    PULL = "pull", "Pulled from the vendor"


class DeliveryQuerySet(WorkItemQuerySet["Delivery"]):
    def due(self, kind: str | None = None) -> DeliveryQuerySet:
        """New or waiting deliveries, of one kind or all, whose time has come and which no worker has leased."""
        due = super().due().filter(state__in=DeliveryState.unprocessed())
        return due.filter(kind=kind) if kind else due


class Delivery(WorkItem):
    """A webhook body as the vendor posted it, stored byte for byte before it is acknowledged, with its outcome.

    An item of a list that can't be stored at once gets a row of its own, so that it delays none of its siblings.
    """

    Kind = DeliveryKind
    State = DeliveryState
    Source = DeliverySource

    kind = models.CharField(max_length=12, choices=DeliveryKind)
    source = models.CharField(max_length=8, choices=DeliverySource, default=DeliverySource.WEBHOOK)
    body = models.BinaryField()
    digest = models.BinaryField(max_length=32, help_text="SHA-256 of the body")
    received_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=12, choices=DeliveryState, default=DeliveryState.NEW)
    reason = models.TextField(blank=True, help_text="why it waits or could not be used, for a person")
    hwi_id = models.UUIDField("HWI device id", null=True, blank=True)
    outcome = models.JSONField(default=dict, blank=True)
    flagged = models.BooleanField("repaired, or read in part", default=False)
    lookup_after = models.DateTimeField(
        "its device is looked up again at", null=True, blank=True, help_text="after an answer that can't be used"
    )
    processed_at = models.DateTimeField(null=True, blank=True)
    purged_at = models.DateTimeField(null=True, blank=True)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="items", db_index=False
    )
    position = models.PositiveIntegerField(null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        verbose_name, verbose_name_plural = "webhook delivery", "webhook deliveries"
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=DeliveryKind.values), name="delivery_kind_known"),
            models.CheckConstraint(condition=Q(state__in=DeliveryState.values), name="delivery_state_known"),
            models.CheckConstraint(condition=Q(source__in=DeliverySource.values), name="delivery_source_known"),
            models.UniqueConstraint(
                fields=("parent", "position"), condition=Q(parent__isnull=False), name="delivery_item_once"
            ),
        )
        # A delivery is written three times (stored, claimed, completed), so what is done is in few of these.
        indexes = (
            models.Index(
                fields=("kind", "next_attempt_at", "id"),
                condition=Q(state__in=DeliveryState.unprocessed()),
                name="delivery_due",
            ),
            models.Index(
                fields=("state", "-id"),
                condition=Q(state__in=DeliveryState.needing_review()),
                name="delivery_for_a_person",
            ),
            models.Index(fields=("hwi_id",), condition=Q(state=DeliveryState.WAITING), name="delivery_waits_for"),
            models.Index(
                fields=("hwi_id",), condition=Q(state__in=DeliveryState.failed()), name="delivery_failed_of_device"
            ),
            models.Index(fields=("-received_at",), name="delivery_by_time"),
            # What the admin's filters find few of.
            models.Index(
                fields=("kind", "-id"), condition=~Q(kind=DeliveryKind.MEASUREMENT), name="delivery_of_rare_kind"
            ),
            models.Index(
                fields=("source", "-id"), condition=~Q(source=DeliverySource.WEBHOOK), name="delivery_not_by_hook"
            ),
            models.Index(fields=("-id",), condition=Q(flagged=True), name="delivery_repaired"),
            models.Index(
                fields=("processed_at",),
                condition=Q(state=DeliveryState.DONE, purged_at__isnull=True),
                name="delivery_to_purge",
            ),
        )
        triggers = (
            pgtrigger.Protect(
                name="kept_as_it_came",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "NEW.digest IS DISTINCT FROM OLD.digest OR NEW.received_at IS DISTINCT FROM OLD.received_at "
                    "OR NEW.kind IS DISTINCT FROM OLD.kind "
                    "OR (NEW.body IS DISTINCT FROM OLD.body AND NEW.body <> ''::bytea)"
                ),
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        )

    def __str__(self) -> str:
        return f"delivery {self.pk}"
