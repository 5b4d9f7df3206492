"""Who is notified of an alert next, and when after that."""

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from measurements.alerts.engine.outcome.response_clock import SHIPPED_RESPONSE_TIMES, ResponseTime
from measurements.alerts.engine.shipped_rules import PREGNANCY_SEVERE
from measurements.alerts.messages.stages import (
    AfterHours,
    Audience,
    ClinicRules,
    Progress,
    Stage,
    Unreached,
    next_step,
)
from patients.clinics.working_hours import ASSUMED_PERIODS, WorkingHours

UTC = dt.UTC
HOURS = WorkingHours(ZoneInfo("UTC"), ASSUMED_PERIODS, closed_days=frozenset({dt.date(2026, 12, 3)}))
CLINIC = ClinicRules(HOURS, SHIPPED_RESPONSE_TIMES)
RESPONSIBLE, COVER, ON_CALL, QUEUE = 1, 2, 3, (1, 2, 4)
ALL = Audience(RESPONSIBLE, None, QUEUE, ON_CALL)
AWAY = Audience(None, COVER, QUEUE, ON_CALL)
UNASSIGNED = Audience(None, None, QUEUE, ON_CALL)
ONLY_QUEUE = Audience(None, None, QUEUE, None)


def at(text):
    """ "02 16:30" of December 2026, a Wednesday."""
    day, time = text.split()
    return dt.datetime.combine(dt.date(2026, 12, int(day)), dt.time.fromisoformat(time), UTC)


def clock(instant):
    return instant and f"{instant:%d %H:%M}"


def step_at(now, audience, *, severity="critical", stage=None, rule="bp_severe", clinic=CLINIC, **how):
    return next_step(Progress(rule, severity, at(now), stage, **how), audience, clinic, at(now))


@pytest.mark.parametrize(
    ("now", "audience", "how", "stage", "people", "next_at"),
    [
        ("02 10:00", ALL, {}, Stage.RESPONSIBLE, (1,), "02 11:00"),
        # An hour of working time: Thursday is a closed day.
        ("02 16:30", ALL, {}, Stage.RESPONSIBLE, (1,), "04 08:30"),
        ("02 11:00", ALL, {"stage": Stage.RESPONSIBLE}, Stage.QUEUE, QUEUE, "02 11:15"),
        # Away: the whole queue at once, with the cover in it.
        ("02 10:00", AWAY, {}, Stage.QUEUE, QUEUE, "02 10:15"),
        ("02 11:00", AWAY, {"stage": Stage.RESPONSIBLE}, Stage.QUEUE, QUEUE, "02 11:15"),
        ("02 12:00", AWAY, {"stage": Stage.COVER}, Stage.QUEUE, QUEUE, "02 12:15"),
        ("02 10:00", UNASSIGNED, {}, Stage.QUEUE, QUEUE, "02 10:15"),
        ("02 10:15", UNASSIGNED, {"stage": Stage.QUEUE, "is_reached": True}, Stage.QUEUE, QUEUE, None),
        ("02 10:00", ALL, {"severity": "warning"}, Stage.RESPONSIBLE, (1,), "04 10:00"),
        ("02 10:00", ALL, {"severity": "information"}, Stage.RESPONSIBLE, (1,), "08 10:00"),
        ("02 10:00", UNASSIGNED, {"severity": "warning"}, Stage.QUEUE, QUEUE, None),
        # Severe pressure in pregnancy: at night too, to the person on call as well, and its 30 minutes run.
        ("02 10:00", ALL, {"rule": PREGNANCY_SEVERE}, Stage.RESPONSIBLE, (1,), "02 10:30"),
        ("02 23:00", ALL, {"rule": PREGNANCY_SEVERE}, Stage.RESPONSIBLE, (1, 3), "02 23:30"),
        ("02 23:30", ALL, {"rule": PREGNANCY_SEVERE, "stage": Stage.RESPONSIBLE}, Stage.QUEUE, (*QUEUE, 3), "02 23:45"),
        ("02 23:00", UNASSIGNED, {"rule": PREGNANCY_SEVERE}, Stage.QUEUE, (*QUEUE, 3), "02 23:15"),
    ],
)
def test_next_people_follow_stage_hours_and_absence(now, audience, how, stage, people, next_at):
    step = step_at(now, audience, **how)

    assert (step.stage, step.notified_as, step.people, clock(step.next_at)) == (stage, stage, people, next_at)
    assert step.has_no_responsible == (audience is not ALL)
    assert step.unreached is None


def test_person_on_call_is_notified_as_such_beside_the_queue_at_night():
    """So that neither quiet hours nor choices count, as they do for the queue."""
    step = step_at("02 23:00", UNASSIGNED, rule=PREGNANCY_SEVERE)

    assert [step.stage_of(person) for person in step.people] == [Stage.QUEUE] * 3 + [Stage.ON_CALL]


def test_cover_is_notified_as_such_among_the_queue():
    """So that neither quiet hours nor choices count."""
    step = step_at("02 10:00", AWAY)

    assert [step.stage_of(person) for person in step.people] == [Stage.QUEUE, Stage.COVER, Stage.QUEUE]


@pytest.mark.parametrize(
    ("audience", "how", "notified_as", "unreached"),
    [
        (ALL, {}, Stage.ON_CALL, None),
        (ONLY_QUEUE, {}, None, Unreached.NO_ON_CALL),
        (ALL, {"clinic": replace(CLINIC, after_hours=AfterHours.NO_ONE)}, None, Unreached.OUTSIDE_HOURS),
        (ALL, {"clinic": replace(CLINIC, after_hours=AfterHours.NO_ONE), "is_reached": True}, None, None),
        (ALL, {"severity": "warning"}, None, None),
        # Opened shortly before closing: the first mail reached no one.
        (ALL, {"stage": Stage.RESPONSIBLE}, Stage.ON_CALL, None),
        (ALL, {"stage": Stage.RESPONSIBLE, "is_reached": True}, None, None),
        (ALL, {"is_reached": True}, Stage.ON_CALL, None),
    ],
)
def test_outside_hours_only_critical_goes_to_person_on_call_and_the_rest_waits(audience, how, notified_as, unreached):
    step = step_at("02 23:00", audience, **how)

    assert (step.stage, step.notified_as, step.unreached) == (how.get("stage"), notified_as, unreached)
    is_tried_again = notified_as and not how.get("is_reached")
    assert clock(step.next_at) == ("02 23:15" if is_tried_again else "04 08:00")


def test_severe_pressure_waits_like_others_where_the_clinic_chose_its_hours():
    times = {**SHIPPED_RESPONSE_TIMES, PREGNANCY_SEVERE: ResponseTime(dt.timedelta(minutes=30))}

    step = step_at("02 23:00", ALL, rule=PREGNANCY_SEVERE, clinic=replace(CLINIC, times=times))

    assert (step.notified_as, clock(step.next_at)) == (Stage.ON_CALL, "02 23:15")


def test_clinic_without_any_person_or_opening_is_listed_and_tried_again():
    empty = step_at("02 10:00", Audience())
    never_open = step_at("02 10:00", Audience(1), clinic=replace(CLINIC, hours=WorkingHours(ZoneInfo("UTC"), {})))

    assert (empty.unreached, clock(empty.next_at)) == (Unreached.NO_PERSON, "02 10:15")
    assert (never_open.unreached, clock(never_open.next_at)) == (Unreached.NO_ON_CALL, "03 10:00")
