import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from patients.clinics import holidays
from patients.clinics.working_hours import ASSUMED_PERIODS, WorkingHours, working_hours_of
from patients.models.choices import FederalHoliday
from tests.factories import ClinicClosedDayFactory, ClinicFactory, ClinicHoursFactory

NEW_YORK = ZoneInfo("America/New_York")
OFFICE = WorkingHours(NEW_YORK, ASSUMED_PERIODS)
ALL = frozenset(FederalHoliday)
# Days around which clocks change, or never do, each in a zone where a clinic may be.
CLOCK_CHANGES = [
    ("America/New_York", dt.date(2026, 3, 8)),
    ("America/New_York", dt.date(2026, 11, 1)),
    ("America/Los_Angeles", dt.date(2027, 3, 14)),
    ("America/Phoenix", dt.date(2026, 3, 8)),
    ("Pacific/Guam", dt.date(2026, 11, 1)),
    ("Australia/Lord_Howe", dt.date(2026, 4, 5)),  # by half an hour
]


def local(text, zone=NEW_YORK, fold=0):
    return dt.datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-11-30T07:59:59", False),
        ("2026-11-30T08:00", True),
        ("2026-11-30T16:59:59.999999", True),
        ("2026-11-30T17:00", False),
        ("2026-11-28T12:00", False),  # a Saturday
    ],
)
def test_is_open_includes_the_first_instant_and_not_the_last(at, is_open):
    assert OFFICE.is_open(local(at)) is is_open
    assert OFFICE.is_open(local(at).astimezone(dt.UTC)) is is_open


@pytest.mark.parametrize("day", ["2026-10-30", "2026-11-02"])
def test_is_open_is_by_the_wall_clock_before_and_after_a_change_of_clocks(day):
    assert not OFFICE.is_open(local(f"{day}T07:59"))
    assert OFFICE.is_open(local(f"{day}T08:00"))


def test_is_open_until_midnight_and_over_it_has_no_gap():
    whole = WorkingHours(NEW_YORK, dict.fromkeys(range(7), ((0, 1440),)))

    assert whole.is_open(local("2026-11-28T23:59:59.999999"))
    assert whole.is_open(local("2026-11-29T00:00"))


def test_next_opening_passes_weekend_holiday_and_closed_day():
    hours = WorkingHours(NEW_YORK, ASSUMED_PERIODS, ALL, frozenset({dt.date(2026, 11, 27)}))

    assert hours.next_opening(local("2026-11-25T17:00")) == local("2026-11-30T08:00")  # Thanksgiving is on the 26th
    assert hours.next_working_day(dt.date(2026, 11, 25)) == dt.date(2026, 11, 30)


def test_next_opening_is_now_where_the_clinic_is_open_and_after_a_break_where_it_has_one():
    hours = WorkingHours(NEW_YORK, {0: ((480, 720), (780, 1020))})

    assert hours.next_opening(local("2026-11-30T11:00")) == local("2026-11-30T11:00")
    assert hours.next_opening(local("2026-11-30T12:30")) == local("2026-11-30T13:00")


def test_next_opening_in_the_hour_that_is_skipped_begins_after_it():
    hours = WorkingHours(NEW_YORK, {6: ((150, 300),)})  # Sunday from 2:30 AM; there is no 2 AM on March 8

    assert hours.next_opening(local("2026-03-07T12:00")) == local("2026-03-08T03:00")


def test_next_opening_in_the_hour_that_comes_twice_is_there_twice():
    hours = WorkingHours(NEW_YORK, {6: ((60, 90),)})  # Sunday from 1:00 to 1:30 AM

    first, second = dt.datetime(2026, 11, 1, 5, tzinfo=dt.UTC), dt.datetime(2026, 11, 1, 6, tzinfo=dt.UTC)
    assert hours.next_opening(local("2026-11-01T00:00")) == first
    assert hours.next_opening(first + dt.timedelta(minutes=45)) == second


def test_next_opening_of_a_clinic_that_never_opens_is_none():
    never = WorkingHours(NEW_YORK, {})

    assert never.next_opening(local("2026-11-30T12:00")) is None
    assert never.next_working_day(dt.date(2026, 11, 30)) is None


