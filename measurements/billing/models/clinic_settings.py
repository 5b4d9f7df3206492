from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from measurements.billing.engine import facts
from measurements.billing.engine.code_rules import MINUTE_CODES, Programme
from patients.models import Clinic
from patients.validators import validate_plain_text

DEFAULTS = facts.Settings()
SAME_NAMED = (
    *("setup_min_days", "setup_on_education", "messages_are_live", "two_people_count_both", "max_units_additional"),
    *("requires_practice_employee_from", "windows_anew_from", "late_orders_refused"),
    *("self_reported_counts", "rtm_established_from", "late_readings_days"),
)


class BillingSettings(models.Model):
    """Append-only: what a clinic decided where rules are disputed. Its newest row is in force, else the defaults."""

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    setup_min_days = models.PositiveSmallIntegerField(
        "least days of a set-up", default=2, validators=[MinValueValidator(2), MaxValueValidator(30)]
    )
    setup_on_education = models.BooleanField("a set-up is dated by its education", default=False)
    messages_are_live = models.BooleanField("messages are live interactions", default=False)
    two_people_count_both = models.BooleanField("two people at once both count", default=False)
    max_units_additional = models.PositiveSmallIntegerField(
        "most units of 99458 and 98981 in a month", null=True, blank=True
    )
    requires_practice_employee_from = models.DateField(
        "time of the practice's own employees only from", null=True, blank=True
    )
    windows_anew_from = models.DateField("windows begin anew with a reading from", null=True, blank=True)
    late_orders_refused = models.BooleanField("an order after the first day is refused", default=False)
    self_reported_counts = models.BooleanField("typed readings count for RTM", default=False)
    rtm_established_from = models.DateField("RTM asks for an earlier visit from", default=DEFAULTS.rtm_established_from)
    late_readings_days = models.PositiveSmallIntegerField(
        "days after a window in which late readings are expected", default=5, validators=[MaxValueValidator(30)]
    )
    rpm_credentials = ArrayField(
        models.CharField(max_length=20),
        default=list,
        blank=True,
        verbose_name="credentials whose minutes count for RPM",
        help_text="Empty: the shipped list.",
    )
    rtm_credentials = ArrayField(
        models.CharField(max_length=20),
        default=list,
        blank=True,
        verbose_name="credentials whose minutes count for RTM",
        help_text="Empty: the shipped list.",
    )
    source = models.CharField("why", max_length=300, validators=[validate_plain_text])
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-pk",)
        verbose_name, verbose_name_plural = "billing settings", "billing settings"
        constraints = (models.CheckConstraint(condition=~Q(source=""), name="billing_settings_have_source"),)
        triggers = (pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"billing settings {self.pk}"

    def to_settings(self, confirmed_years: frozenset[int], idle_seconds: int) -> facts.Settings:
        credentials = {Programme.RPM: self.rpm_credentials, Programme.RTM: self.rtm_credentials}
        return facts.Settings(
            confirmed_years=confirmed_years,
            idle_seconds=idle_seconds,
            credentials={MINUTE_CODES[name]: frozenset(own) for name, own in credentials.items() if own},
            **{name: getattr(self, name) for name in SAME_NAMED},
        )
