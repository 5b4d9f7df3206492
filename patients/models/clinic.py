from __future__ import annotations

from zoneinfo import ZoneInfo

from django.db import models

from patients.validators import validate_plain_text, validate_time_zone

from .folded_name import FoldedNameModel


class DayWeight(models.TextChoices):
    """Which of several weights of a local day is the day's weight."""

    FIRST = "first", "the first of the day"
    MEDIAN = "median", "the median of the day"


class Clinic(FoldedNameModel):
    """Clinic that cares for patients. Orders and audit show times in its zone."""

    name = models.CharField(max_length=120, validators=[validate_plain_text])
    time_zone = models.CharField(max_length=64, default="America/New_York", validators=[validate_time_zone])
    day_weight = models.CharField(
        "a day's weight",
        max_length=8,
        choices=DayWeight,
        default=DayWeight.FIRST,
        help_text="Where a patient was weighed several times on a day. Usual weight and gains are computed from it.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(
                fields=("folded_name",),
                name="clinic_name_once",
                violation_error_code="name",
                violation_error_message="Another clinic has this name.",
            ),
            models.CheckConstraint(condition=models.Q(day_weight__in=DayWeight.values), name="clinic_day_weight_known"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)
