"""Response clock of an episode: due after so much time of the clinic's working hours, ended by a person's step."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from measurements.alerts.engine.episodes import Episode
from measurements.alerts.engine.facts import EventKind
from measurements.alerts.engine.rules import Severity
from measurements.alerts.engine.shipped_rules import PREGNANCY_SEVERE
from measurements.local_days import ONE_DAY
from patients.clinics.working_hours import MAX_DAYS_AHEAD, WorkingHours

ENDING_STEPS = frozenset({EventKind.ACKNOWLEDGE, EventKind.SNOOZE, EventKind.RESOLVE})


@dataclass(frozen=True)
class ResponseTime:
    """Time of working hours, or so many business days of the clinic's hours of one day each."""

    working_time: dt.timedelta = dt.timedelta(0)
    business_days: int = 0
    whatever_the_hours: bool = False


SHIPPED_RESPONSE_TIMES: Mapping[str, ResponseTime] = {
    Severity.CRITICAL: ResponseTime(dt.timedelta(hours=1)),
    Severity.WARNING: ResponseTime(business_days=1),
    Severity.INFORMATION: ResponseTime(business_days=3),
    PREGNANCY_SEVERE: ResponseTime(dt.timedelta(minutes=30), whatever_the_hours=True),
}


def response_time_of(episode: Episode, times: Mapping[str, ResponseTime] = SHIPPED_RESPONSE_TIMES) -> ResponseTime:
    """That of the rule, else of the severity."""
    return times.get(episode.rule) or times[episode.severity]


def response_due_at(
    episode: Episode, hours: WorkingHours, times: Mapping[str, ResponseTime] = SHIPPED_RESPONSE_TIMES
) -> dt.datetime | None:
    """From its detection; None where the clinic isn't open for long enough within about a year."""
    return due_after(response_time_of(episode, times), episode.detected_at, hours)


def due_after(time: ResponseTime, start: dt.datetime, hours: WorkingHours) -> dt.datetime | None:
    """None where the clinic isn't open for long enough within about a year."""
    if time.whatever_the_hours:
        return start + time.working_time
    needed = time.working_time + time.business_days * business_day(hours, start)
    for opens, closes in open_periods(hours, start):
        if opens + needed <= closes:
            return opens + needed
        needed -= closes - opens
    return None


def responded_at(episode: Episode) -> dt.datetime | None:
    """When a person acknowledged, snoozed or resolved it first; closing by itself is no response."""
    return min((step.at for step in episode.steps if step.kind in ENDING_STEPS), default=None)


def business_day(hours: WorkingHours, start: dt.datetime) -> dt.timedelta:
    """The clinic's hours of the first working day from `start` on."""
    today = start.astimezone(hours.zone).date()
    day = today if hours.is_working_day(today) else hours.next_working_day(today)
    periods = hours.periods.get(day.weekday(), ()) if day else ()
    return sum((dt.timedelta(minutes=closes - opens) for opens, closes in periods), dt.timedelta(0))


def open_periods(hours: WorkingHours, start: dt.datetime) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """What is left of each period from `start` on."""
    today = start.astimezone(hours.zone).date()
    for day in (today + ONE_DAY * n for n in range(MAX_DAYS_AHEAD)):
        if not hours.is_working_day(day):
            continue
        for opens, closes in hours.periods[day.weekday()]:
            first, last = (next(hours.instants_of(day, minute)) for minute in (opens, closes))
            if last > start:
                yield max(first, start), last
