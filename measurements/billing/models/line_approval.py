"""Approvals of billing lines and what happened with the claim: append-only rows."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from measurements.billing.engine.code_rules import BILLED_PROGRAMMES
from patients.models import Patient

from .rule_rows import KINDS

SHA256 = r"^[0-9a-f]{64}$"


class StepKind(models.TextChoices):
    EXPORTED = "exported", "Exported"
    SUBMITTED = "submitted", "Submitted"
    PAID = "paid", "Paid"
    DENIED = "denied", "Denied"
    WRITTEN_OFF = "written_off", "Written off"
    CONFIRMED = "confirmed", "Confirmed as approved"
    REPLACED = "replaced", "Replaced by another approval"


CLAIM_STEPS = (StepKind.EXPORTED, StepKind.SUBMITTED, StepKind.PAID, StepKind.DENIED, StepKind.WRITTEN_OFF)
STEPS_WITH_REASON = (StepKind.DENIED, StepKind.WRITTEN_OFF, StepKind.CONFIRMED)


class LineApprovalQuerySet(models.QuerySet["LineApproval"]):
    def of_patients(self, patients: Iterable[uuid.UUID]) -> LineApprovalQuerySet:
        return self.filter(patient__in=list(patients))

    def in_force(self) -> LineApprovalQuerySet:
        """Not replaced by a later approval."""
        replaced = LineStep.objects.filter(approval=OuterRef("pk"), kind=StepKind.REPLACED)
        return self.filter(~Exists(replaced))


class LineApproval(models.Model):
    """A billing practitioner's approval of a line: the line and its evidence as they were then, with their hash."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="line_approvals", db_index=False)
    kind = models.CharField("counted over", max_length=8, choices=[(k.value, label) for k, label in KINDS.items()])
    programme = models.CharField(max_length=5, choices=[(p.value, p.value) for p in BILLED_PROGRAMMES])
    first = models.DateField("first day of the window or month")
    code = models.CharField(max_length=5)
    units = models.PositiveSmallIntegerField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)
    reason = models.CharField("why the other line was replaced", max_length=300, blank=True)
    statement = models.TextField("statement that was attested")
    line = models.JSONField("line as approved")
    evidence = models.JSONField("evidence as approved")
    evidence_hash = models.CharField("SHA-256 of the evidence", max_length=64)

    objects = LineApprovalQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        verbose_name, verbose_name_plural = "approval of a line", "approvals of lines"
        constraints = (
            models.CheckConstraint(condition=Q(evidence_hash__regex=SHA256), name="line_approval_has_hash"),
            models.CheckConstraint(condition=~Q(statement=""), name="line_approval_has_statement"),
            models.CheckConstraint(condition=Q(units__gt=0) & ~Q(code=""), name="line_approval_has_code_and_units"),
        )
        indexes = (models.Index(fields=("patient", "first"), name="line_approval_by_patient"),)
        triggers = (pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"approval of a line {self.pk}"

    @property
    def month(self) -> dt.date:
        """First day of the month in whose list the line is."""
        return dt.date.fromisoformat(self.line["belongs_to"])

    @property
    def date_of_service(self) -> dt.date:
        return dt.date.fromisoformat(self.line["date_of_service"])


class LineStep(models.Model):
    """Append-only: what happened with an approved line, who said so and when.

    `against`: of a confirmation, what the line would have been by then: {"codes": {code: units}, "count": number}.
    """

    approval = models.ForeignKey(LineApproval, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=12, choices=StepKind)
    reason = models.CharField(max_length=300, blank=True)
    against = models.JSONField("what it would have been", null=True, blank=True)
    replaced_by = models.ForeignKey(
        LineApproval, on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_steps"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("pk",)
        verbose_name, verbose_name_plural = "step of a line", "steps of lines"
        constraints = (
            models.CheckConstraint(
                condition=~Q(kind__in=STEPS_WITH_REASON) | ~Q(reason=""), name="line_step_has_reason"
            ),
            models.CheckConstraint(
                condition=Q(kind=StepKind.REPLACED, replaced_by__isnull=False)
                | ~Q(kind=StepKind.REPLACED) & Q(replaced_by__isnull=True),
                name="line_step_replaced_by_approval",
            ),
            models.UniqueConstraint(
                fields=("approval",), condition=Q(kind=StepKind.REPLACED), name="line_step_replaced_once"
            ),
            models.CheckConstraint(
                condition=Q(replaced_by__isnull=True) | ~Q(replaced_by=F("approval")),
                name="line_step_replaced_by_self",
            ),
        )
        triggers = (pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"step of a line {self.pk}"


class EvidenceFile(models.Model):
    """PDF of an approval's evidence as it was given out first: later prints are the same bytes."""

    approval = models.OneToOneField(LineApproval, on_delete=models.PROTECT, related_name="evidence_file")
    content = models.BinaryField("PDF")
    made_at = models.DateTimeField("made", default=timezone.now)

    class Meta:
        ordering = ("pk",)
        verbose_name = "evidence file"
        triggers = (pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"evidence file {self.pk}"
