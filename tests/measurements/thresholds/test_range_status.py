"""Range status: counts on both sides of the goal, and a tone by the worst reading of the last days, never by a mean."""

import datetime as dt
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measurements.thresholds.evaluation import EffectiveThreshold, PatientThresholds, ThresholdStatus
from measurements.thresholds.range_status import compute_range_status
from measurements.units import VENDOR_UNITS, DisplayUnits, Unit

NEW_YORK = ZoneInfo("America/New_York")
NOON = dt.datetime(2026, 11, 21, 17, 0, tzinfo=dt.UTC)
MG_DL, MMHG = Unit("mg/dL", 0), Unit("mmHg", 0)


class Reading(NamedTuple):
    at: dt.datetime
    values: tuple[float, ...]
    threshold_status: ThresholdStatus
    opposite_status: ThresholdStatus = ThresholdStatus.NOT_EVALUATED


def threshold(low=None, high=None, very_low=None, very_high=None):
    return EffectiveThreshold(low, high, very_low, very_high, "default", "test", NOON.date())


DEFAULTS = PatientThresholds(
    {
        ("blood_pressure", 1, ""): threshold(high=130, very_high=180),
        ("blood_pressure", 2, ""): threshold(high=80, very_high=120),
        ("glucose", 1, ""): threshold(70, 180, 54, 250),
        ("glucose", 1, "fasting"): threshold(80, 130, 54, 250),
    }
)


def build_readings(metric, *rows):
    """`rows`: days ago, values, and the meal context of a glucose reading if there is one."""
    found = []
    for days, values, *context in rows:
        pair = values if isinstance(values, tuple) else (values,)
        status = DEFAULTS.evaluate(metric, pair, *context)
        found.append(Reading(NOON - dt.timedelta(days=days), pair, status))
    return found


def status_of(metric, *rows):
    return compute_range_status(metric, build_readings(metric, *rows), thresholds=DEFAULTS, zone=NEW_YORK)


def shown_counts(status, unit=MG_DL):
    return [(count.text, count.tone, count.leads) for count in status.format_counts(unit)]


def test_range_status_of_a_diabetic_with_lows_leads_with_them_in_the_strongest_tone():
    """An average of 128 says nothing: six of the last four days' readings are below 70, one of them below 54."""
    lows = [(day / 2, value) for day, value in enumerate((66, 52, 68, 69, 60, 65))]
    others = [(day, 160) for day in range(7)]
    early = [(9, 53), (10, 69)]

    status = status_of("glucose", *lows, *others, *early)

    assert shown_counts(status) == [("< 70: 8 (2 under 54)", "bad", True)]
    assert status.worst == ThresholdStatus.VERY_LOW


def test_range_status_of_131_over_79_is_not_in_the_strongest_tone():
    status = status_of("blood_pressure", *[(day, (131.0, 79.0)) for day in range(12)])

    assert shown_counts(status, MMHG) == [("12 of 12 above goal", "warn", False)]


def test_range_status_judges_low_glucose_by_the_general_goal_and_counts_the_meal_goal_too():
    status = status_of("glucose", (0, 75, "fasting"), (1, 66, "fasting"), (2, 140, "fasting"), (3, 120))

    assert shown_counts(status) == [
        ("< 70: 1", "warn", True),
        ("1 of 4 above goal", "warn", False),
        ("2 of 4 below goal", "warn", False),
    ]


def test_range_status_shows_low_glucose_in_the_unit_of_the_user():
    unit = DisplayUnits(frozenset({"mmol/L"})).preferred_unit(MG_DL)

    assert shown_counts(status_of("glucose", (0, 60), (0, 50)), unit)[0][0] == "< 3.9: 2 (1 under 3)"


@pytest.mark.parametrize(("days_ago", "tone"), [(0, "bad"), (6, "bad"), (7, "idle"), (20, "idle")])
def test_range_status_tone_is_that_of_the_last_seven_local_days(days_ago, tone):
    status = status_of("blood_pressure", (0, (120.0, 70.0)), (days_ago, (190.0, 70.0)))

    assert shown_counts(status, MMHG) == [("1 of 2 above goal (1 far above)", tone, False)]


def test_range_status_of_a_patient_who_stopped_measuring_speaks_of_the_last_days_with_readings():
    assert shown_counts(status_of("glucose", (20, 50), (21, 100)))[0][1] == "bad"


def test_range_status_without_readings_or_goals_says_nothing():
    assert shown_counts(status_of("glucose")) == shown_counts(status_of("steps", (0, 900))) == []
    assert status_of("glucose", (0, 100)).worst == ThresholdStatus.NOT_EVALUATED


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(20, 400)), min_size=1, max_size=40))
def test_range_status_counts_every_reading_once_whatever_the_mean(rows):
    status = status_of("glucose", *rows)

    assert status.below.count == sum(value < 70 for _, value in rows)
    assert status.above.count == sum(value > 180 for _, value in rows)
    assert (status.low_values.side.count, status.low_values.side.far_count) == (
        sum(value < 70 for _, value in rows),
        sum(value < 54 for _, value in rows),
    )
    last_days = [value for day, value in rows if day < min(day for day, _ in rows) + 7]
    is_far = any(value < 54 or value > 250 for value in last_days)
    is_out = any(value < 70 or value > 180 for value in last_days)
    tones = {count.tone for count in status.format_counts(VENDOR_UNITS.preferred_unit(MG_DL))}
    assert ("bad" in tones) is is_far
    assert bool(tones & {"bad", "warn"}) is is_out


def test_range_status_counts_pressure_with_values_on_both_sides_twice_and_out_of_goal_once():
    reading = Reading(NOON, (163.0, 45.0), ThresholdStatus.LOW, ThresholdStatus.HIGH)
    inside = Reading(NOON, (120.0, 70.0), ThresholdStatus.IN_RANGE)

    found = compute_range_status("blood_pressure", [reading, inside], thresholds=DEFAULTS, zone=NEW_YORK)

    assert (found.n, found.out_count, found.above.count, found.below.count) == (2, 1, 1, 1)


def test_range_status_of_pulse_names_its_expected_range():
    readings = [Reading(NOON, (120.0,), ThresholdStatus.HIGH)]

    found = compute_range_status("pulse", readings, thresholds=DEFAULTS, zone=NEW_YORK)

    assert [count.text for count in found.format_counts(MMHG)] == ["1 of 1 above expected range"]
