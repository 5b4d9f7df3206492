"""WorklistItem: an exception that a coordinator works on, and WorklistEvent: its append-only history."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Count, Q, Sum
from django.utils import timezone

from devices.models import Device, Gateway, VendorCall
from fulfillment.models import OrderLine
from patients.care.models import Note
from patients.models import Clinic, Patient
from patients.models.patient import can_see_patients, format_live_version, random_live_version

if TYPE_CHECKING:
    from patients.models import User

MAX_TEXT_LETTERS = 200


class WorklistItemQuerySet(models.QuerySet["WorklistItem"]):
    def visible_to(self, user: User) -> WorklistItemQuerySet:
        """Of the user's clinics, and those of the vendor's account, which belong to no clinic and name no patient."""
        own = Q(clinic__in=user.clinics.all()) | Q(clinic__isnull=True)
        return self.filter(own) if can_see_patients(user) else self.none()

    def unsolved(self) -> WorklistItemQuerySet:
        """Their cause lasts, whether they are dismissed or not."""
        return self.filter(closed_at__isnull=True)

    def open(self) -> WorklistItemQuerySet:
        """Neither solved nor dismissed; snoozed ones are among them."""
        return self.filter(OPEN)

    def awake(self) -> WorklistItemQuerySet:
        """Open, and not snoozed."""
        return self.open().filter(~snoozed_condition())

    def snoozed(self) -> WorklistItemQuerySet:
        return self.open().filter(snoozed_condition())

    def of_equipment(self) -> WorklistItemQuerySet:
        """What the pages of patients call "Needs attention": open ones of a patient's devices, gateways and orders.

        Snoozed ones too: that a coordinator waits with it doesn't make the equipment work.
        """
        return self.open().filter(EQUIPMENT, patient__isnull=False)

    def combined_live_version(self) -> str:
        """Changes with any of these rows and their patients, with which they are, and when a snooze ends."""
        asleep = Count("pk", filter=snoozed_condition())
        patients = Sum("patient__live_version", default=0)
        own = Sum("live_version", default=0)
        totals = self.order_by().aggregate(n=Count("pk"), asleep=asleep, own=own, patients=patients)
        return f"{format_live_version(totals['n'], totals['own'] + totals['patients'])}-{totals['asleep']}"

    def for_list(self) -> WorklistItemQuerySet:
        return self.select_related("patient", "clinic", "device", "gateway", "line", "owner")


OPEN = Q(closed_at__isnull=True, dismissed_at__isnull=True)
EQUIPMENT = Q(device__isnull=False) | Q(gateway__isnull=False) | Q(line__isnull=False)


def snoozed_condition() -> Q:
    return Q(snoozed_until__isnull=False, snoozed_until__gt=timezone.now())


class WorklistItem(models.Model):
    """An exception: something that lasts until its cause is over, opened and closed by `worklist.refresh`.

    A person assigns it, snoozes it, or dismisses it until its facts change.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=32)  # the name of a WorklistKind
    subject = models.CharField(max_length=120, help_text="what it is about, such as device:12; unique in its kind")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, null=True, blank=True, related_name="worklist_items")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, blank=True, related_name="worklist_items")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, null=True, blank=True, related_name="worklist_items")
    gateway = models.ForeignKey(Gateway, on_delete=models.PROTECT, null=True, blank=True, related_name="worklist_items")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, null=True, blank=True, related_name="worklist_items")
    call = models.ForeignKey(VendorCall, on_delete=models.PROTECT, null=True, blank=True, related_name="worklist_items")
    name = models.CharField("device", max_length=255, blank=True)
    rank = models.PositiveSmallIntegerField(help_text="of its kind; the most urgent first")
    facts = models.JSONField(default=dict, blank=True)
    fingerprint = models.CharField(max_length=64, help_text="of the facts; a dismissed exception returns if it changes")
    since = models.DateTimeField()
    opened_at = models.DateTimeField(default=timezone.now)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="worklist_items"
    )
    snoozed_until = models.DateTimeField(null=True, blank=True)
    snooze_note = models.CharField(max_length=MAX_TEXT_LETTERS, blank=True)
    dismissed_at = models.DateTimeField(null=True, blank=True)
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    dismissal_reason = models.CharField(max_length=MAX_TEXT_LETTERS, blank=True)
    closed_at = models.DateTimeField("solved", null=True, blank=True)
    solution = models.CharField("solved by", max_length=MAX_TEXT_LETTERS, blank=True)
    # Increased by every change; open pages poll with it, and a form that was opened on an older one is refused.
    live_version = models.BigIntegerField(default=random_live_version, editable=False)

    objects = WorklistItemQuerySet.as_manager()

    class Meta:
        ordering = ("rank", "since", "pk")
        verbose_name, verbose_name_plural = "exception", "exceptions"
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "subject"), condition=Q(closed_at__isnull=True), name="worklist_item_once"
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | ~Q(solution=""), name="worklist_item_solved_by_something"
            ),
            models.CheckConstraint(
                condition=Q(dismissed_at__isnull=True, dismissed_by__isnull=True, dismissal_reason="")
                | (Q(dismissed_at__isnull=False, dismissed_by__isnull=False) & ~Q(dismissal_reason="")),
                name="worklist_item_dismissed_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(snoozed_until__isnull=True) | ~Q(snooze_note=""), name="worklist_item_snoozed_with_note"
            ),
            models.CheckConstraint(
                condition=Q(patient__isnull=True) | Q(clinic__isnull=False), name="worklist_item_patient_of_clinic"
            ),
        )
        indexes = (
            models.Index(
                fields=("clinic", "rank", "since", "id"),
                condition=Q(closed_at__isnull=True),
                name="worklist_unsolved",
            ),
            models.Index(fields=("patient",), condition=Q(closed_at__isnull=True), name="worklist_of_patient"),
            models.Index(fields=("clinic", "-closed_at"), name="worklist_by_solution"),
            models.Index(fields=("-opened_at", "-id"), name="worklist_by_time"),
        )

    def __str__(self) -> str:
        return f"exception {str(self.pk)[:8]}"

    @property
    def is_open(self) -> bool:
        return self.closed_at is None and self.dismissed_at is None

    @property
    def is_snoozed(self) -> bool:
        return self.is_open and self.snoozed_until is not None and self.snoozed_until > timezone.now()


