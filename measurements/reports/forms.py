"""Choice of a report: range, paper, notes. From a form, and back from the addresses that it leads to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db import models
from django.http import HttpRequest

from measurements.chart import date_range
from measurements.chart.date_range import RANGE_LABELS, DateRange
from patients.models import Patient
from patients.permissions import current_user

FREE_DATES = "dates"
RANGE_CHOICES = [*((str(days), label) for days, label in RANGE_LABELS.items()), (FREE_DATES, "From and to, as below")]
PAPER_PREFERENCE = "paper"


class Paper(models.TextChoices):
    """The values are those of Typst."""

    LETTER = "us-letter", "Letter"
    A4 = "a4", "A4"


@dataclass(frozen=True)
class ReportChoice:
    date_range: DateRange
    paper: Paper = Paper.LETTER
    with_notes: bool = False

    @property
    def query(self) -> str:
        return urlencode({"days": self.date_range.key, "paper": self.paper, "notes": "1" if self.with_notes else "0"})


def resolve_report_choice(request: HttpRequest, patient: Patient) -> ReportChoice:
    """From the query string; the range else as remembered for charts, the paper as the user last chose.

    Http404: its free dates are no longer remembered, so other days must not be shown.
    """
    shown = date_range.resolve_shown_chart_view(request, patient).date_range
    papers = [request.GET.get("paper"), current_user(request).preferences.get(PAPER_PREFERENCE), Paper.LETTER]
    paper = next(Paper(value) for value in papers if value in Paper.values)
    return ReportChoice(shown, paper, request.GET.get("notes") == "1")


class ReportForm(forms.Form):
    """Free dates are a `DateRangeForm` beside it."""

    days = forms.ChoiceField(
        label="Range", choices=RANGE_CHOICES, error_messages={"invalid_choice": "Choose one of these ranges."}
    )
    paper = forms.ChoiceField(choices=Paper, error_messages={"invalid_choice": "Choose Letter or A4."})
    notes = forms.BooleanField(label="With the notes of these days", required=False)

    def __init__(self, data: Any = None, *, shown: ReportChoice) -> None:
        days = FREE_DATES if shown.date_range.dates else shown.date_range.key
        super().__init__(data, initial={"days": days, "paper": shown.paper, "notes": shown.with_notes})

    def choice(self, free: DateRange | None) -> ReportChoice:
        """Of a valid form; `free` where free dates are chosen."""
        sent = self.cleaned_data
        chosen = free or DateRange(int(sent["days"]))
        return ReportChoice(chosen, Paper(sent["paper"]), sent["notes"])
