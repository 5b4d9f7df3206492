"""Time of a clinic's month as an audit measures it: worked out by hand."""

import datetime as dt
from zoneinfo import ZoneInfo

from measurements.billing_audit.time_measures import LongDay, TimedSession, measure_time

NEW_YORK = ZoneInfo("America/New_York")
NOVEMBER = dt.date(2026, 11, 1)


def at(day, hour, minute=0, month=11):
    return dt.datetime(2026, month, day, hour, minute, tzinfo=NEW_YORK).astimezone(dt.UTC)


def session(number, start, end, person="Nadia", patient="Rosa", *, typed=False):
    return TimedSession(number, person, patient, start, end, is_typed=typed)


def minutes(count):
    return dt.timedelta(minutes=count)


def test_typed_time_gives_way_to_timer_and_lost_time_is_of_its_person():
    found = measure_time(
        [
            session(1, at(3, 9), at(3, 10), patient="Ben", typed=True),
            session(2, at(3, 9, 30), at(3, 9, 50)),
            session(3, at(3, 9, 30), at(3, 9, 50), "Omar", typed=True),
        ],
        NOVEMBER,
        NEW_YORK,
    )

    assert (found.credited, found.typed) == (minutes(80), minutes(60))
    assert found.typed_by_patient == {"Ben": minutes(40), "Rosa": minutes(20)}
    assert found.lost == {"Nadia": minutes(20)}


def test_day_of_over_ten_hours_is_named_and_ten_hours_are_not():
    ten, longer = session(1, at(4, 8), at(4, 18)), session(2, at(5, 8), at(5, 18, 1), "Omar")

    assert measure_time([ten, longer], NOVEMBER, NEW_YORK).long_days == (
        LongDay("Omar", dt.date(2026, 11, 5), minutes(601)),
    )


def test_session_over_midnight_belongs_to_both_days_and_only_the_months_part_counts():
    over_the_end = session(1, at(30, 23, 50), at(1, 0, 10, month=12))
    over_the_start = session(2, at(31, 23, 50, month=10), at(1, 0, 5))

    found = measure_time([over_the_end, over_the_start], NOVEMBER, NEW_YORK)

    assert found.credited == minutes(15)


def test_hour_that_comes_twice_counts_twice():
    night = session(1, at(1, 0, 30), at(1, 3, 0))

    assert measure_time([night], NOVEMBER, NEW_YORK).credited == minutes(210)
