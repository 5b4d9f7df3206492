"""Measured days: counted from enrolment or the first reading, to discharge or the last reading."""

import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measurements.local_days import ONE_DAY, LocalDays
from measurements.measured_days import MeasuredDays, count_measured_days, group_consecutive_days
from patients.models import Patient

ZONE = ZoneInfo("America/New_York")
TODAY = dt.date(2026, 11, 30)
SINCE_READING = "since the first reading of the range on"
NO_DAYS = "no days, because they are before enrolment or after discharge"


def noon_days_ago(days):
    return dt.datetime.combine(TODAY - ONE_DAY * days, dt.time(12), tzinfo=ZONE)


def count_days(length, measured_ago, *, enrolled_ago, discharged_ago=None):
    patient = Patient(
        enrolled_at=noon_days_ago(enrolled_ago),
        discharged_at=None if discharged_ago is None else noon_days_ago(discharged_ago),
    )
    measured = [TODAY - ONE_DAY * ago for ago in sorted(measured_ago, reverse=True)]
    return count_measured_days(patient, LocalDays(ZONE, TODAY - ONE_DAY * (length - 1), TODAY), measured)


@pytest.mark.parametrize(
    ("length", "measured_ago", "patient", "expected"),
    [
        (365, set(range(90)) - {4, 40}, {"enrolled_ago": 89}, "88 of 90 days since enrolment on Sep 2, 2026"),
        (365, set(range(90)) - {4, 40}, {"enrolled_ago": 1}, f"88 of 90 days {SINCE_READING} Sep 2, 2026"),
        (30, {0, 1, 2}, {"enrolled_ago": 29}, "3 of 30 days"),
        (30, {0, 1, 2}, {"enrolled_ago": 500}, "3 of 30 days"),
        (30, set(), {"enrolled_ago": 0}, "0 of 1 day since enrolment on Nov 30, 2026"),
        (30, {20, 25}, {"enrolled_ago": 500, "discharged_ago": 10}, "2 of 20 days"),
        (30, {5, 25}, {"enrolled_ago": 500, "discharged_ago": 10}, "2 of 25 days"),
        (30, set(), {"enrolled_ago": 500, "discharged_ago": 60}, NO_DAYS),
    ],
)  # fmt: skip
def test_measured_days_count_while_the_patient_could_have_measured(length, measured_ago, patient, expected):
    assert count_days(length, measured_ago, **patient).words == expected


def test_measured_days_of_a_range_before_enrolment_are_none():
    days = LocalDays(ZONE, TODAY - ONE_DAY * 60, TODAY - ONE_DAY * 31)

    assert count_measured_days(Patient(enrolled_at=noon_days_ago(5)), days, []) == MeasuredDays(0, 0)


@given(
    length=st.integers(1, 400),
    measured_ago=st.sets(st.integers(0, 399)),
    enrolled_ago=st.integers(0, 500),
    monitored=st.none() | st.integers(0, 500),
)
@settings(max_examples=60)
def test_measured_days_never_exceed_the_days_counted_nor_those_the_range(length, measured_ago, enrolled_ago, monitored):
    discharged_ago = None if monitored is None else max(enrolled_ago - monitored, 0)
    inside = {ago for ago in measured_ago if ago < length}

    found = count_days(length, inside, enrolled_ago=enrolled_ago, discharged_ago=discharged_ago)

    assert found.measured == len(inside)
    assert found.measured <= found.among <= length


@given(st.sets(st.integers(0, 60)))
@settings(max_examples=60)
def test_consecutive_days_are_joined_over_no_day_between(numbers):
    measured = sorted(TODAY + ONE_DAY * n for n in numbers)

    runs = group_consecutive_days(measured)

    assert [first + ONE_DAY * n for first, last in runs for n in range((last - first).days + 1)] == measured
    assert all((after[0] - before[1]).days > 1 for before, after in pairwise(runs))
