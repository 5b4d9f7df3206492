"""Working hours, closed days and history of a clinic."""

from __future__ import annotations

import datetime as dt

import pgtrigger
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.formats import date_format, time_format

from patients.validators import validate_plain_text

from .clinic import Clinic

MIDNIGHT = dt.time(0)


def validate_whole_minutes(time: dt.time) -> None:
    if time.second or time.microsecond:
        raise ValidationError("Write hours and minutes only, such as 8:30 AM.")


class Weekday(models.IntegerChoices):
    """Numbered as by `datetime.date.weekday`."""

    MONDAY = 0, "Monday"
    TUESDAY = 1, "Tuesday"
    WEDNESDAY = 2, "Wednesday"
    THURSDAY = 3, "Thursday"
    FRIDAY = 4, "Friday"
    SATURDAY = 5, "Saturday"
    SUNDAY = 6, "Sunday"


class ClinicHours(models.Model):
    """One period of a weekday in which a clinic works; a day with a break has two. Times are the clinic's wall clock.

    A period that closes at midnight ends with the day.
    """

    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="hours")
    weekday = models.PositiveSmallIntegerField(choices=Weekday)
    opens_at = models.TimeField("opens", validators=[validate_whole_minutes])
    closes_at = models.TimeField("closes", validators=[validate_whole_minutes])

    class Meta:
        ordering = ("weekday", "opens_at")
        verbose_name = verbose_name_plural = "working hours"
        constraints = (
            models.UniqueConstraint(
                fields=("clinic", "weekday", "opens_at"),
                name="clinic_hours_once",
                violation_error_message="This weekday has hours that begin at the same time.",
            ),
            models.CheckConstraint(
                condition=Q(closes_at__gt=models.F("opens_at")) | Q(closes_at=MIDNIGHT), name="clinic_hours_forward"
            ),
            models.CheckConstraint(condition=Q(weekday__in=Weekday.values), name="clinic_hours_weekday_known"),
        )

    def __str__(self) -> str:
        opens, closes = time_format(self.opens_at), time_format(self.closes_at)
        return f"{Weekday(self.weekday).label} {opens} to {'midnight' if self.closes_at == MIDNIGHT else closes}"

    def clean(self) -> None:
        if self.opens_at and self.closes_at and self.closes_at <= self.opens_at and self.closes_at != MIDNIGHT:
            past_midnight = "Hours past midnight are two lines: until 12 AM, and from 12 AM on the next day."
            raise ValidationError({"closes_at": f"Closing comes before opening. {past_midnight}"})

    @property
    def minutes(self) -> tuple[int, int]:
        """Opening and closing in minutes of the day; midnight as closing is 1440."""
        opens, closes = (time.hour * 60 + time.minute for time in (self.opens_at, self.closes_at))
        return opens, closes or 24 * 60


class ClinicClosedDay(models.Model):
    """A day on which a clinic is closed, beside the federal holidays that it observes."""

    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="closed_days")
    day = models.DateField()
    name = models.CharField("why", max_length=80, validators=[validate_plain_text])

    class Meta:
        ordering = ("day",)
        verbose_name, verbose_name_plural = "closed day", "other closed days"
        constraints = (
            models.UniqueConstraint(
                fields=("clinic", "day"),
                name="clinic_closed_day_once",
                violation_error_code="day",
                violation_error_message="This day is in the list already.",
            ),
        )

    def __str__(self) -> str:
        return f"{date_format(self.day)} ({self.name})"


class ClinicChange(models.Model):
    """Append-only history: who changed what of a clinic, from what to what, both as text."""

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="changes")
    field = models.CharField("changed", max_length=60)
    before = models.TextField(blank=True)
    after = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-pk",)
        verbose_name, verbose_name_plural = "change of a clinic", "changes of clinics"
        triggers = (pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"change of a clinic {self.pk}"