class WorklistEvent(models.Model):
    """One entry of an exception's history: what happened to it, when, and by whom."""

    class Kind(models.TextChoices):
        OPENED = "opened", "Begun"
        RETURNED = "returned", "Back, because its facts changed"
        ASSIGNED = "assigned", "Assigned"
        SNOOZED = "snoozed", "Snoozed"
        WOKEN = "woken", "Snooze ended"
        DISMISSED = "dismissed", "Dismissed"
        RESTORED = "restored", "Taken back"
        SOLVED = "solved", "Solved"

    item = models.ForeignKey(WorklistItem, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=12, choices=Kind)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    text = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("at", "pk")
        verbose_name, verbose_name_plural = "entry of an exception", "entries of exceptions"
        constraints = (
            models.CheckConstraint(
                condition=Q(
                    kind__in=["opened", "returned", "assigned", "snoozed", "woken", "dismissed", "restored", "solved"]
                ),
                name="worklist_event_kind_known",
            ),
        )
        triggers = (pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class WorklistNote(models.Model):
    """Link of a note or contact to the exception that it is about."""

    item = models.ForeignKey(WorklistItem, on_delete=models.PROTECT, related_name="item_notes")
    note = models.OneToOneField(Note, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("pk",)
        verbose_name, verbose_name_plural = "note on an exception", "notes on exceptions"

    def __str__(self) -> str:
        return f"note {self.note_id} on exception {str(self.item_id)[:8]}"


def record_item_event(item: WorklistItem, kind: WorklistEvent.Kind, *, by: User | None, text: str = "") -> Any:
    return WorklistEvent.objects.create(item=item, kind=kind, by=by, text=text)
