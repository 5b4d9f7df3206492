"""Date range and view of a patient's page: chosen in the query string, else the fixed range that the user last chose.

Free dates belong to one patient: they are stored in the session with the patient, and no other page opens with them.
URLs, which are logged, contain a key instead of the dates.
"""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpRequest

from measurements.chart import panels
from measurements.local_days import LocalDays
from measurements.models.measurement import EARLIEST_TAKEN_AT
from measurements.readings.reading_filter import ALL_READINGS, ReadingFilter
from patients import preferences
from patients.models import Patient, User
from patients.permissions import current_user

RANGE_LABELS = {7: "7 days", 14: "14 days", 30: "30 days", 90: "90 days", 365: "1 year", 0: "All"}
RECENT_LENGTHS = {length: label for length, label in RANGE_LABELS.items() if length}
RANGE_PREFERENCE, VIEW_PREFERENCE = "chart_days", "chart_view"
DATES_SESSION_KEY = "chart_dates"  # rows of patient id, first and last day, newest first
MAX_REMEMBERED_DATE_RANGES = 20  # so that several tabs, each with dates of its own, stay as they are
OVER_TIME, BY_TIME_OF_DAY = "time", "clock"
MAX_TABLE_PAGES = 10_000


@dataclass(frozen=True)
class DateRange:
    """The patient's last `length_days` days with today (0: all), or from one date to another, both included."""

    length_days: int = panels.DEFAULT_RANGE_DAYS
    dates: tuple[dt.date, dt.date] | None = None

    @property
    def key(self) -> str:
        """The value of `days` in a query string."""
        return f"d{zlib.crc32(' '.join(self.iso_dates).encode()):08x}" if self.dates else str(self.length_days)

    @property
    def iso_dates(self) -> list[str]:
        return [day.isoformat() for day in self.dates or ()]

    @property
    def label(self) -> str:
        if self.dates is None:
            return RANGE_LABELS[self.length_days]
        first, last = self.dates
        end = f"{last:%b} {last.day}, {last.year}"
        if first == last:
            return end
        begin = f"{first:%b} {first.day}" if first.year == last.year else f"{first:%b} {first.day}, {first.year}"
        return f"{begin} to {end}"

    @property
    def label_in_sentence(self) -> str:
        """The label within a sentence."""
        return self.label if self.dates else self.label.lower()

    def local_days(self, patient: Patient, *, now: dt.datetime) -> LocalDays:
        if self.dates:
            return LocalDays(patient.zone, *self.dates, now=now)
        return panels.local_days_for(patient, length=self.length_days, now=now)


@dataclass(frozen=True)
class ChartView:
    date_range: DateRange
    by_time_of_day: bool = False
    left_out: bool = False
    reading_filter: ReadingFilter = ALL_READINGS
    table_page: int = 1

    @property
    def chosen_length(self) -> int | None:
        """The length of the range that is selected among RANGE_LABELS; None for free dates."""
        return None if self.date_range.dates else self.date_range.length_days

    @property
    def chips_label(self) -> str:
        """On the chip for free dates."""
        return self.date_range.label if self.date_range.dates else "Dates"

    @property
    def view(self) -> str:
        return BY_TIME_OF_DAY if self.by_time_of_day else OVER_TIME

    @property
    def parameters(self) -> dict[str, str]:
        """The query string's parameters that show the same again; every link of the page is built from them."""
        chosen = {"days": self.date_range.key, "view": self.view, "excluded": "1" if self.left_out else ""}
        chosen |= self.reading_filter.parameters | {"table": str(self.table_page) if self.table_page > 1 else ""}
        return {name: value for name, value in chosen.items() if value}

    def query(self, **changes: object) -> str:
        """Query string with these parameters changed; an empty one is left out."""
        changed = self.parameters | {name: str(value) for name, value in changes.items()}
        return urlencode({name: value for name, value in changed.items() if value})


