"""History of a patient's time zone, and the version of all facts that lines are computed from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone

from patients.models import Patient, User
from patients.validators import validate_time_zone


class ZoneChange(models.Model):
    """A time zone of a patient from an instant on; empty: from the beginning.

    A trigger of `Patient` adds the row of a zone that no user has recorded. A correction says that the zones before it
    were wrong all along. `recorded_by` is empty for what the trigger or a data migration has added.
    """

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="zone_changes")
    time_zone = models.CharField("time zone", max_length=64, validators=[validate_time_zone])
    starts_at = models.DateTimeField("since", null=True, blank=True)
    is_correction = models.BooleanField("was wrong all along", default=False)
    recorded_at = models.DateTimeField("recorded", default=timezone.now, editable=False)
    recorded_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )

    class Meta:
        ordering = ("patient", "pk")
        verbose_name = "change of a time zone"
        verbose_name_plural = "changes of time zones"
        constraints = (
            models.CheckConstraint(
                condition=Q(is_correction=False) | Q(starts_at__isnull=True),
                name="zonechange_correction_from_beginning",
            ),
        )
        triggers = (pgtrigger.Protect(name="append_only", operation=pgtrigger.Update),)

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"


def zones_in_force(rows: Iterable[ZoneChange]) -> list[tuple[str, dt.datetime | None]]:
    """(time zone, since) of one patient's rows, earliest first: as they are known now, the first from the beginning."""
    known: list[tuple[str, dt.datetime | None]] = []
    for row in sorted(rows, key=lambda row: row.pk):
        since = row.starts_at
        if since is None or not known:
            known = [(row.time_zone, None)]
        else:
            known = [(zone, start) for zone, start in known if start is None or start < since]
            known.append((row.time_zone, since))
    return known


class BillingFactsVersion(models.Model):
    """Increased by every change of a fact that a patient's lines are computed from: who computes compares `version`.

    A time would not do: a change that is saved later may have an earlier one.
    """

    patient = models.OneToOneField(
        Patient, on_delete=models.CASCADE, primary_key=True, related_name="billing_facts_version"
    )
    version = models.BigIntegerField(default=1)
    changed_at = models.DateTimeField("changed", default=timezone.now)

    class Meta:
        verbose_name = "version of billing facts"
        verbose_name_plural = "versions of billing facts"
        indexes = (models.Index(fields=("changed_at",), name="billingfactsversion_changed"),)

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"
