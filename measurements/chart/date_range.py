"""What of a patient is on the screen: which days, over time or by time of day, with or without what is left out.

Days and view are remembered for the person. Free dates stand in the person's preferences alone: an address that goes
through logs holds a key to them, no date.
"""

from __future__ import annotations

import datetime as dt
import zlib
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import Http404, HttpRequest

from measurements.chart import panels
from measurements.local_days import LocalDays
from measurements.models.measurement import EARLIEST
from patients import preferences
from patients.models import Patient, User

LABELS = {7: "7 days", 14: "14 days", 30: "30 days", 90: "90 days", 365: "1 year", 0: "All"}
SPAN, DATES, VIEW = "chart_days", "chart_dates", "chart_view"
DATES_KEPT = 20  # so that several tabs, each with dates of its own, stay as they are
OVER_TIME, BY_CLOCK = "time", "clock"
MOST_TABLE_PAGES = 10_000


@dataclass(frozen=True)
class Span:
    """So many of the patient's days until today (0: all of them), or from one date to another, both included."""

    length: int = panels.DEFAULT_RANGE
    dates: tuple[dt.date, dt.date] | None = None

    @property
    def key(self) -> str:
        """As it stands in an address."""
        return f"d{zlib.crc32(' '.join(self.texts).encode()):08x}" if self.dates else str(self.length)

    @property
    def texts(self) -> list[str]:
        return [day.isoformat() for day in self.dates or ()]

    @property
    def label(self) -> str:
        if self.dates is None:
            return LABELS[self.length]
        first, last = self.dates
        begin = f"{first:%b} {first.day}" if first.year == last.year else f"{first:%b} {first.day}, {first.year}"
        return f"{begin} to {last:%b} {last.day}, {last.year}"

    @property
    def words(self) -> str:
        """Within a sentence."""
        return self.label if self.dates else self.label.lower()

    def days(self, patient: Patient, *, now: dt.datetime) -> LocalDays:
        if self.dates:
            return LocalDays(patient.zone, *self.dates)
        return panels.days_of(patient, length=self.length, now=now)


@dataclass(frozen=True)
class Look:
    span: Span
    by_clock: bool = False
    left_out: bool = False
    table_page: int = 1

    @property
    def view(self) -> str:
        return BY_CLOCK if self.by_clock else OVER_TIME


def of(request: HttpRequest, user: User) -> Look:
    """Asked for, else remembered, else 30 days over time. What is unknown is as good as not asked for."""
    asked = request.GET
    view = asked.get("view", "")
    if view not in (OVER_TIME, BY_CLOCK):
        view = user.preferences.get(VIEW, OVER_TIME)
    return Look(_span(asked.get("days", ""), user), view == BY_CLOCK, asked.get("excluded") == "1", _page(request))


def again(request: HttpRequest, user: User) -> Look:
    """What an open page shows. Days that nobody remembers are not found: others must not come under its title."""
    look, asked = of(request, user), request.GET.get("days", "")
    if asked not in ("", look.span.key):
        raise Http404("These days are no longer remembered.")
    return look


def remember(look: Look, *, by: User) -> None:
    preferences.remember(by=by, name=SPAN, value=look.span.key)
    preferences.remember(by=by, name=VIEW, value=look.view)


def remember_dates(first: dt.date, last: dt.date, *, by: User) -> Span:
    span = Span(dates=(first, last))
    others = [texts for texts in _kept(by) if texts != span.texts]
    preferences.remember(by=by, name=DATES, value=[span.texts, *others][:DATES_KEPT])
    return span


def _span(asked: str, user: User) -> Span:
    known = {str(length): Span(length) for length in LABELS}
    known |= {span.key: span for span in (_from_texts(texts) for texts in _kept(user))}
    remembered = str(user.preferences.get(SPAN, ""))
    return known.get(asked) or known.get(remembered) or Span()


def _kept(user: User) -> list[list[str]]:
    return user.preferences.get(DATES) or []


def _from_texts(texts: list[str]) -> Span:
    first, last = (dt.date.fromisoformat(text) for text in texts)
    return Span(dates=(first, last))


def _page(request: HttpRequest) -> int:
    asked = request.GET.get("table", "")
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1
    return min(max(number, 1), MOST_TABLE_PAGES)


class DatesForm(forms.Form):
    """Calendar days of the patient, both included."""

    first = forms.DateField(label="From", error_messages={"required": "Write the first day, such as 10/22/2026."})
    last = forms.DateField(label="To", error_messages={"required": "Write the last day, such as 11/21/2026."})

    def __init__(self, data: Any = None, *, days: LocalDays, today: dt.date) -> None:
        super().__init__(data, initial={"first": days.first.isoformat(), "last": days.last.isoformat()})
        self.today = today
        for name in ("first", "last"):
            self.fields[name].widget = forms.DateInput(attrs={"type": "date", "max": today.isoformat()})
            self.fields[name].error_messages["invalid"] = "This is no date. Write it as 10/22/2026."

    def clean_first(self) -> dt.date:
        first: dt.date = self.cleaned_data["first"]
        if first < EARLIEST.date():
            raise forms.ValidationError(f"No reading here is from before {EARLIEST.year}.")
        return first

    def clean_last(self) -> dt.date:
        last: dt.date = self.cleaned_data["last"]
        if last > self.today:
            raise forms.ValidationError(f"This day is still to come: today is {self.today:%b} {self.today.day} there.")
        return last

    def clean(self) -> dict[str, Any] | None:
        first, last = self.cleaned_data.get("first"), self.cleaned_data.get("last")
        if first and last and first > last:
            self.add_error("last", "The last day comes before the first one.")
        return self.cleaned_data
