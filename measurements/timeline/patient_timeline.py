"""Timeline of one patient: the events of chosen kinds in a range of local days, newest first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from django.db.models import Min

from measurements.alerts.models import PatientReview
from measurements.local_days import ONE_DAY, LocalDays
from measurements.models import Measurement
from measurements.timeline.events import TimelineEvent, TimelineKind, TimelineScope
from measurements.timeline.since_review import find_last_review
from measurements.timeline.sources import sources_for
from measurements.units import DisplayUnits
from patients.care.models import NoteVersion
from patients.folding import fold_text
from patients.models import Patient, User

RANGE_LABELS = {90: "90 days", 365: "1 year", 0: "All"}
DEFAULT_LENGTH = 90
MAX_EVENTS = 600  # of one page; the others are found by a shorter range or fewer kinds


@dataclass(frozen=True)
class TimelineChoice:
    """What the user chose. `page` 1 ends today, page 2 a `length` of days earlier; `length` 0 is everything."""

    kinds: frozenset[str]
    words: str = ""
    length: int = DEFAULT_LENGTH
    page: int = 1

    def local_days(self, patient: Patient, *, now: dt.datetime, earliest: dt.datetime) -> LocalDays:
        if not self.length:
            return LocalDays.since(earliest, now, patient.zone)
        today = now.astimezone(patient.zone).date()
        last = today - ONE_DAY * self.length * (self.page - 1)
        return LocalDays(patient.zone, last - ONE_DAY * (self.length - 1), last, now=now)


@dataclass(frozen=True)
class Timeline:
    """`found`: the number of events; of many, the newest are in `days`. `review`: what is later is marked as new."""

    choice: TimelineChoice
    local_days: LocalDays
    events: Sequence[TimelineEvent]
    found: int
    has_older: bool
    review: PatientReview | None = None

    @property
    def days(self) -> Iterator[tuple[dt.date, list[TimelineEvent]]]:
        by_day = groupby(self.events, key=self.day_of)
        return ((day, list(events)) for day, events in by_day)

    @property
    def older_page(self) -> int:
        return self.choice.page + 1

    @property
    def newer_page(self) -> int:
        return self.choice.page - 1

    def day_of(self, event: TimelineEvent) -> dt.date:
        return event.day or event.at.astimezone(self.local_days.zone).date()


def first_event_at(patient: Patient) -> dt.datetime:
    """No page is offered before it. Readings and contacts may be older than the enrolment."""
    first_reading = Measurement.objects.filter(patient=patient).first_taken_at()
    first_note = NoteVersion.objects.filter(note__patient=patient).aggregate(first=Min("happened_at"))["first"]
    return min(filter(None, (patient.enrolled_at, first_reading, first_note)))


def build_patient_timeline(
    patient: Patient, choice: TimelineChoice, *, user: User, units: DisplayUnits, now: dt.datetime
) -> Timeline:
    """In the same number of queries for any range."""
    earliest = first_event_at(patient)
    days = choice.local_days(patient, now=now, earliest=earliest)
    scope = TimelineScope(patient, days, units)
    words = fold_text(choice.words).split()
    review = find_last_review(patient, user)
    seen = review.through if review else None
    found = [
        replace(event, is_new=seen is not None and event.newest_at > seen and event.by != user.name)
        for source in sources_for(user)
        if source.kind in choice.kinds
        for event in source.fetch_events(scope)
        if event.contains_words(words)
    ]
    timeline = Timeline(choice, days, [], len(found), bool(choice.length) and earliest < days.start)
    # The day's readings are above what else happened on that day.
    found.sort(key=lambda event: (timeline.day_of(event), event.day is not None, event.at), reverse=True)
    return replace(timeline, events=found[:MAX_EVENTS], review=review)


def kinds_for(user: User) -> list[TimelineKind]:
    """Those that the user may see, in their order on the page."""
    visible = {source.kind for source in sources_for(user)}
    return [kind for kind in TimelineKind if kind in visible]
