"""A watch's rows by local day, by tables of rows: what counts, what is not stated, and what is never guessed."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from measurements.activity.watch_days import WatchFigures, WatchRow, group_by_day, read_heart_rate
from measurements.local_days import LocalDays

NEW_YORK = ZoneInfo("America/New_York")
DAYS = LocalDays(NEW_YORK, dt.date(2026, 10, 31), dt.date(2026, 11, 2))  # 24, 25 and 24 hours
STATED = {"average_heart_rate": 81, "max_heart_rate": 104, "min_heart_rate": 61, "period": 60, "wearable_code": 0}


def row(metric, day, hour, value, value_2=None, params=None, *, fold=0):
    at = dt.datetime(2026, *day, hour, tzinfo=NEW_YORK, fold=fold).astimezone(dt.UTC)
    return WatchRow(metric, at, value, value_2, params)


def test_steps_of_a_day_are_the_sum_of_its_hours_through_the_change_of_clocks():
    rows = [
        row("steps", (10, 31), 23, 100),
        row("steps", (11, 1), 0, 10),
        row("steps", (11, 1), 1, 20),
        row("steps", (11, 1), 1, 40, fold=1),
        row("steps", (11, 1), 23, 80),
        row("steps", (11, 2), 0, 1000),
    ]

    assert [day.total_steps for day in group_by_day(rows, DAYS)] == [100, 150, 1000]


def test_steps_of_an_hour_that_was_sent_again_count_once():
    rows = [row("steps", (11, 1), 8, 300), row("steps", (11, 1), 8, 641), row("steps", (11, 1), 9, 5)]
    first, second, third = group_by_day(rows, DAYS)

    assert (second.total_steps, len(second.steps)) == (646, 2)
    assert first.is_empty
    assert third.total_steps is None


def test_sleep_of_a_day_is_every_value_as_reported():
    rows = [row("sleep", (11, 1), 7, 6.5), row("sleep", (11, 1), 15, 1.25)]

    assert [day.sleep_text for day in group_by_day(rows, DAYS)] == ["", "6.5; 1.25", ""]


@pytest.mark.parametrize(
    ("params", "found"),
    [
        (STATED, (61, 81, 104)),
        (None, (None, 80, 103)),
        ({}, (None, 80, 103)),
        ([], (None, 80, 103)),
        ({"min_heart_rate": "61", "average_heart_rate": True, "max_heart_rate": {}}, (None, 80, 103)),
        ({"min_heart_rate": 0, "average_heart_rate": 0, "max_heart_rate": 0}, (None, 80, 103)),
        ({"min_heart_rate": 55.5}, (55.5, 80, 103)),
        ({"min_heart_rate": -1, "average_heart_rate": 10**400, "max_heart_rate": float("inf")}, (None, 80, 103)),
    ],
)
def test_heart_rate_of_an_hour_is_what_filter_params_state_else_the_documented_values(params, found):
    assert read_heart_rate(row("heart_rate_statistics", (11, 1), 8, 80, 103, params)) == found


def test_heart_rate_of_a_day_is_its_lowest_its_mean_of_hours_and_its_highest():
    hours = [
        row("heart_rate_statistics", (11, 1), 8, 80, 104, STATED),
        row("heart_rate_statistics", (11, 1), 9, 60, 90, STATED | {"average_heart_rate": 60, "min_heart_rate": 48}),
        row("heart_rate_statistics", (11, 1), 10, 90, None, None),
        row("heart_rate_statistics", (11, 1), 11, 0, None, None),
    ]
    _, day, empty = group_by_day(hours, DAYS)

    assert (day.lowest, day.mean, day.highest) == (48, (81 + 60 + 90) / 3, 104)
    assert (empty.lowest, empty.mean, empty.highest) == (None, None, None)


def test_figures_of_a_range_leave_todays_steps_out_of_the_mean():
    rows = [row("steps", (10, 31), 8, 100), row("steps", (11, 1), 8, 200), row("steps", (11, 2), 8, 9000)]
    figures = WatchFigures(group_by_day(rows, DAYS), dt.date(2026, 11, 2))

    assert (figures.mean_steps, len(figures.measured), figures.highest) == (150, 3, None)