def resolve_chart_view(request: HttpRequest, patient: Patient) -> ChartView:
    """From the query string, else remembered, else 30 days over time. Unknown values are ignored."""
    query, remembered = request.GET, current_user(request).preferences
    view = query.get("view", "")
    if view not in (OVER_TIME, BY_TIME_OF_DAY):
        view = remembered.get(VIEW_PREFERENCE, OVER_TIME)
    known = {str(length): DateRange(length) for length in RANGE_LABELS}
    known_or_free = known | {free.key: free for free in remembered_date_ranges(request, patient)}
    usual = known.get(str(remembered.get(RANGE_PREFERENCE, ""))) or DateRange()
    return ChartView(
        known_or_free.get(query.get("days", ""), usual),
        view == BY_TIME_OF_DAY,
        query.get("excluded") == "1",
        ReadingFilter.from_query(query),
        parse_table_page(request),
    )


def resolve_shown_chart_view(request: HttpRequest, patient: Patient) -> ChartView:
    """The view of an open page. Http404: its free dates are no longer remembered, so other days must not be sent."""
    view, key = resolve_chart_view(request, patient), request.GET.get("days", "")
    if key not in ("", view.date_range.key):
        raise Http404("These days are no longer remembered.")
    return view


def remember_chart_view(chart_view: ChartView, *, by: User) -> None:
    """The fixed range and the view, for every patient's page."""
    if chart_view.date_range.dates is None:
        preferences.save_preference(by=by, name=RANGE_PREFERENCE, value=chart_view.date_range.key)
    preferences.save_preference(by=by, name=VIEW_PREFERENCE, value=chart_view.view)


def remember_date_range(request: HttpRequest, patient: Patient, first: dt.date, last: dt.date) -> DateRange:
    """Free dates of one patient, until the user signs out."""
    chosen = DateRange(dates=(first, last))
    row = [str(patient.pk), *chosen.iso_dates]
    others = [other for other in request.session.get(DATES_SESSION_KEY, []) if other != row]
    request.session[DATES_SESSION_KEY] = [row, *others][:MAX_REMEMBERED_DATE_RANGES]
    return chosen


def remembered_date_ranges(request: HttpRequest, patient: Patient) -> list[DateRange]:
    """The free dates of this patient in this session."""
    rows = request.session.get(DATES_SESSION_KEY, [])
    return [
        DateRange(dates=(dt.date.fromisoformat(first), dt.date.fromisoformat(last)))
        for patient_id, first, last in rows
        if patient_id == str(patient.pk)
    ]


def parse_table_page(request: HttpRequest) -> int:
    text = request.GET.get("table", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1
    return min(max(number, 1), MAX_TABLE_PAGES)


def chosen_length(request: HttpRequest, name: str, lengths: Collection[int], usual: int) -> int:
    """A number of days from the query string; one that isn't among `lengths` is ignored."""
    named = {str(length): length for length in lengths}
    return named.get(request.GET.get(name, ""), usual)


class DateRangeForm(forms.Form):
    """Calendar days of the patient, both included."""

    first = forms.DateField(label="From", error_messages={"required": "Write the first day, such as 10/22/2026."})
    last = forms.DateField(label="To", error_messages={"required": "Write the last day, such as 11/21/2026."})

    def __init__(self, data: Any = None, *, days: LocalDays, today: dt.date, prefix: str | None = None) -> None:
        initial = {"first": days.first.isoformat(), "last": days.last.isoformat()}
        super().__init__(data, initial=initial, prefix=prefix)
        self.today = today
        for name in ("first", "last"):
            self.fields[name].widget = forms.DateInput(attrs={"type": "date", "max": today.isoformat()})
            self.fields[name].error_messages["invalid"] = "This is no date. Write it as 10/22/2026."

    def clean_first(self) -> dt.date:
        first: dt.date = self.cleaned_data["first"]
        if first < EARLIEST_TAKEN_AT.date():
            raise forms.ValidationError(f"No reading here is from before {EARLIEST_TAKEN_AT.year}.")
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
