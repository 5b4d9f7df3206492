from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from measurements.alerts.engine.facts import STEP_KINDS, EventKind
from patients.models import Patient

from .episode import AlertEpisode

# Notes are those of the patient (`EpisodeNote`), which have versions and outcomes.
KINDS = sorted(kind.value for kind in STEP_KINDS - {EventKind.NOTE})
RESOLVE, SNOOZE = EventKind.RESOLVE.value, EventKind.SNOOZE.value


class ResolveOutcome(models.TextChoices):
    MEDICATION_CHANGED = "medication_changed", "Medication changed"
    PATIENT_CALLED = "patient_called", "Patient called"
    MEASUREMENT_ERROR = "measurement_error", "Measurement error"
    EXPECTED = "expected", "Expected"
    EMERGENCY_CARE = "emergency_care", "Sent to emergency care"
    OTHER = "other", "Other"


class AlertStep(models.Model):
    """What a person did with an episode. Append-only: the rows are facts from which episodes are computed."""

    episode = models.ForeignKey(AlertEpisode, on_delete=models.PROTECT, related_name="steps")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=12, choices=[(kind, kind.capitalize()) for kind in KINDS])
    # None: the program unassigned it, because the person can't answer any more.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    at = models.DateTimeField()
    outcome = models.CharField(max_length=20, choices=ResolveOutcome, blank=True)
    text = models.TextField("reason or words", blank=True)
    until = models.DateTimeField("end of the snooze", null=True, blank=True)
    worse_by = models.FloatField("snoozed until worse by", null=True, blank=True)
    until_worse = models.BooleanField("snoozed until worse", default=False)
    to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name="assigned or escalated to",
    )
    # Of the patient, when the step was taken: a reading that was stored later is news to it.
    newest_reading_id = models.BigIntegerField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ("at", "pk")
        verbose_name, verbose_name_plural = "step on an alert episode", "steps on alert episodes"
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="alert_step_kind_known"),
            models.CheckConstraint(
                condition=Q(by__isnull=False) | Q(kind=EventKind.UNASSIGN.value), name="alert_step_by_a_person"
            ),
            models.CheckConstraint(
                condition=Q(kind=RESOLVE, outcome__in=ResolveOutcome.values) | ~Q(kind=RESOLVE) & Q(outcome=""),
                name="alert_step_resolved_with_outcome",
            ),
            models.CheckConstraint(
                condition=~Q(outcome=ResolveOutcome.OTHER) | ~Q(text=""), name="alert_step_other_outcome_has_words"
            ),
            models.CheckConstraint(
                condition=~Q(kind=SNOOZE) | Q(until__isnull=False) | Q(until_worse=True),
                name="alert_step_snooze_ends",
            ),
        )
        indexes = (models.Index(fields=("patient", "at"), name="alert_step_by_patient"),)
        triggers = (pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"step {self.pk}"

    @property
    def by_name(self) -> str:
        return self.by.name if self.by else "Vitals at Home"
