"""Doses by schedule, by tables: on time, late, missed, not reported; compartments; DST; a schedule that changes."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from measurements.adherence.doses import (
    DoseState,
    Opening,
    Schedule,
    build_dose_days,
    count_doses,
    split_weeks,
)
from measurements.adherence.schedules import least_gap
from measurements.local_days import LocalDays

NEW_YORK = ZoneInfo("America/New_York")
DAY = dt.date(2026, 11, 4)  # a Wednesday
WEDNESDAY_AM, WEDNESDAY_PM, TUESDAY_AM = (4, 1), (4, 2), (3, 1)
LATER = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)


def at(text, day=DAY):
    return dt.datetime.combine(day, dt.time.fromisoformat(text), tzinfo=NEW_YORK).astimezone(dt.UTC)


def schedule(*times, starts_on=dt.date(2026, 1, 1)):
    times = tuple(map(dt.time.fromisoformat, times))
    return Schedule(starts_on, times, dt.timedelta(minutes=60), dt.timedelta(minutes=240))


def judge(openings, *schedules, first=DAY, last=DAY, now=LATER, upload_delay=0):
    return build_dose_days(
        LocalDays(NEW_YORK, first, last),
        openings,
        schedules,
        now=now,
        upload_delay=dt.timedelta(hours=upload_delay),
    )


@pytest.mark.parametrize(
    ("opened", "now", "state"),
    [
        ("07:00", LATER, DoseState.TAKEN),
        ("06:59", LATER, DoseState.MISSED),
        ("09:00", LATER, DoseState.TAKEN),
        ("09:01", LATER, DoseState.LATE),
        ("11:59", LATER, DoseState.LATE),
        ("12:00", LATER, DoseState.MISSED),
        (None, at("11:59"), DoseState.DUE),
        (None, at("12:00"), DoseState.MISSED),
    ],
)
def test_dose_at_eight_is_taken_late_missed_or_due_by_the_minute(opened, now, state):
    (day,) = judge([Opening(at(opened))] if opened else [], schedule("08:00"), now=now)

    assert [dose.state for dose in day.doses] == [state]
    assert len(day.openings) == (bool(opened) and state is DoseState.MISSED), "an opening of no dose stays visible"


@pytest.mark.parametrize(("now", "state"), [("20:59", DoseState.NOT_REPORTED), ("21:00", DoseState.MISSED)])
def test_dose_of_a_cap_is_missed_only_after_it_could_have_reported(now, state):
    (day,) = judge([], schedule("08:00"), now=at(now), upload_delay=9)

    assert day.doses[0].state is state


@pytest.mark.parametrize(
    ("compartment", "state"),
    [
        (WEDNESDAY_AM, DoseState.TAKEN),
        (None, DoseState.TAKEN),
        (WEDNESDAY_PM, DoseState.MISSED),
        (TUESDAY_AM, DoseState.MISSED),
    ],
)
def test_dose_of_a_pillbox_is_taken_from_its_own_compartment(compartment, state):
    (day,) = judge([Opening(at("08:05"), compartment)], schedule("08:00"))

    assert day.doses[0].state is state
    assert Opening(at("08:05"), TUESDAY_AM).compartment_label == "Tuesday AM"


def test_openings_count_once_and_the_others_of_the_day_stay():
    (day,) = judge([Opening(at(text)) for text in ("07:58", "08:02", "20:00")], schedule("08:00", "20:00"))

    assert [(dose.state, dose.taken_at) for dose in day.doses] == [
        (DoseState.TAKEN, at("07:58")),
        (DoseState.TAKEN, at("20:00")),
    ]
    assert [opening.at for opening in day.openings] == [at("08:02")]


def test_dose_shortly_before_midnight_may_be_taken_on_the_next_day():
    after = dt.date(2026, 11, 5)
    first, second = judge([Opening(at("00:30", after))], schedule("23:00"), last=after)

    assert (first.doses[0].state, second.doses[0].state) == (DoseState.LATE, DoseState.MISSED)
    assert second.openings == []


def test_doses_follow_the_clock_of_the_patient_through_both_changes():
    for change in (dt.date(2026, 3, 8), dt.date(2026, 11, 1)):
        (day,) = judge([Opening(at("08:00", change))], schedule("08:00"), first=change, last=change)
        assert (day.doses[0].state, day.doses[0].due_at) == (DoseState.TAKEN, at("08:00", change))


def test_schedule_of_a_day_is_the_one_set_last_of_those_that_have_begun():
    days = judge(
        [],
        schedule("08:00"),
        schedule("09:00", starts_on=dt.date(2026, 11, 5)),
        schedule(starts_on=dt.date(2026, 11, 6)),
        last=dt.date(2026, 11, 6),
    )

    assert [[f"{dose.due_at.astimezone(NEW_YORK):%H:%M}" for dose in day.doses] for day in days] == [
        ["08:00"],
        ["09:00"],
        [],
    ]


def test_without_a_schedule_nothing_is_late_or_missed():
    (day,) = judge([Opening(at("08:00"))])

    assert (day.doses, len(day.openings), count_doses([day])) == ([], 1, [])


def test_weeks_run_from_sunday_to_saturday_newest_first():
    weeks = split_weeks(judge([], last=dt.date(2026, 11, 9)))

    assert [[row and row.day.day for row in week] for week in weeks] == [
        [8, 9, None, None, None, None, None],
        [None, None, None, 4, 5, 6, 7],
    ]


@pytest.mark.parametrize(
    ("times", "gap"), [((), None), (("08:00",), 1440), (("08:00", "20:00"), 720), (("23:00", "01:30"), 150)]
)
def test_least_gap_between_doses_runs_over_midnight(times, gap):
    assert least_gap([dt.time.fromisoformat(text) for text in times]) == gap