minutes_of_day = st.integers(0, 1440)
periods_of_day = st.lists(minutes_of_day, min_size=2, max_size=4, unique=True).map(
    lambda found: tuple(zip(sorted(found)[::2], sorted(found)[1::2], strict=False))
)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(CLOCK_CHANGES),
    st.dictionaries(st.integers(0, 6), periods_of_day),
    st.integers(-2 * 1440, 2 * 1440),
    st.integers(0, 59),
)
def test_next_opening_is_the_first_open_minute_from_then_on(place, periods, minutes, seconds):
    zone, day = ZoneInfo(place[0]), place[1]
    hours = WorkingHours(zone, periods, ALL, frozenset({day + dt.timedelta(days=2)}))
    noon = dt.datetime.combine(day, dt.time(12), zone).astimezone(dt.UTC)
    after = noon + dt.timedelta(minutes=minutes, seconds=seconds)

    found = hours.next_opening(after)

    whole_minute = after.replace(second=0)
    ahead = (whole_minute + dt.timedelta(minutes=n) for n in range(1, 4 * 1440))
    expected = after if hours.is_open(after) else next((at for at in ahead if hours.is_open(at)), None)
    if expected is None:
        assert found is None or found > whole_minute + dt.timedelta(minutes=4 * 1440 - 1)
    else:
        assert found == expected


@given(st.dates(dt.date(2000, 1, 1), dt.date(2100, 1, 1)), st.sets(st.sampled_from(list(FederalHoliday))))
def test_next_working_day_is_the_first_working_day_after(day, chosen):
    hours = WorkingHours(NEW_YORK, ASSUMED_PERIODS, frozenset(chosen))

    found = hours.next_working_day(day)

    assert hours.is_working_day(found)
    between = [day + dt.timedelta(days=n) for n in range(1, (found - day).days)]
    assert not any(map(hours.is_working_day, between))


@pytest.mark.parametrize(
    ("year", "days"),
    [  # as published by the Office of Personnel Management
        (2026, "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25"),
        (2027, "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24"),
    ],
)
def test_federal_holidays_close_the_published_weekdays(year, days):
    first = dt.date(year, 1, 1)
    year_days = (first + dt.timedelta(days=n) for n in range(365))

    closed = [day for day in year_days if day.weekday() < 5 and holidays.is_holiday(day, ALL)]

    published = [f"{year}-{day}" for day in days.split()] + (["2027-12-31"] if year == 2027 else [])
    assert [day.isoformat() for day in closed] == published  # New Year 2028 is a Saturday


def test_next_date_of_holiday_may_be_today_or_in_the_next_year():
    christmas = FederalHoliday.CHRISTMAS

    assert holidays.next_date(christmas, after=dt.date(2026, 12, 25)) == dt.date(2026, 12, 25)
    assert holidays.next_date(christmas, after=dt.date(2026, 12, 26)) == dt.date(2027, 12, 25)


@pytest.mark.django_db
def test_working_hours_of_clinic_are_read_with_two_queries():
    clinic = ClinicFactory(federal_holidays=["juneteenth"], time_zone="America/Chicago")
    for weekday in (0, 2):
        ClinicHoursFactory(clinic=clinic, weekday=weekday)
        ClinicHoursFactory(clinic=clinic, weekday=weekday, opens_at=dt.time(18), closes_at=dt.time(0))
    closed = ClinicClosedDayFactory(clinic=clinic)

    with CaptureQueriesContext(connection) as queries:
        hours = working_hours_of(clinic)

    assert len(queries) == 2
    assert hours == WorkingHours(
        ZoneInfo("America/Chicago"),
        dict.fromkeys((0, 2), ((480, 1020), (1080, 1440))),
        frozenset({FederalHoliday.JUNETEENTH}),
        frozenset({closed.day}),
    )


@pytest.mark.django_db
def test_working_hours_of_clinic_that_states_none_are_assumed():
    assert working_hours_of(ClinicFactory()).periods == ASSUMED_PERIODS
