"""Base of facts that are recorded once: ended or withdrawn with name and time, never edited or deleted."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar, Self

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q, Value
from django.utils import timezone

from patients.models import Patient, User
from patients.models.ranges import DateRange, Int8Range, UuidHash

WITHDRAWAL_COLUMNS = ("withdrawn_at", "withdrawn_by", "withdrawn_reason")
END_COLUMNS = ("ended_on", "end_recorded_at", "end_recorded_by")
VALID = Q(withdrawn_at__isnull=True)


class RecordedFactQuerySet(models.QuerySet[Any]):
    def valid(self) -> Self:
        """Not withdrawn."""
        return self.filter(VALID)

    def visible_to(self, user: User) -> Self:
        """Of patients of the user's clinics."""
        return self.filter(patient__in=Patient.objects.visible_to(user))


def fact_triggers(*end_columns: str) -> tuple[pgtrigger.Trigger, ...]:
    """Only withdrawal and, once, the end are written later. `end_columns`: the day first."""
    fixed = [
        pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        pgtrigger.ReadOnly(name="fact_fixed", exclude=[*WITHDRAWAL_COLUMNS, *end_columns]),
        pgtrigger.Protect(
            name="withdrawn_fixed",
            operation=pgtrigger.Update,
            condition=pgtrigger.Condition("OLD.withdrawn_at IS NOT NULL"),
        ),
    ]
    if end_columns:
        day = end_columns[0]
        changed = f"OLD.{day} IS NOT NULL AND NEW.{day} IS DISTINCT FROM OLD.{day}"
        fixed.append(
            pgtrigger.Protect(name="end_fixed", operation=pgtrigger.Update, condition=pgtrigger.Condition(changed))
        )
    return tuple(fixed)


def no_overlap(name: str, *owners: Any, start: str = "started_on", end: str = "ended_on") -> ExclusionConstraint:
    """Valid rows of one owner share no day. `owners`: expressions of 64-bit numbers."""
    same = [(Int8Range(owner, owner, Value("[]")), RangeOperators.OVERLAPS) for owner in owners]
    days = (DateRange(start, end, Value("[]")), RangeOperators.OVERLAPS)
    return ExclusionConstraint(name=name, expressions=[*same, days], condition=VALID)


def of_patient() -> UuidHash:
    return UuidHash("patient")


class RecordedFact(models.Model):
    """Who recorded a fact when, and who withdrew it with which reason: a mistake is recorded anew.

    `recorded_by` is empty for what an operator imported at the command line. `START_FIELD` and `END_FIELD` name the
    first and the last day where a fact has them.
    """

    START_FIELD: ClassVar[str] = ""
    END_FIELD: ClassVar[str] = ""

    recorded_at = models.DateTimeField("recorded", default=timezone.now, editable=False)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", editable=False)
    withdrawn_at = models.DateTimeField("withdrawn", null=True, blank=True, editable=False)
    withdrawn_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    withdrawn_reason = models.CharField("why withdrawn", max_length=200, blank=True, editable=False)

    objects = RecordedFactQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints = (
            models.CheckConstraint(
                condition=Q(VALID, withdrawn_by__isnull=True, withdrawn_reason="")
                | Q(~VALID, withdrawn_by__isnull=False) & ~Q(withdrawn_reason=""),
                name="%(class)s_withdrawn_with_reason",
            ),
        )

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """With the field of the constraints' condition, which no form shows: Django fails without it."""
        super().validate_constraints(exclude=set(exclude or ()) - {"withdrawn_at"})


class PatientFact(RecordedFact):
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")

    class Meta(RecordedFact.Meta):
        abstract = True


def ends_after_start(start: str, end: str = "ended_on") -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(**{f"{end}__isnull": True}) | Q(**{f"{end}__gte": F(start)}), name="%(class)s_ends_after_start"
    )


class DatedFact(RecordedFact):
    """In force from one day to another, both included; without end it still is.

    `end_recorded_at` and `end_recorded_by` are empty where the end was recorded with the fact.
    """

    START_FIELD, END_FIELD = "started_on", "ended_on"

    started_on = models.DateField("first day")
    ended_on = models.DateField("last day", null=True, blank=True)
    end_recorded_at = models.DateTimeField("end recorded", null=True, blank=True, editable=False)
    end_recorded_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )

    class Meta:
        abstract = True
        constraints = (*RecordedFact.Meta.constraints, ends_after_start("started_on"))


class DatedPatientFact(DatedFact, PatientFact):
    class Meta(DatedFact.Meta):
        abstract = True
