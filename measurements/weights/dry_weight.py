"""Dry weight of a patient: setting and removing it with history and audit, and its form in the user's unit."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from measurements.models import DryWeight, Metric
from measurements.models.measurement import EARLIEST_TAKEN_AT
from measurements.number_fields import PlainNumberField
from measurements.units import DisplayUnits
from patients.audit import audit_log
from patients.models import Patient, User
from patients.models.audit import AuditAction


def dry_weight_history(patient: Patient) -> QuerySet[DryWeight]:
    """Newest first: the first row is in force."""
    return DryWeight.objects.filter(patient=patient).select_related("by").order_by("-pk")


@transaction.atomic
def set_dry_weight(
    *, patient: Patient, weight: Decimal | None, determined_on: dt.date, last_seen_id: int, by: User
) -> DryWeight | None:
    """Set the dry weight (lb), or remove it with None. Returns the new row; None if nothing differs.

    ValidationError: another user has changed it since `last_seen_id`, 0 for none, was shown.
    """
    Patient.objects.touch_live_version([patient.pk])  # locks the patient
    current = dry_weight_history(patient).first()
    if current and current.pk != last_seen_id:
        raise ValidationError(f"{current.by} has changed the dry weight meanwhile, see below. Nothing is saved.")
    if weight == (current.weight if current else None) and (not current or current.determined_on == determined_on):
        return None
    row = DryWeight.objects.create(patient=patient, weight=weight, determined_on=determined_on, by=by)
    audit_log.record_event(
        AuditAction.THRESHOLDS,
        by=by,
        patients=[patient.pk],
        clinic=patient.clinic,
        target=f"patient:{patient.pk}",
        goals=["dry weight"],
    )
    return row


class DryWeightForm(forms.Form):
    """Dry weight in `units`, which the form contains: the user may have chosen others meanwhile."""

    prefix = "dry"  # shown beside the form of the goals

    weight = PlainNumberField(required=False, max_digits=6, decimal_places=2, help_text="Leave empty to remove it.")
    determined_on = forms.DateField(label="Determined on", required=True)
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    units = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    def __init__(
        self, data: Any = None, *, metric: Metric, units: DisplayUnits, today: dt.date, current: DryWeight | None
    ) -> None:
        self.metric, self.today, self.current = metric, today, current
        read_in = units if data is None else DisplayUnits.from_code(data.get(f"{self.prefix}-units"))
        self.unit = read_in.unit_for(metric)
        self.shown = current.weight and self.unit.to_display_bound(current.weight) if current else None
        initial = {"weight": self.shown and f"{self.shown.normalize():f}", "determined_on": today.isoformat()}
        super().__init__(data, initial=initial | {"seen": current.pk if current else 0, "units": units.code})
        self.fields["weight"].label = f"Dry weight, {self.unit.name}"
        self.fields["weight"].widget = forms.TextInput(attrs={"inputmode": "decimal"})
        self.fields["weight"].error_messages["invalid"] = "Write a number, such as 168.5."
        self.fields["determined_on"].widget = forms.DateInput(attrs={"type": "date", "max": today.isoformat()})
        self.fields["determined_on"].error_messages["invalid"] = "This is no date. Write it as 10/22/2026."

    def clean_weight(self) -> Decimal | None:
        """In lb. What was not changed stays exactly as stored."""
        typed: Decimal | None = self.cleaned_data["weight"]
        if typed is None:
            return None
        if self.current and typed == self.shown:
            return self.current.weight
        pounds, lowest, highest = self.unit.to_vendor_value(typed), self.metric.lowest_1, self.metric.highest_1
        if (lowest is not None and pounds < lowest) or (highest is not None and pounds > highest):
            bounds = " and ".join(self.unit.format_bound(bound) for bound in (lowest, highest) if bound is not None)
            raise ValidationError(f"Between {bounds} {self.unit.name}, as a scale measures.")
        return pounds

    def clean_determined_on(self) -> dt.date:
        day: dt.date = self.cleaned_data["determined_on"]
        if not EARLIEST_TAKEN_AT.date() <= day <= self.today:
            raise ValidationError(f"A day from {EARLIEST_TAKEN_AT.year} to today.")
        return day
