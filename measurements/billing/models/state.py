from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db import connection, models
from django.db.models import Q
from django.utils import timezone

from patients.models import Patient
from patients.queueing.wakeup import wake_worker

WORK = "billing_lines"
# Locks the rows in any case, so that a computation that has begun can't clear a mark of a concurrent writer.
MARK_DUE_SQL = """
INSERT INTO billing_billingstate AS stored (patient_id, due_at, facts_version, months, failures, problem)
SELECT patient_id, %(now)s, 0, '[]', 0, '' FROM unnest(%(patients)s::uuid[]) AS due(patient_id) ORDER BY patient_id
ON CONFLICT (patient_id) DO UPDATE SET due_at = excluded.due_at
WHERE stored.due_at IS NULL OR stored.due_at > excluded.due_at
"""


class BillingStateQuerySet(models.QuerySet["BillingState"]):
    def mark_due(self, patients: Iterable[uuid.UUID]) -> None:
        """Have the lines of these patients computed. Writes nothing where they are due already."""
        chosen = sorted(set(patients))
        if not chosen:
            return
        with connection.cursor() as cursor:
            cursor.execute(MARK_DUE_SQL, {"patients": chosen, "now": timezone.now()})
        wake_worker(WORK)

    def due(self) -> BillingStateQuerySet:
        """New facts first, then what time alone has changed."""
        return self.filter(due_at__lte=timezone.now()).order_by("-due_at", "-pk")

    def failing(self) -> BillingStateQuerySet:
        return self.filter(failures__gt=0)


class BillingState(models.Model):
    """One row per patient: when the billing lines are computed again, and what months have beside their lines.

    Written by `billing.computation`. Whatever changes a patient's facts marks the row as due.
    """

    patient = models.OneToOneField(Patient, on_delete=models.CASCADE, primary_key=True, related_name="billing_state")
    due_at = models.DateTimeField("next computation", null=True, blank=True)
    computed_at = models.DateTimeField("computed", null=True, blank=True)
    # Of the facts that the last computation read; a newer version makes the patient due.
    facts_version = models.BigIntegerField("version of the facts", default=0)
    months = models.JSONField("minutes by month", default=list, blank=True)
    failures = models.PositiveSmallIntegerField("failed computations in a row", default=0)
    problem = models.CharField("kind of the failure", max_length=80, blank=True)

    objects = BillingStateQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        verbose_name = "billing state"
        constraints = (
            models.CheckConstraint(
                condition=Q(failures=0, problem="") | Q(failures__gt=0) & ~Q(problem=""),
                name="billing_state_failure_has_problem",
            ),
        )
        indexes = (
            models.Index(fields=("-due_at", "-patient"), name="billing_state_due"),
            models.Index(fields=("patient",), condition=Q(failures__gt=0), name="billing_state_failing"),
        )

    def __str__(self) -> str:
        return f"billing state {self.pk}"
