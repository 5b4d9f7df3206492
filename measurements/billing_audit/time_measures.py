"""Time of a clinic's people in a month as an audit measures it: typed share, days too long, seconds lost."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from measurements.billing.engine.date_ranges import month_of
from measurements.billing.engine.time.intervals import LONG_DAY, NO_TIME, Interval, duration, split_by_day, subtract


@dataclass(frozen=True)
class TimedSession:
    """Instants in UTC. `id` orders sessions that began together: the earlier entered one gets a doubled second."""

    id: int
    person: Hashable
    patient: Hashable
    start: dt.datetime
    end: dt.datetime
    is_typed: bool = False


@dataclass(frozen=True)
class LongDay:
    """Credited time of a person on one day of the clinic's zone, above `LONG_DAY`."""

    person: Hashable
    day: dt.date
    credited: dt.timedelta


@dataclass(frozen=True)
class TimeMeasures:
    """`lost`: by person, time that was recorded for two sessions of theirs at once and counts for one."""

    credited: dt.timedelta
    typed: dt.timedelta
    typed_by_patient: Mapping[Any, dt.timedelta]
    long_days: tuple[LongDay, ...]
    lost: Mapping[Any, dt.timedelta]


def measure_time(sessions: Iterable[TimedSession], month: dt.date, zone: ZoneInfo) -> TimeMeasures:
    """Of ended sessions, each second of a person counted once: timer before typed, earlier start, lower id."""
    taken: dict[Hashable, list[Interval]] = defaultdict(list)
    by_day: dict[tuple[Hashable, dt.date], dt.timedelta] = defaultdict(lambda: NO_TIME)
    by_patient: dict[Hashable, dt.timedelta] = defaultdict(lambda: NO_TIME)
    lost: dict[Hashable, dt.timedelta] = defaultdict(lambda: NO_TIME)
    typed = NO_TIME
    for session in sorted(sessions, key=lambda one: (one.is_typed, one.start, one.id)):
        own = subtract((session.start, session.end), taken[session.person])
        taken[session.person] += own
        doubled = (session.end - session.start) - duration(own)
        if doubled and month_of(session.start.astimezone(zone).date()) == month:
            lost[session.person] += doubled
        for day, part in (found for interval in own for found in split_by_day(interval, zone)):
            if month_of(day) != month:
                continue
            length = part[1] - part[0]
            by_day[session.person, day] += length
            if session.is_typed:
                typed += length
                by_patient[session.patient] += length
    long_days = [LongDay(person, day, time) for (person, day), time in by_day.items() if time > LONG_DAY]
    return TimeMeasures(
        credited=sum(by_day.values(), NO_TIME),
        typed=typed,
        typed_by_patient=dict(by_patient),
        long_days=tuple(sorted(long_days, key=lambda found: (found.day, str(found.person)))),
        lost=dict(sorted(lost.items(), key=lambda item: (-item[1], str(item[0])))),
    )
