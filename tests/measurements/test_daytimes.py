"""The modal day, worked out by hand: which hours a reading belongs to, and what stands in them."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurements.chart.points import Point
from measurements.chart.time_of_day import seconds_of_day, slots_of


def utc(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def clock(seconds):
    return f"{seconds // 3600}:{seconds % 3600 // 60:02}"


@pytest.mark.parametrize(
    ("zone", "taken", "shown"),
    [
        ("America/New_York", "2026-03-08T06:30", "1:30"),  # before clocks go forward
        ("America/New_York", "2026-03-08T07:30", "3:30"),  # after: 2:30 doesn't exist
        ("America/New_York", "2026-11-01T05:30", "1:30"),  # the first 1:30
        ("America/New_York", "2026-11-01T06:30", "1:30"),  # the second one
        ("America/New_York", "2026-11-02T04:59", "23:59"),
        ("America/New_York", "2026-11-02T05:00", "0:00"),
        ("Asia/Kolkata", "2026-06-01T18:29", "23:59"),
        ("Asia/Kolkata", "2026-06-01T18:30", "0:00"),
        ("America/St_Johns", "2026-07-01T02:30", "0:00"),  # 2.5 hours behind in summer
        ("America/St_Johns", "2026-12-01T03:30", "0:00"),  # 3.5 in winter
    ],
)
def test_a_reading_stands_where_the_clock_on_the_wall_stood(zone, taken, shown):
    assert clock(seconds_of_day(utc(taken), ZoneInfo(zone))) == shown


def at(hour, *values, day=10, **marks):
    return Point(utc(f"2026-06-{day:02}T{hour:02}:00"), tuple(float(value) for value in values), **marks)


def test_three_hours_have_a_median_and_from_four_readings_on_quartiles():
    points = [at(6, value, 80 + value % 7, day=day) for day, value in enumerate((120, 130, 140, 150, 160), start=1)]

    (slot,) = slots_of(points, ZoneInfo("UTC"))

    assert (slot.first_hour, slot.n, slot.label) == (6, 5, "6 AM to 9 AM")
    assert (slot.low[0], slot.mid[0], slot.high[0]) == (130.0, 140.0, 150.0)


def test_three_readings_make_no_middle_half():
    (slot,) = slots_of([at(6, value) for value in (100, 110, 150)], ZoneInfo("UTC"))

    assert (slot.n, slot.mid, slot.low, slot.high) == (3, (110.0,), None, None)


def test_slots_without_readings_are_not_there_and_readings_to_check_are_not_in_them():
    points = [at(2, 100), at(3, 110), at(12, 120), at(23, 130), at(23, 999, check=True)]

    slots = slots_of(points, ZoneInfo("UTC"))

    assert [(slot.label, slot.n) for slot in slots] == [
        ("midnight to 3 AM", 1),
        ("3 AM to 6 AM", 1),
        ("noon to 3 PM", 1),
        ("9 PM to midnight", 1),
    ]


@given(
    st.lists(
        st.tuples(st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2026, 12, 31)), st.integers(40, 300)),  # noqa: DTZ001  bounds are naive
        min_size=1,
        max_size=60,
    ),
    st.sampled_from(["America/New_York", "Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe"]),
)
def test_every_reading_is_in_one_slot_of_its_own_hour(rows, zone):
    here = ZoneInfo(zone)
    points = [Point(moment.replace(tzinfo=dt.UTC), (float(value),)) for moment, value in rows]

    slots = slots_of(points, here)

    assert sum(slot.n for slot in slots) == len(points)
    for slot in slots:
        inside = [p.values[0] for p in points if slot.first_hour <= p.at.astimezone(here).hour < slot.first_hour + 3]
        assert slot.n == len(inside)
        assert min(inside) <= slot.mid[0] <= max(inside)
        assert slot.low is None or min(inside) <= slot.low[0] <= slot.mid[0] <= slot.high[0] <= max(inside)
