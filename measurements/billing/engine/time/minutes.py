"""Counted time of a patient by month of the clinic's calendar and programme."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from measurements.billing.engine.code_rules import BILLED_PROGRAMMES, Programme
from measurements.billing.engine.date_ranges import DateRange, last_day_of, month_of, next_month
from measurements.billing.engine.facts import PATIENT, Session
from measurements.billing.engine.known import Known
from measurements.billing.engine.monitoring import DOCUMENTATION_DAYS, is_enrolled, is_monitored
from measurements.billing.engine.time.credit import Credit, credits_of
from measurements.billing.engine.time.intervals import NO_TIME, Interval, duration, split_by_day
from measurements.billing.engine.time.people import may_be_credited
from measurements.local_days import local_midnight

ONE_MINUTE = dt.timedelta(minutes=1)
ACTIVITY_99091 = "99091"


@dataclass(frozen=True)
class CountedTime:
    """A credited part of a session that counts, on one local day of the clinic."""

    session: Session
    day: dt.date
    part: Interval

    @property
    def length(self) -> dt.timedelta:
        return self.part[1] - self.part[0]


def months_with_sessions(known: Known) -> set[dt.date]:
    """First days of the months in which the patient has a session, running ones too."""
    found: set[dt.date] = set()
    for session in known.sessions:
        if session.patient == PATIENT:
            found.add(month_of(known.clinic_day(session.start)))
    for credit in credits_of(known):
        if credit.session.patient == PATIENT:
            for interval in (*credit.credited, *credit.lost):
                found |= {month_of(day) for day, _ in split_by_day(interval, known.clinic_zone)}
    return found


def month_interval(known: Known, month: dt.date) -> Interval:
    return local_midnight(month, known.clinic_zone), local_midnight(next_month(month), known.clinic_zone)


def clip(interval: Interval, to: Interval) -> list[Interval]:
    start, end = max(interval[0], to[0]), min(interval[1], to[1])
    return [(start, end)] if start < end else []


def parts_in_month(
    known: Known, month: dt.date, chosen: Callable[[Credit], tuple[Interval, ...]]
) -> list[tuple[Session, Interval]]:
    """Of this patient's sessions."""
    bounds = month_interval(known, month)
    return [
        (credit.session, part)
        for credit in credits_of(known)
        if credit.session.patient == PATIENT
        for interval in chosen(credit)
        for part in clip(interval, bounds)
    ]


def counted_time(known: Known, month: dt.date, programme: Programme) -> list[CountedTime]:
    """In time order."""
    return known.remember(("time", month, programme), lambda: find_counted_time(known, month, programme))


def find_counted_time(known: Known, month: dt.date, programme: Programme) -> list[CountedTime]:
    found = [
        CountedTime(session, day, part)
        for session, interval in parts_in_month(known, month, lambda credit: credit.credited)
        if session.programme is programme and session.activity != ACTIVITY_99091
        for day, part in split_by_day(interval, known.clinic_zone)
        if counts_on(known, session, day)
    ]
    return sorted(found, key=lambda time: (time.part, str(time.session.id)))


def counts_on(known: Known, session: Session, day: dt.date) -> bool:
    """Time of RPM and RTM in the monitoring period and 3 days after it, consented to; other time always."""
    programme = session.programme
    if programme not in BILLED_PROGRAMMES:
        return True
    month = month_of(day)
    is_creditable = may_be_credited(known, session.person, day, programme, last_day_of(month))
    if not is_creditable or not known.is_consented(day):
        return False
    if not is_enrolled(known, programme, month, last_day_of(month)):
        return is_stated_as_monitored(known, day)
    return is_monitored(known, programme, day, days_after=DOCUMENTATION_DAYS)


def is_stated_as_monitored(known: Known, day: dt.date) -> bool:
    """Without the programme in that month; its lines lack it."""
    periods = known.facts.monitoring_periods
    if periods is None:
        periods = known.facts.programmes if known.has_programmes else (DateRange(),)
    return any(period.contains(day, days_after=DOCUMENTATION_DAYS) for period in periods)


def whole_minutes(time: list[CountedTime]) -> int:
    return sum((part.length for part in time), NO_TIME) // ONE_MINUTE


def minutes_by_programme(known: Known, month: dt.date) -> Mapping[Programme, int]:
    """Of the programmes that have a session in it."""
    bounds = month_interval(known, month)
    of_month = {
        session.programme
        for session in known.sessions
        if session.patient == PATIENT and session.start < bounds[1]
        if session.start >= bounds[0] or (session.end or session.start) > bounds[0]
    }
    return {
        programme: whole_minutes(counted_time(known, month, programme))
        for programme in Programme
        if programme in of_month
    }


def seconds_lost(known: Known, month: dt.date) -> int:
    parts = [part for _, part in parts_in_month(known, month, lambda credit: credit.lost)]
    return duration(parts) // dt.timedelta(seconds=1)


def day_reached(time: list[CountedTime], minutes: int) -> dt.date | None:
    """The day on which so many minutes were reached."""
    total = NO_TIME
    for part in time:
        total += part.length
        if total >= minutes * ONE_MINUTE:
            return part.day
    return None
