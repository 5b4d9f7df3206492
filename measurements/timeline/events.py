"""Events of a patient's timeline: what each source returns, and the days that it is asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from django.db import models
from django.db.models import Q

from measurements.local_days import LocalDays
from measurements.units import DisplayUnits
from patients.folding import fold_text
from patients.models import Patient


class TimelineKind(models.TextChoices):
    READINGS = "readings", "Readings"
    ALERTS = "alerts", "Alerts"
    NOTES = "notes", "Notes and contacts"
    GOALS = "goals", "Goals and rules"
    ORDERS = "orders", "Orders"
    DEVICES = "devices", "Devices"
    CARE = "care", "Care"
    REVIEWS = "reviews", "Reviews"


class EventDetail(NamedTuple):
    """A line below the title; with a `tone`, it is a status."""

    text: str
    tone: str = ""


@dataclass(frozen=True)
class TimelineEvent:
    """`at`: its place in the timeline. `day`: of a summary of a whole local day, which is shown without a time.

    `known_at`: when we learned of it, where that may be later. `is_new`: since the user's last review. `anchor`: its
    id on the page, for links to it.
    """

    at: dt.datetime
    kind: TimelineKind
    title: str
    details: tuple[EventDetail, ...] = ()
    text: str = ""
    by: str = ""
    url: str = ""
    tone: str = ""
    anchor: str = ""
    day: dt.date | None = None
    known_at: dt.datetime | None = None
    is_new: bool = False

    @property
    def newest_at(self) -> dt.datetime:
        return self.known_at or self.at

    def contains_words(self, words: Iterable[str]) -> bool:
        """Whether each of the folded words is somewhere in it."""
        shown = fold_text(
            " ".join([self.title, self.text, self.by, self.kind.label, *(each.text for each in self.details)])
        )
        return all(word in shown for word in words)


@dataclass(frozen=True)
class TimelineScope:
    """One patient, some of the patient's local days, and the units that the user reads."""

    patient: Patient
    days: LocalDays
    units: DisplayUnits

    def within(self, column: str) -> Q:
        """Of rows whose time is in these days."""
        return Q(**{f"{column}__gte": self.days.start, f"{column}__lt": self.days.end})

    def includes(self, at: dt.datetime | None) -> bool:
        return at is not None and self.days.start <= at < self.days.end


EventSource = Callable[[TimelineScope], Iterable[TimelineEvent]]
