"""Calendar days of the patient, worked out by hand."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurements.local_days import LocalDays

ZONES = (
    "America/New_York",
    "Asia/Kolkata",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "America/Havana",
    "Pacific/Apia",
)


def parse_utc(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("zone", "day", "start", "end"),
    [
        ("America/New_York", "2026-03-08", "2026-03-08T05:00", "2026-03-09T04:00"),  # 23 hours
        ("America/New_York", "2026-11-01", "2026-11-01T04:00", "2026-11-02T05:00"),  # 25 hours
        ("Asia/Kolkata", "2026-06-01", "2026-05-31T18:30", "2026-06-01T18:30"),  # half an hour off
        ("Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30", "2026-10-04T13:00"),  # 23.5 hours
        ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00", "2026-04-24T21:00"),  # no midnight: 0:00 is 1:00
        ("America/Havana", "2026-11-01", "2026-11-01T04:00", "2026-11-02T05:00"),  # two midnights: from the first
        ("America/Phoenix", "2026-03-08", "2026-03-08T07:00", "2026-03-09T07:00"),  # no summer time
        ("America/St_Johns", "2026-03-08", "2026-03-08T03:30", "2026-03-09T02:30"),  # 23 hours, half an hour off
        ("America/St_Johns", "2026-11-01", "2026-11-01T02:30", "2026-11-02T03:30"),  # 25 hours, half an hour off
        ("Asia/Kolkata", "2026-12-31", "2026-12-30T18:30", "2026-12-31T18:30"),  # over the end of a year
    ],
)
def test_local_days_span_local_midnight_to_local_midnight(zone, day, start, end):
    days = LocalDays(ZoneInfo(zone), dt.date.fromisoformat(day), dt.date.fromisoformat(day))

    assert (days.start, days.end) == (parse_utc(start), parse_utc(end))


def test_local_days_until_returns_thirty_days_including_today():
    just_after_midnight = parse_utc("2026-11-21T05:10")  # Nov 21, 0:10 in New York

    days = LocalDays.until(just_after_midnight, ZoneInfo("America/New_York"), days=30)

    assert (days.first, days.last, len(days)) == (dt.date(2026, 10, 23), dt.date(2026, 11, 21), 30)
    assert (days.start, days.end) == (parse_utc("2026-10-23T04:00"), parse_utc("2026-11-22T05:00"))


@pytest.mark.parametrize(
    ("taken", "day"),
    [
        ("2026-11-01T03:59:59", 0),  # Oct 31, 23:59:59
        ("2026-11-01T04:00:00", 1),
        ("2026-11-01T05:30:00", 1),  # 1:30, the first time
        ("2026-11-01T06:30:00", 1),  # 1:30, the second time
        ("2026-11-02T04:59:59", 1),
        ("2026-11-02T05:00:00", 2),
    ],
)
def test_local_days_assign_reading_to_day_in_patient_time_zone(taken, day):
    days = LocalDays(ZoneInfo("America/New_York"), dt.date(2026, 10, 31), dt.date(2026, 11, 2))

    assert days.day_index(parse_utc(taken)) == day


@given(
    time=st.datetimes(dt.datetime(2016, 1, 1), dt.datetime(2030, 1, 1), timezones=st.just(dt.UTC)),  # noqa: DTZ001  bounds are naive
    zone=st.sampled_from(ZONES),
    length=st.integers(1, 60),
    back=st.integers(0, 90 * 24),
)
def test_local_days_agree_with_local_date_of_reading(time, zone, length, back):
    days = LocalDays.until(time, ZoneInfo(zone), days=length)
    taken = time - dt.timedelta(hours=back)

    assert days.first + dt.timedelta(days=days.day_index(taken)) == taken.astimezone(ZoneInfo(zone)).date()
    assert (days.start <= taken < days.end) is (0 <= days.day_index(taken) < length)


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-11-22T04:54:58", "2026-11-22T05:00:00"),  # Nov 21, 11:54:58 pm in New York
        ("2026-11-22T04:58:00", "2026-11-22T05:03:01"),  # a reading of 12:03 am may have been sent already
        ("2026-11-22T05:00:00", "2026-11-23T05:00:00"),
    ],
)
def test_local_days_with_today_reach_as_far_as_a_stamp_may_be_ahead(now, end):
    zone = ZoneInfo("America/New_York")
    days = LocalDays.until(parse_utc(now), zone, days=7)

    assert days.end == parse_utc(end)
    assert LocalDays.since(days.start, parse_utc(now), zone).end == days.end
    assert days.day_index(days.end - dt.timedelta(seconds=1)) == 6
    assert LocalDays(zone, days.first, dt.date(2026, 11, 20), now=parse_utc(now)).end == parse_utc("2026-11-21T05:00")
