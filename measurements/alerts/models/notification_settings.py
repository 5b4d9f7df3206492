from __future__ import annotations

from collections.abc import Mapping

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from measurements.alerts.engine.outcome.response_clock import ResponseTime
from measurements.alerts.messages.stages import AfterHours, response_times
from patients.models import Clinic

MAX_MINUTES, MAX_DAYS = 24 * 60, 30
MINUTES = (MinValueValidator(5), MaxValueValidator(MAX_MINUTES))
DAYS = (MinValueValidator(1), MaxValueValidator(MAX_DAYS))


class AfterHoursChoice(models.TextChoices):
    ON_CALL = AfterHours.ON_CALL.value, "The person on call"
    NO_ONE = AfterHours.NO_ONE.value, "Nobody"


class NotificationSettings(models.Model):
    """How a clinic has people notified of alerts; a clinic without a row has the defaults."""

    clinic = models.OneToOneField(Clinic, on_delete=models.PROTECT, related_name="notification_settings")
    critical_minutes = models.PositiveSmallIntegerField(
        "critical: minutes to answer",
        default=60,
        validators=MINUTES,
        help_text="Of the working hours. Not acknowledged by then, everybody of the queue is notified.",
    )
    severe_minutes = models.PositiveSmallIntegerField(
        "severe pressure in pregnancy or after delivery: minutes to answer", default=30, validators=MINUTES
    )
    severe_any_hour = models.BooleanField(
        "severe pressure in pregnancy or after delivery: whatever the hours",
        default=True,
        help_text="The responsible clinician is notified at night too, and the minutes run.",
    )
    warning_days = models.PositiveSmallIntegerField(
        "warning: business days to answer", default=1, validators=DAYS, help_text="Of the clinic's working hours."
    )
    information_days = models.PositiveSmallIntegerField(
        "information: business days to answer", default=3, validators=DAYS
    )
    after_hours = models.CharField(
        "critical alerts outside working hours are mailed to",
        max_length=8,
        choices=AfterHoursChoice,
        default=AfterHoursChoice.ON_CALL,
    )

    class Meta:
        ordering = ("clinic",)
        verbose_name = verbose_name_plural = "notification of alerts"
        constraints = (
            models.CheckConstraint(
                condition=Q(critical_minutes__range=(5, MAX_MINUTES), severe_minutes__range=(5, MAX_MINUTES)),
                name="notification_settings_minutes",
            ),
            models.CheckConstraint(
                condition=Q(warning_days__range=(1, MAX_DAYS), information_days__range=(1, MAX_DAYS)),
                name="notification_settings_days",
            ),
            models.CheckConstraint(
                condition=Q(after_hours__in=AfterHoursChoice.values), name="notification_settings_after_hours_known"
            ),
        )

    def __str__(self) -> str:
        return f"notification of alerts at {self.clinic}"

    @property
    def times(self) -> Mapping[str, ResponseTime]:
        return response_times(
            critical_minutes=self.critical_minutes,
            warning_days=self.warning_days,
            information_days=self.information_days,
            severe_minutes=self.severe_minutes,
            any_hour=self.severe_any_hour,
        )
