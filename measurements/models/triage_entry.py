from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models import Q
from django.utils import timezone

from patients.models import Clinic, Patient
from patients.programmes.changes import touch_billing
from patients.queueing.wakeup import wake_worker

OVERDUE_AFTER = dt.timedelta(minutes=15)
# Locks the rows in any case, so that an assessment that has begun can't clear a mark of a concurrent writer.
MARK_DUE_SQL = """
INSERT INTO measurements_triageentry AS stored (patient_id, due_at, section, rank, is_unacknowledged, checks, failures,
    problem)
SELECT patient_id, %(now)s, '', 0, false, '{}', 0, ''
FROM unnest(%(patients)s::uuid[]) AS due(patient_id) ORDER BY patient_id
ON CONFLICT (patient_id) DO UPDATE SET due_at = excluded.due_at
WHERE stored.due_at IS NULL OR stored.due_at > excluded.due_at
"""


class TriageEntryQuerySet(models.QuerySet["TriageEntry"]):
    def mark_due(self, patients: Iterable[uuid.UUID]) -> None:
        """Have the alerts of these patients assessed. Writes nothing where they are due already.

        To be called after their summaries and before patients are locked, as ingest does.
        """
        chosen = sorted(set(patients))
        if not chosen:
            return
        with connection.cursor() as cursor:
            cursor.execute(MARK_DUE_SQL, {"patients": chosen, "now": timezone.now()})
        touch_billing(chosen)  # readings, exclusions, devices and periods are facts of billing lines too
        wake_worker("alert_assessments")

    def mark_scope_due(self, scope: Patient | Clinic) -> None:
        """A patient's, or those of all patients under the clinic's care; the others' change nothing any more."""
        if isinstance(scope, Patient):
            self.mark_due([scope.pk])
        else:
            self.mark_due(scope.patients.enrolled().values_list("pk", flat=True))

    def due(self) -> TriageEntryQuerySet:
        """New facts first, then what time alone has changed."""
        return self.filter(due_at__lte=timezone.now()).order_by("-due_at", "-pk")

    def failing(self) -> TriageEntryQuerySet:
        return self.filter(failures__gt=0)

    def up_to_date(self) -> TriageEntryQuerySet:
        """Assessed with what was known a quarter of an hour ago; the others' alerts are not known."""
        assessed = self.filter(failures=0, assessed_at__isnull=False)
        return assessed.filter(Q(due_at__isnull=True) | Q(due_at__gt=timezone.now() - OVERDUE_AFTER))

    def overdue(self) -> TriageEntryQuerySet:
        return self.filter(due_at__lte=timezone.now() - OVERDUE_AFTER)


class TriageEntry(models.Model):
    """One row per patient: the section of the triage list and its place in it, and when alerts are assessed again.

    Written by `alerts.assessment`. Whatever changes a patient's facts marks the row as due.
    """

    patient = models.OneToOneField(Patient, on_delete=models.CASCADE, primary_key=True, related_name="triage_entry")
    due_at = models.DateTimeField("next assessment", null=True, blank=True)
    # A section of `alerts.engine.episodes.Section`; empty outside monitoring and before the first assessment.
    section = models.CharField(max_length=16, blank=True)
    rank = models.PositiveSmallIntegerField("place of the section", default=0)
    is_unacknowledged = models.BooleanField("something in it is not acknowledged", default=False)
    order_at = models.DateTimeField("since when", null=True, blank=True)
    checks = models.JSONField("readings to be checked", default=dict, blank=True)
    # As the last assessment found them; what they were before is in `alerts.PresetChange`.
    conditions = ArrayField(models.CharField(max_length=16), null=True, blank=True)
    assessed_at = models.DateTimeField("assessed", null=True, blank=True)
    failures = models.PositiveSmallIntegerField("failed assessments in a row", default=0)
    problem = models.CharField("kind of the failure", max_length=80, blank=True)

    objects = TriageEntryQuerySet.as_manager()

    class Meta:
        ordering = ("rank", "-is_unacknowledged", "order_at", "pk")
        verbose_name, verbose_name_plural = "triage entry", "triage entries"
        constraints = (
            models.CheckConstraint(
                condition=Q(failures=0, problem="") | Q(failures__gt=0) & ~Q(problem=""),
                name="triage_entry_failure_has_problem",
            ),
        )
        indexes = (
            models.Index(fields=("-due_at", "-patient"), name="triage_entry_due"),
            models.Index(fields=("rank", "-is_unacknowledged", "order_at"), name="triage_entry_in_order"),
            models.Index(fields=("patient",), condition=Q(failures__gt=0), name="triage_entry_failing"),
        )

    def __str__(self) -> str:
        return f"triage entry {self.pk}"

    @property
    def is_due(self) -> bool:
        return self.due_at is not None and self.due_at <= timezone.now()
