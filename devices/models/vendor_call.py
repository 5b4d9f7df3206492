from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from patients.models import Patient
from patients.models.patient import can_see_patients
from patients.queueing.work_item import WorkItem, WorkItemQuerySet

from .device import Device

if TYPE_CHECKING:
    from patients.models import User

REFERENCE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no 0/O, 1/I: people read it aloud to the vendor


class CallKind(models.TextChoices):
    ORDER = "order", "Order a device"
    ACTIVATE = "activate", "Activate a device"
    UNLINK = "unlink", "Unlink a device"
    DELETE = "delete", "Cancel before it ships"
    DETACH = "detach", "Detach a device from its patient"
    CREATE_PATIENT = "create_patient", "Create the patient's record"
    UPDATE_PATIENT = "update_patient", "Update the patient's record"
    REPLACE = "replace", "Replace hardware"
    CANCEL_REPLACEMENT = "cancel_replacing", "Cancel a replacement"
    SET_STEP_GOAL = "set_step_goal", "Set the step goal of a device"

    @classmethod
    def creating(cls) -> tuple[CallKind, ...]:
        """A confirmed call of these has made a device at the vendor."""
        return (cls.ORDER, cls.ACTIVATE)

    @classmethod
    def ending(cls) -> tuple[CallKind, ...]:
        """A confirmed call of these has ended the monitoring of a device."""
        return (cls.UNLINK, cls.DELETE)

    @classmethod
    def of_record(cls) -> tuple[CallKind, ...]:
        """They write the patient's record at the vendor; of one patient only the newest waits."""
        return (cls.CREATE_PATIENT, cls.UPDATE_PATIENT)

    @classmethod
    def idempotent(cls) -> tuple[CallKind, ...]:
        """Sent again after an unclear answer: twice has the same effect as once."""
        return (cls.DETACH, cls.UPDATE_PATIENT, cls.CANCEL_REPLACEMENT, cls.SET_STEP_GOAL)

    @classmethod
    def of_replacement(cls) -> tuple[CallKind, ...]:
        """Their answer is a replacement, in the call's `answer`, and the device stays as it is."""
        return (cls.REPLACE, cls.CANCEL_REPLACEMENT)


class CallState(models.TextChoices):
    QUEUED = "queued", "Waiting to be sent"
    SENDING = "sending", "Being sent"
    UNKNOWN = "unknown", "Sent, answer unclear"
    NEEDS_REVIEW = "needs_review", "Needs a person"
    CONFIRMED = "confirmed", "Confirmed"
    REJECTED = "rejected", "Refused by the vendor"
    CANCELLED = "cancelled", "Cancelled"
    ABANDONED = "abandoned", "Given up"

    @classmethod
    def unresolved(cls) -> tuple[CallState, ...]:
        """Not sent yet, or its result is not known."""
        return (cls.QUEUED, *cls.sent_unresolved())

    @classmethod
    def sent_unresolved(cls) -> tuple[CallState, ...]:
        """It may have taken effect at the vendor."""
        return (cls.SENDING, cls.UNKNOWN, cls.NEEDS_REVIEW)

    @classmethod
    def without_effect(cls) -> tuple[CallState, ...]:
        """Over, and the vendor did nothing, or a person has said so."""
        return (cls.REJECTED, cls.CANCELLED, cls.ABANDONED)

    @property
    def tone(self) -> str:
        """Of its badge: ok, info, warn, bad or idle."""
        return CALL_STATE_TONES[self]


CALL_STATE_TONES = {
    CallState.QUEUED: "info",
    CallState.SENDING: "info",
    CallState.UNKNOWN: "warn",
    CallState.NEEDS_REVIEW: "bad",
    CallState.CONFIRMED: "ok",
    CallState.REJECTED: "bad",
    CallState.CANCELLED: "idle",
    CallState.ABANDONED: "idle",
}


def generate_reference() -> str:
    return "V" + "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(9))


