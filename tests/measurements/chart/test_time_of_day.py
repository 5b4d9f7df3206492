"""Time-of-day bins: the hours that a reading belongs to, and the medians and quartiles."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurements.chart.points import ChartPoint
from measurements.chart.time_of_day import group_by_time_of_day, seconds_of_day
from tests.factories import DeviceFactory
from tests.measurements.page_setup import add_reading
from tests.page_texts import page_text


def parse_utc(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def format_time_of_day(seconds):
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
def test_seconds_of_day_follow_patient_local_time(zone, taken, shown):
    assert format_time_of_day(seconds_of_day(parse_utc(taken), ZoneInfo(zone))) == shown


def point_at_hour(hour, *values, day=10, **marks):
    return ChartPoint(parse_utc(f"2026-06-{day:02}T{hour:02}:00"), tuple(float(value) for value in values), **marks)


def test_time_of_day_slot_has_median_and_quartiles_from_four_readings_on():
    points = [
        point_at_hour(6, value, 80 + value % 7, day=day) for day, value in enumerate((120, 130, 140, 150, 160), start=1)
    ]

    (slot,) = group_by_time_of_day(points, ZoneInfo("UTC"))

    assert (slot.first_hour, slot.n, slot.label) == (6, 5, "6 AM to 9 AM")
    assert (slot.low[0], slot.median[0], slot.high[0]) == (130.0, 140.0, 150.0)


def test_time_of_day_slot_of_three_readings_has_no_quartiles():
    (slot,) = group_by_time_of_day([point_at_hour(6, value) for value in (100, 110, 150)], ZoneInfo("UTC"))

    assert (slot.n, slot.median, slot.low, slot.high) == (3, (110.0,), None, None)


def test_time_of_day_slots_omit_empty_hours_and_readings_to_check():
    points = [
        point_at_hour(2, 100),
        point_at_hour(3, 110),
        point_at_hour(12, 120),
        point_at_hour(23, 130),
        point_at_hour(23, 999, needs_check=True),
    ]

    slots = group_by_time_of_day(points, ZoneInfo("UTC"))

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
def test_time_of_day_slots_contain_each_reading_once_in_its_local_hour(rows, zone):
    here = ZoneInfo(zone)
    points = [ChartPoint(at.replace(tzinfo=dt.UTC), (float(value),)) for at, value in rows]

    slots = group_by_time_of_day(points, here)

    assert sum(slot.n for slot in slots) == len(points)
    for slot in slots:
        inside = [p.values[0] for p in points if slot.first_hour <= p.at.astimezone(here).hour < slot.first_hour + 3]
        assert slot.n == len(inside)
        assert min(inside) <= slot.median[0] <= max(inside)
        assert slot.low is None or min(inside) <= slot.low[0] <= slot.median[0] <= slot.high[0] <= max(inside)


@pytest.mark.django_db
@pytest.mark.usefixtures("clock_at_noon")
@pytest.mark.parametrize(
    ("systolic", "words"),
    [((120, 120, 120, 120), "120/80"), ((110, 120, 130, 140), "118/80 to 133/80")],
)
def test_time_of_day_table_names_a_middle_half_of_equal_ends_once(as_nadia, rosa, systolic, words):
    cuff = DeviceFactory(patient=rosa)
    for day, value in enumerate(systolic):
        add_reading(cuff, "blood_pressure", value, 80, hours_ago=24 * day, latest=day == 0)

    page = page_text(as_nadia.get(f"/patients/{rosa.pk}/?view=clock"))

    assert re.search(r"noon to 3 PM 4 \S+ (\S+(?: to \S+)?) ", page)[1] == words
