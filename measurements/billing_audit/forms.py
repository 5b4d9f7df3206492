"""Choice of the audit page: one of the user's clinics and a month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from measurements.billing.engine.date_ranges import month_of, parse_month
from patients.models import Clinic

EARLIEST_MONTH = dt.date(2019, 1, 1)  # when the first of the codes began


class AuditForm(forms.Form):
    """What the query string leaves out is the first clinic and the running month in its zone."""

    month = forms.CharField(
        error_messages={"required": "Choose a month."},
        widget=forms.TextInput({"type": "month", "placeholder": "2026-11"}),
    )

    def __init__(self, query: Mapping[str, str], *, clinics: Sequence[Clinic], now: dt.datetime) -> None:
        self.clinics = {str(clinic.pk): clinic for clinic in clinics}
        chosen = self.clinics.get(query.get("clinic", ""), clinics[0])
        self.this_month = month_of(now.astimezone(chosen.zone).date())
        super().__init__({"clinic": str(chosen.pk), "month": f"{self.this_month:%Y-%m}"} | dict(query.items()))
        choices: list[Any] = [(key, clinic.name) for key, clinic in self.clinics.items()]
        self.fields["clinic"] = forms.ChoiceField(
            choices=choices, error_messages={"invalid_choice": "Choose one of your clinics."}
        )
        self.order_fields(("clinic", "month"))

    def clean_month(self) -> dt.date:
        """Its first day."""
        month = parse_month(self.cleaned_data["month"].strip())
        if month is None:
            raise forms.ValidationError("Write a month as year and month, such as 2026-11.")
        if month < EARLIEST_MONTH:
            raise forms.ValidationError("Remote monitoring is billed from 2019 on.")
        if month > self.this_month:
            raise forms.ValidationError("This month has not begun.")
        return month

    @property
    def chosen_clinic(self) -> Clinic:
        """Of a valid form."""
        return self.clinics[self.cleaned_data["clinic"]]
