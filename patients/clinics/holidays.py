"""US federal holidays: their dates by year, as 5 U.S.C. 6103 names them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import lru_cache

from patients.models.choices import FederalHoliday

MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6
FIXED_DATES = {  # month and day
    FederalHoliday.NEW_YEAR: (1, 1),
    FederalHoliday.JUNETEENTH: (6, 19),
    FederalHoliday.INDEPENDENCE: (7, 4),
    FederalHoliday.VETERANS: (11, 11),
    FederalHoliday.CHRISTMAS: (12, 25),
}
NTH_WEEKDAYS = {  # month, weekday, which one of the month; -1 is the last
    FederalHoliday.KING: (1, MONDAY, 3),
    FederalHoliday.WASHINGTON: (2, MONDAY, 3),
    FederalHoliday.MEMORIAL: (5, MONDAY, -1),
    FederalHoliday.LABOR: (9, MONDAY, 1),
    FederalHoliday.COLUMBUS: (10, MONDAY, 2),
    FederalHoliday.THANKSGIVING: (11, THURSDAY, 4),
}


def holiday_date(holiday: FederalHoliday, year: int) -> dt.date:
    if holiday in FIXED_DATES:
        return dt.date(year, *FIXED_DATES[holiday])
    month, weekday, nth = NTH_WEEKDAYS[holiday]
    days = (dt.date(year, month, 1) + dt.timedelta(days=n) for n in range(31))
    return [day for day in days if day.month == month and day.weekday() == weekday][nth - 1 if nth > 0 else nth]


@lru_cache(maxsize=512)
def closed_dates(holiday: FederalHoliday, year: int) -> tuple[dt.date, ...]:
    """The holiday itself and, where it is on a weekend, the Friday before or the Monday after that counts for it."""
    day = holiday_date(holiday, year)
    shift = {SATURDAY: -1, SUNDAY: 1}.get(day.weekday())
    return (day,) if shift is None else (day, day + dt.timedelta(days=shift))


def is_holiday(day: dt.date, holidays: Iterable[FederalHoliday]) -> bool:
    """New Year's Day on a Saturday closes the last day of the year before."""
    years = (day.year, day.year + 1) if (day.month, day.day) == (12, 31) else (day.year,)
    return any(day in closed_dates(holiday, year) for holiday in holidays for year in years)


def next_date(holiday: FederalHoliday, *, after: dt.date) -> dt.date:
    """The next one from that day on."""
    this_year = holiday_date(holiday, after.year)
    return this_year if this_year >= after else holiday_date(holiday, after.year + 1)
