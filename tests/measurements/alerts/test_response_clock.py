"""Response clock: working hours of the clinic, business days, severe pressure in pregnancy, what ends it."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from measurements.alerts.engine.outcome.response_clock import ResponseTime, responded_at, response_due_at
from patients.clinics.working_hours import ASSUMED_PERIODS, WorkingHours
from tests.measurements.alerts.cases import bp, clock, event, glucose, only, run

# Monday to Friday from 8 AM to 5 PM in New York; March 2, 2026 is a Monday, and 13:00 UTC is 8 AM there.
HOURS = WorkingHours(ZoneInfo("America/New_York"), ASSUMED_PERIODS, closed_days=frozenset({dt.date(2026, 3, 4)}))


def critical(taken):
    return only(run("09 10:00", [glucose(taken, 40)], rules=["glucose_very_low"]), "glucose_very_low")


@pytest.mark.parametrize(
    ("taken", "due"),
    [
        ("02 14:59", "02 16:00"),  # detected at 15:00
        ("02 05:00", "02 14:00"),  # before opening
        ("02 21:29", "03 13:30"),  # half an hour before closing
        ("03 22:00", "05 14:00"),  # the next day is closed
        ("07 12:00", "09 13:00"),  # Saturday; the clocks go forward on Sunday
    ],
)
def test_critical_is_due_after_an_hour_of_working_hours(taken, due):
    assert clock(response_due_at(critical(taken), HOURS)) == due


def test_warning_is_due_after_the_hours_of_one_day():
    readings = [glucose("02 13:30", 260), glucose("02 14:59", 260)]

    episode = only(run("03 10:00", readings, rules=["glucose_high"]), "glucose_high")

    assert clock(response_due_at(episode, HOURS)) == "03 15:00"


def test_severe_pressure_in_pregnancy_is_due_30_minutes_after_the_first_was_received_whatever_the_hours():
    readings = [bp("02 02:00", 165, received="02 02:05"), bp("02 02:20", 165)]

    episode = only(run("02 10:00", readings, rules=["preg_bp_severe"]), "preg_bp_severe")

    assert clock(episode.detected_at) == "02 02:05"
    assert clock(response_due_at(episode, HOURS)) == "02 02:35"


def test_clinic_may_count_severe_pressure_by_its_hours():
    episode = only(run("02 10:00", [bp("02 02:00", 165)], rules=["preg_bp_severe"]), "preg_bp_severe")

    due = response_due_at(episode, HOURS, {"preg_bp_severe": ResponseTime(dt.timedelta(minutes=30))})

    assert clock(due) == "02 13:30"


def test_clinic_without_hours_has_no_due_time():
    assert response_due_at(critical("02 14:00"), WorkingHours(ZoneInfo("UTC"), {})) is None


def test_clock_ends_with_a_step_and_not_with_closing_by_itself():
    readings = [glucose("02 10:00", 40), glucose("02 11:00", 90), glucose("02 12:00", 90)]
    steps = [
        event("02 13:00", "note", "glucose_very_low"),
        event("02 14:00", "acknowledge", "glucose_very_low"),
    ]

    over, seen = (run("02 15:00", readings, rules=["glucose_very_low"], events=events) for events in ([], steps))

    assert responded_at(only(over, "glucose_very_low")) is None
    assert clock(responded_at(only(seen, "glucose_very_low"))) == "02 14:00"
