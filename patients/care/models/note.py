from __future__ import annotations

import datetime as dt

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from patients.models import Patient, User


class NoteKind(models.TextChoices):
    NOTE = "note", "Note"
    CALL = "call", "Call"
    MESSAGE = "message", "Message"
    VISIT = "visit", "Visit"
    ORDER = "order", "Order for the coordinator"


NO_CONTACTS = (NoteKind.NOTE, NoteKind.ORDER)


class ContactOutcome(models.TextChoices):
    REACHED = "reached", "Reached"
    LEFT_MESSAGE = "left_message", "Left a message"
    NO_ANSWER = "no_answer", "No answer"
    WRONG_NUMBER = "wrong_number", "Wrong number"


class ContactWith(models.TextChoices):
    PATIENT = "patient", "Patient"
    CAREGIVER = "caregiver", "Caregiver"
    OTHER = "other", "Another person"


class NoteQuerySet(models.QuerySet["Note"]):
    def visible_to(self, user: User) -> NoteQuerySet:
        return self.filter(patient__in=Patient.objects.visible_to(user))

    def due(self, *, by: dt.date) -> NoteQuerySet:
        """With an open next step of this day or an earlier one."""
        return self.filter(due_on__lte=by)

    def with_open_step(self) -> NoteQuerySet:
        return self.filter(due_on__isnull=False)


class Note(models.Model):
    """Note or contact about a patient. What it says is its newest version; what it belongs to links to this row.

    Apps to the right link their rows to it (an order, an exception, an episode), and a correction changes no link.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="notes")
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    # Of the newest version: a correction of an older one is refused (optimistic lock).
    version_number = models.PositiveIntegerField(default=1)
    # The day of the newest version's next step while it is open: the row is the queue.
    due_on = models.DateField("next step due", null=True, blank=True)
    step_done_at = models.DateTimeField("next step done", null=True, blank=True)
    step_done_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = NoteQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-pk")
        verbose_name = "note or contact"
        verbose_name_plural = "notes and contacts"
        constraints = (
            models.CheckConstraint(
                condition=Q(step_done_at__isnull=True) | Q(due_on__isnull=True, step_done_by__isnull=False),
                name="note_step_done_or_due",
            ),
        )
        indexes = (
            models.Index(fields=("patient", "-created_at"), name="note_by_patient"),
            models.Index(fields=("due_on", "id"), condition=Q(due_on__isnull=False), name="note_by_due_day"),
        )

    def __str__(self) -> str:
        return f"note {self.pk}"


class NoteVersionQuerySet(models.QuerySet["NoteVersion"]):
    def newest(self) -> NoteVersionQuerySet:
        return self.filter(number=F("note__version_number"))

    def orders(self) -> NoteVersionQuerySet:
        """Orders for the coordinator."""
        return self.filter(kind=NoteKind.ORDER)

    def live_contacts(self) -> NoteVersionQuerySet:
        """Contacts that reached the patient or the caregiver live, as they are known now."""
        people = (ContactWith.PATIENT, ContactWith.CAREGIVER)
        return self.newest().filter(is_live=True, contact_with__in=people)


class NoteVersion(models.Model):
    """What a note or contact says, in one version. Never changed: a correction adds a version."""

    note = models.ForeignKey(Note, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(default=1)
    written_at = models.DateTimeField(default=timezone.now)
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=NoteKind, default=NoteKind.NOTE)
    happened_at = models.DateTimeField("when it was")
    text = models.TextField(blank=True)
    # Of a contact; empty for a note.
    outcome = models.CharField(max_length=12, choices=ContactOutcome, blank=True)
    contact_with = models.CharField("with", max_length=10, choices=ContactWith, blank=True)
    is_live = models.BooleanField("live and interactive", default=False)
    next_step = models.CharField(max_length=200, blank=True)
    next_step_on = models.DateField("due on", null=True, blank=True)

    objects = NoteVersionQuerySet.as_manager()

    class Meta:
        ordering = ("-happened_at", "-pk")
        verbose_name = "version of a note or contact"
        verbose_name_plural = "versions of notes and contacts"
        constraints = (
            models.UniqueConstraint(fields=("note", "number"), name="note_version_once"),
            models.CheckConstraint(condition=Q(kind__in=NoteKind.values), name="note_kind_known"),
            models.CheckConstraint(
                condition=Q(kind__in=NO_CONTACTS, outcome="", contact_with="", is_live=False) & ~Q(text="")
                | ~Q(kind__in=NO_CONTACTS) & Q(outcome__in=ContactOutcome.values, contact_with__in=ContactWith.values),
                name="note_contact_has_outcome",
            ),
            models.CheckConstraint(
                condition=~Q(kind=NoteKind.ORDER) | ~Q(next_step=""), name="note_order_has_next_step"
            ),
            models.CheckConstraint(
                condition=Q(is_live=False) | Q(outcome=ContactOutcome.REACHED), name="note_live_contact_reached"
            ),
            models.CheckConstraint(
                condition=Q(next_step="", next_step_on__isnull=True) | ~Q(next_step="") & Q(next_step_on__isnull=False),
                name="note_next_step_has_day",
            ),
        )
        indexes = (models.Index(fields=("note", "happened_at"), condition=Q(is_live=True), name="note_version_live"),)
        triggers = (pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"note {self.note_id}, version {self.number}"

    @property
    def is_contact(self) -> bool:
        return self.kind not in NO_CONTACTS
