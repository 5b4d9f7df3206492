"""Choice of a clinic's report: one of the user's clinics, and any days of at most a year."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from measurements.chart.date_range import DateRangeForm
from measurements.local_days import LocalDays
from patients.models import Clinic
from patients.wording import count_noun

MAX_DAYS = 366
USUAL_DAYS = 28  # whole weeks, so that they can be compared


class ClinicReportForm(DateRangeForm):
    """Days of the clinic's time zone. What the query string leaves out is the first clinic and the last four weeks."""

    def __init__(self, query: Mapping[str, str], *, clinics: Sequence[Clinic], now: dt.datetime) -> None:
        self.clinics = {str(clinic.pk): clinic for clinic in clinics}
        chosen = self.clinics.get(query.get("clinic", ""), clinics[0])
        days = LocalDays.until(now, chosen.zone, days=USUAL_DAYS)
        usual = {"clinic": str(chosen.pk), "first": days.first.isoformat(), "last": days.last.isoformat()}
        super().__init__(usual | dict(query.items()), days=days, today=days.last)
        choices: list[Any] = [(key, clinic.name) for key, clinic in self.clinics.items()]
        self.fields["clinic"] = forms.ChoiceField(
            choices=choices, error_messages={"invalid_choice": "Choose one of your clinics."}
        )
        self.order_fields(("clinic", "first", "last"))

    def clean(self) -> dict[str, Any] | None:
        super().clean()
        first, last = self.cleaned_data.get("first"), self.cleaned_data.get("last")
        if first and last and (length := (last - first).days + 1) > MAX_DAYS:
            self.add_error("last", f"Choose at most {MAX_DAYS} days: these are {count_noun(length, 'day')}.")
        return self.cleaned_data

    @property
    def chosen_clinic(self) -> Clinic:
        """Of a valid form."""
        return self.clinics[self.cleaned_data["clinic"]]

    @property
    def chosen_days(self) -> LocalDays:
        """Of a valid form."""
        return LocalDays(self.chosen_clinic.zone, self.cleaned_data["first"], self.cleaned_data["last"])