class VendorCallQuerySet(WorkItemQuerySet["VendorCall"]):
    def visible_to(self, user: User) -> VendorCallQuerySet:
        return self.filter(patient__clinic__people=user) if can_see_patients(user) else self.none()

    def due(self) -> VendorCallQuerySet:
        """To be sent now, longest due first. Only a queued call is ever sent: its lease is empty by a constraint."""
        due = self.filter(state=CallState.QUEUED, next_attempt_at__lte=timezone.now())
        # An earlier request with the patient's data must not be applied after a newer record.
        same_patient = VendorCall.objects.filter(patient=OuterRef("patient"))
        recording = Q(kind__in=CallKind.of_record())
        under_way = (recording & Q(state=CallState.UNKNOWN)) | Q(state=CallState.SENDING)
        due = due.exclude(recording & Exists(same_patient.filter(under_way)))
        # Nor an earlier goal of a device after a newer one.
        same_device = VendorCall.objects.filter(device=OuterRef("device"), kind=CallKind.SET_STEP_GOAL)
        due = due.exclude(Q(kind=CallKind.SET_STEP_GOAL) & Exists(same_device.filter(state=CallState.SENDING)))
        return due.order_by("next_attempt_at", "created_at", "pk")

    def due_for_search(self) -> VendorCallQuerySet:
        """Sent, answer unclear, and so long ago that the vendor's own list shows what became of it."""
        return self.filter(state=CallState.UNKNOWN, search_after__lte=timezone.now()).order_by("search_after", "pk")

    def lookup_requested(self) -> VendorCallQuerySet:
        """A person has asked what the vendor lists."""
        asked = self.filter(state=CallState.NEEDS_REVIEW, lookup_requested_at__isnull=False)
        return asked.order_by("lookup_requested_at", "pk")

    def unresolved(self) -> VendorCallQuerySet:
        return self.filter(state__in=CallState.unresolved())


class VendorCall(WorkItem):
    """One call that changes something at the vendor, stored before it is sent, and sent once.

    It is sent only after it was claimed: the update from `queued` to `sending` in `devices.outbox.sending`.
    """

    Kind = CallKind
    State = CallState
    FIRST_BACKOFF_SECONDS = 2.0
    MAX_BACKOFF_SECONDS = 60.0
    GUARDED_FIELDS = ("state", "lease", "search_after")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=16, choices=CallKind)
    state = models.CharField(max_length=12, choices=CallState, default=CallState.QUEUED)
    reference = models.CharField(
        max_length=16, unique=True, default=generate_reference, help_text="in the vendor's notes"
    )
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, blank=True, related_name="vendor_calls")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, null=True, blank=True, related_name="vendor_calls")
    payload = models.JSONField(default=dict, blank=True, help_text="arguments of the client's method")
    answer = models.JSONField(default=dict, blank=True, help_text="the vendor's answer, where it is not a device")
    reason = models.TextField(blank=True, help_text="in words for a person")
    errors = models.JSONField(default=dict, blank=True, help_text="the vendor's refusal by field")
    sent_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    # While unknown: since when, the next search at the vendor, and how many searches found nothing.
    unknown_since = models.DateTimeField(null=True, blank=True)
    search_after = models.DateTimeField(null=True, blank=True)
    absence_count = models.PositiveSmallIntegerField(default=0)
    # While a person decides: what the last complete answer of the vendor held, as [{"hwi_id", "fits"}].
    lookup_requested_at = models.DateTimeField(null=True, blank=True)
    lookup_at = models.DateTimeField(null=True, blank=True)
    lookup_problem = models.CharField(max_length=200, blank=True)
    lookup_results = models.JSONField(default=list, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="vendor_calls"
    )
    created_at = models.DateTimeField(default=timezone.now)

    objects = VendorCallQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-pk")
        verbose_name, verbose_name_plural = "call to the vendor", "calls to the vendor"
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=CallKind.values), name="call_kind_known"),
            models.CheckConstraint(condition=Q(state__in=CallState.values), name="call_state_known"),
            models.CheckConstraint(
                condition=Q(state=CallState.SENDING, lease__isnull=False)
                | (~Q(state=CallState.SENDING) & Q(lease__isnull=True)),
                name="call_leased_while_sending",
            ),
            # Two people ending monitoring at once send one call.
            models.UniqueConstraint(
                fields=("device", "kind"),
                condition=Q(device__isnull=False, kind__in=(*CallKind.ending(), CallKind.DETACH))
                & Q(state__in=CallState.unresolved()),
                name="call_one_open_per_device",
            ),
            models.UniqueConstraint(
                fields=("patient",),
                condition=Q(kind__in=CallKind.of_record(), state=CallState.QUEUED),
                name="call_one_waiting_per_record",
            ),
            models.UniqueConstraint(
                fields=("device",),
                condition=Q(kind=CallKind.SET_STEP_GOAL, state=CallState.QUEUED),
                name="call_one_waiting_per_goal",
            ),
        )
        indexes = (
            models.Index(
                fields=("next_attempt_at", "created_at"), condition=Q(state=CallState.QUEUED), name="call_waiting"
            ),
            models.Index(fields=("leased_until",), condition=Q(state=CallState.SENDING), name="call_being_sent"),
            models.Index(fields=("search_after",), condition=Q(state=CallState.UNKNOWN), name="call_to_search"),
            models.Index(fields=("state", "-created_at"), name="call_by_state"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"
