"""Day's weight, usual weight and changes, computed by hand, over changes of the clocks and at midnight."""

import datetime as dt
import statistics
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measurements.local_days import ONE_DAY, LocalDays, local_midnight
from measurements.weights import figures
from measurements.weights.figures import WeightTrend, weight_trend
from patients.models.clinic import DayWeight
from tests.measurements.chart.fixed_times import NEW_YORK

TODAY = dt.date(2026, 11, 21)


def weights_on(*values, hour=7):
    """(days ago, lb), taken at this local hour."""
    return [
        (dt.datetime.combine(TODAY - ONE_DAY * ago, dt.time(hour), tzinfo=NEW_YORK).astimezone(dt.UTC), pounds)
        for ago, pounds in values
    ]


def by_day(*values):
    return {TODAY - ONE_DAY * ago: pounds for ago, pounds in values}


def test_weight_trend_of_gain_over_six_days_names_each_change():
    """The case of the field: 5.2 lb in 6 days, of which the newest minus the median of 7 days shows 3.9."""
    daily = [(6, 176.0), (5, 176.6), (4, 177.3), (3, 178.0), (2, 179.1), (1, 180.2), (0, 181.2)]

    found = weight_trend([*weights_on(*daily), *weights_on((0, 181.7), hour=8)], zone=NEW_YORK, dry=174.5)

    assert found == WeightTrend(
        TODAY, found.taken_at, 181.2, 177.65, 3.55, 1.0, gain_in_week=5.2, loss_in_week=1.0, dry=174.5
    )
    assert (found.in_week, found.is_week_gain, found.from_dry) == (5.2, True, 6.7)


def test_day_weight_is_the_first_of_the_day_or_the_median_by_setting():
    weights = [*weights_on((0, 182.0), hour=9), *weights_on((0, 181.0), hour=7), *weights_on((0, 185.0), hour=20)]
    days = LocalDays(NEW_YORK, TODAY, TODAY)

    assert figures.weights_by_day(weights, days=days) == {TODAY: 181.0}
    assert figures.weights_by_day(weights, days=days, rule=DayWeight.MEDIAN) == {TODAY: 182.0}


def test_usual_weight_is_median_of_days_of_which_at_least_three_have_one():
    assert (
        figures.usual_weight(by_day((8, 100), (7, 170), (6, 171), (3, 172), (1, 230), (0, 175)), today=TODAY) == 171.5
    )
    assert figures.usual_weight(by_day((7, 170), (1, 171), (0, 175)), today=TODAY) is None
    assert figures.usual_weight(by_day((8, 1), (9, 1), (10, 1)), today=TODAY) is None


def test_change_since_yesterday_is_none_where_yesterday_is_missing():
    assert figures.change_since_yesterday(by_day((1, 170.5), (0, 172.0)), today=TODAY) == 1.5
    assert figures.change_since_yesterday(by_day((2, 170.5), (0, 172.0)), today=TODAY) is None
    assert figures.change_since_yesterday(by_day((1, 170.5)), today=TODAY) is None


def test_week_change_compares_with_lowest_for_gain_and_highest_for_loss():
    falling = by_day((8, 100), (7, 184.0), (4, 181.0), (0, 178.5))

    assert (figures.gain_in_week(falling, today=TODAY), figures.loss_in_week(falling, today=TODAY)) == (-2.5, -5.5)
    found = weight_trend(weights_on((7, 184.0), (4, 181.0), (0, 178.5)), zone=NEW_YORK)
    assert (found.in_week, found.is_week_gain) == (-5.5, False)
    assert weight_trend(weights_on((8, 184.0), (0, 178.5)), zone=NEW_YORK).in_week is None
    lost = weight_trend(weights_on((2, 180.0), (1, 180.0), (0, 176.4)), zone=NEW_YORK)
    assert (lost.in_week, lost.is_week_gain) == (-3.6, False)


def test_weight_changes_carry_no_error_of_binary_fractions():
    """In binary 176.3 - 173.3 is more than 3."""
    found = weight_trend(weights_on((3, 173.3), (2, 173.3), (1, 173.3), (0, 176.3)), zone=NEW_YORK)

    assert (found.from_usual, found.since_yesterday, found.in_week) == (3, 3, 3)


@pytest.mark.parametrize("day", [dt.date(2026, 3, 8), dt.date(2026, 11, 1)])
@pytest.mark.parametrize("zone", [NEW_YORK, ZoneInfo("Asia/Kolkata"), ZoneInfo("America/Havana")])
def test_day_weights_end_at_local_midnight_over_changes_of_the_clocks(zone, day):
    start, end = local_midnight(day, zone), local_midnight(day + ONE_DAY, zone)
    second = dt.timedelta(seconds=1)
    weights = [(start - second, 1.0), (start, 2.0), (end - second, 3.0), (end, 4.0)]

    found = figures.weights_by_day(weights, days=LocalDays(zone, day - ONE_DAY, day + ONE_DAY))

    assert found == {day - ONE_DAY: 1.0, day: 2.0, day + ONE_DAY: 4.0}


POUNDS = st.decimals(100, 400, places=2)


@settings(max_examples=60, deadline=None)
@given(days=st.dictionaries(st.integers(0, 10), st.lists(POUNDS, min_size=1, max_size=3), min_size=1))
def test_weight_trend_equals_recount_in_decimals(days):
    weights = [
        (taken_at, float(pounds))
        for ago, found in days.items()
        for hour, pounds in enumerate(found)
        for taken_at, _ in weights_on((ago, 0), hour=hour)
    ]
    last = min(days)
    today, week = days[last][0], [days[last + back][0] for back in range(1, 8) if last + back in days]

    found = weight_trend(weights, zone=NEW_YORK)

    assert found.day == TODAY - ONE_DAY * last
    assert found.from_usual == (float(today - statistics.median(week)) if len(week) > 2 else None)
    assert found.gain_in_week == (float(today - min(week)) if week else None)
    assert found.loss_in_week == (float(today - max(week)) if week else None)
    yesterday = days.get(last + 1)
    assert found.since_yesterday == (float(today - yesterday[0]) if yesterday else None)
    assert Decimal(str(found.weight)) == today
