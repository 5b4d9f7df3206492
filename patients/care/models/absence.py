from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import BigIntegerRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils import timezone

from patients.models import Clinic, User
from patients.models.ranges import DateRange


class Int8Range(Func):
    """A range of one id: compared by `&&`, it needs no other operator class than the days do."""

    function = "int8range"
    output_field = BigIntegerRangeField()


def clinic_day(now: dt.datetime, zone: str) -> Func:
    """The calendar day at `now` in the time zone of a column."""
    return Func(F(zone), Value(now), function="timezone", template="(%(function)s(%(expressions)s::timestamptz)::date)")


class AbsenceQuerySet(models.QuerySet["Absence"]):
    def planned(self) -> AbsenceQuerySet:
        return self.filter(withdrawn_at__isnull=True)

    def today(self) -> AbsenceQuerySet:
        """Those of the clinic's calendar day, both ends included."""
        day = clinic_day(timezone.now(), "clinic__time_zone")
        return self.planned().filter(first_day__lte=day, last_day__gte=day)

    def not_over(self) -> AbsenceQuerySet:
        return self.planned().filter(last_day__gte=clinic_day(timezone.now(), "clinic__time_zone"))

    def visible_to(self, user: User) -> AbsenceQuerySet:
        return self.filter(clinic__people=user)


class Absence(models.Model):
    """Days on which a member of a clinic's care teams is away, and the user who covers; without cover, none does."""

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="absences")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="absences", verbose_name="who is away")
    first_day = models.DateField()
    last_day = models.DateField(help_text="The last day away.")
    cover = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="covered_absences",
        verbose_name="covered by",
    )
    planned_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", editable=False)
    planned_at = models.DateTimeField(default=timezone.now, editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)
    withdrawn_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        ordering = ("first_day", "pk")
        constraints = (
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="absence_ends_after_start"),
            models.CheckConstraint(condition=~Q(cover=F("user")), name="absence_cover_is_another"),
            ExclusionConstraint(
                name="absence_once_a_day",
                expressions=[
                    (Int8Range("clinic_id", "clinic_id", Value("[]")), RangeOperators.OVERLAPS),
                    (Int8Range("user_id", "user_id", Value("[]")), RangeOperators.OVERLAPS),
                    (DateRange("first_day", "last_day", Value("[]")), RangeOperators.OVERLAPS),
                ],
                condition=Q(withdrawn_at__isnull=True),
            ),
        )
        indexes = (
            models.Index(
                fields=("clinic", "last_day"), condition=Q(withdrawn_at__isnull=True), name="absence_by_last_day"
            ),
        )

    def __str__(self) -> str:
        return f"absence {self.pk}"

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """With the field of the constraint's condition, which no form shows: Django fails without it."""
        super().validate_constraints(exclude=set(exclude or ()) - {"withdrawn_at"})
