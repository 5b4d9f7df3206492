"""Working hours: is a clinic open at an instant, when does it open next, which is its next working day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from patients.clinics import holidays
from patients.models import Clinic
from patients.models.choices import FederalHoliday

MINUTE = dt.timedelta(minutes=1)
MAX_DAYS_AHEAD = 400
# Assumed while a clinic has stated none: minutes of the day of Monday to Friday, 8 AM to 5 PM.
ASSUMED_PERIODS = dict.fromkeys(range(5), ((8 * 60, 17 * 60),))


@dataclass(frozen=True)
class WorkingHours:
    """A clinic's week and closed days, by the wall clock of its zone, so that no change of clocks shifts them.

    `periods`: opening and closing of each in minutes of the day, in order, by weekday from 0 for Monday.
    """

    zone: ZoneInfo
    periods: Mapping[int, tuple[tuple[int, int], ...]]
    federal_holidays: frozenset[FederalHoliday] = frozenset()
    closed_days: frozenset[dt.date] = frozenset()

    def is_working_day(self, day: dt.date) -> bool:
        closed = day in self.closed_days or holidays.is_holiday(day, self.federal_holidays)
        return bool(self.periods.get(day.weekday())) and not closed

    def is_open(self, at: dt.datetime) -> bool:
        """At an aware time. A period includes its first instant, not its last."""
        local = at.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        periods = self.periods.get(local.weekday(), ())
        return any(opens <= minute < closes for opens, closes in periods) and self.is_working_day(local.date())

    def next_opening(self, after: dt.datetime) -> dt.datetime | None:
        """The first instant from an aware time on at which the clinic is open; None if it is closed for over a year."""
        if self.is_open(after):
            return after
        first = after.astimezone(self.zone).date()
        for day in (first + dt.timedelta(days=n) for n in range(MAX_DAYS_AHEAD)):
            if self.is_working_day(day):
                starts = (start for opens, _ in self.periods[day.weekday()] for start in self.instants_of(day, opens))
                if found := next((start for start in starts if start > after and self.is_open(start)), None):
                    return found
        return None

    def next_working_day(self, after: dt.date) -> dt.date | None:
        """The first working day after a local day; None if there is none for over a year."""
        days = (after + dt.timedelta(days=n) for n in range(1, MAX_DAYS_AHEAD))
        return next((day for day in days if self.is_working_day(day)), None)

    def instants_of(self, day: dt.date, minute: int) -> Iterator[dt.datetime]:
        """The instant (UTC) at which a clock shows that minute. Where clocks change over it, each minute from the
        first to the last that it can mean, because the hour may not exist or come twice.
        """
        wall = dt.datetime.combine(day, dt.time(), self.zone) + minute * MINUTE
        first, last = sorted(wall.replace(fold=fold).astimezone(dt.UTC) for fold in (0, 1))
        return (first + n * MINUTE for n in range((last - first) // MINUTE + 1))


def working_hours_of(clinic: Clinic) -> WorkingHours:
    """Read once and used for many instants; two queries, none with `hours` and `closed_days` prefetched."""
    periods: dict[int, tuple[tuple[int, int], ...]] = {}
    for hours in clinic.hours.all():
        periods[hours.weekday] = (*periods.get(hours.weekday, ()), hours.minutes)
    return WorkingHours(
        zone=clinic.zone,
        periods=periods or ASSUMED_PERIODS,
        federal_holidays=frozenset(map(FederalHoliday, clinic.federal_holidays)),
        closed_days=frozenset(closed.day for closed in clinic.closed_days.all()),
    )
