"""Time of the demo's billing: sessions by the timer and typed, calls, by the functions of the pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from measurements.billing.management.commands._demo_billing_cases import (
    CASES,
    DIFFERING,
    OVERLAPPED,
    OVERLAPPING,
    SEEN_THIS_MONTH,
    BillingCase,
    Fact,
)
from measurements.local_days import ONE_DAY
from patients.care import notes
from patients.models import Patient, User
from patients.time_sessions import entries, timer
from patients.time_sessions.models import Mode, Programme

BETWEEN_INPUTS = dt.timedelta(seconds=110)  # idle after 120
ONE_MINUTE = dt.timedelta(minutes=1)
SESSIONS_A_DAY = 4
DAYS_OF_CALLS, DAYS_OF_REVIEWS = 2, 12  # of the month, from its first on
CALL_TEXT = "Went through the readings of the last weeks. Feels well, takes the tablets, will go on measuring at 7 AM."
DONE_OF_TYPED = "Read the values of two weeks and wrote to the practitioner."


def record_last_month(patients: Mapping[str, Patient], nurse: User, month: dt.date) -> None:
    """Calls first, then reviews, in the order of time, as the timer knows no other."""
    for days, position in ((DAYS_OF_CALLS, 0), (DAYS_OF_REVIEWS, 1)):
        for number, case in enumerate(CASES):
            if patient := patients.get(case.family_name):
                start = start_of(number, patient, month + ONE_DAY * days)
                record_session(case, patient, nurse, start, position)


def start_of(number: int, patient: Patient, first: dt.date) -> dt.datetime:
    day, hour = divmod(number, SESSIONS_A_DAY)
    return dt.datetime.combine(first + ONE_DAY * day, dt.time(9 + hour), tzinfo=patient.clinic.zone)


def record_session(case: BillingCase, patient: Patient, nurse: User, start: dt.datetime, position: int) -> None:
    minutes = case.minutes[position]
    is_call = position == 0 and case.lacks is not Fact.LIVE_CALL
    if minutes:
        run_timer(nurse, patient, start, minutes, mode=Mode.CALL if is_call else Mode.PAGE)
    if is_call:
        call = {"kind": "call", "outcome": "reached", "is_live": True, "text": CALL_TEXT}
        notes.create_note(patient=patient, by=nurse, happened_at=start, **call)


def run_timer(nurse: User, patient: Patient, start: dt.datetime, minutes: int, *, mode: Mode) -> None:
    """As a page would have asked for it, with input often enough not to be idle."""
    end, at = start + ONE_MINUTE * minutes, start + BETWEEN_INPUTS
    timer.start_session(person=nurse, patient=patient, now=start, mode=mode)
    while mode == Mode.PAGE and at < end:
        timer.receive_heartbeat(person=nurse, patient_id=patient.pk, now=at, input_seconds_ago=0)
        at += BETWEEN_INPUTS
    timer.stop_session(person=nurse, now=end)


def record_this_month(patients: Mapping[str, Patient], nurse: User, now: dt.datetime) -> None:
    """A few minutes each of the last hour, where that is in the month already."""
    for number, name in enumerate(SEEN_THIS_MONTH):
        start = now - ONE_MINUTE * 15 * (len(SEEN_THIS_MONTH) - number)
        patient = patients.get(name)
        if patient and start.astimezone(patient.clinic.zone).month == now.astimezone(patient.clinic.zone).month:
            run_timer(nurse, patient, start, 8, mode=Mode.PAGE)


def type_time(
    patient: Patient,
    by: User,
    start: dt.datetime,
    minutes: int,
    now: dt.datetime,
    *,
    programme: Programme = Programme.RPM,
) -> None:
    entry = entries.Entry(
        started_at=start,
        ended_at=start + ONE_MINUTE * minutes,
        programme=programme,
        done=DONE_OF_TYPED,
        reason="The page was closed meanwhile.",
    )
    entries.add_entry(person=by, patient=patient, now=now, entry=entry)


def type_other_time(patients: Mapping[str, Patient], nurse: User, month: dt.date, now: dt.datetime) -> None:
    """Of RTM beside RPM, and minutes in which the timer counted another patient's."""
    names = [case.family_name for case in CASES]
    for case in CASES:
        patient = patients.get(case.family_name)
        if patient and case.is_in_rtm:
            start = start_of(0, patient, month + ONE_DAY * (DAYS_OF_REVIEWS + 8))
            type_time(patient, nurse, start, 12, now, programme=Programme.RTM)
        if patient and case.family_name == OVERLAPPING:
            start = start_of(names.index(OVERLAPPED), patient, month + ONE_DAY * DAYS_OF_CALLS)
            type_time(patient, nurse, start, 12, now)


def type_after_approval(patients: Mapping[str, Patient], nurse: User, month: dt.date, now: dt.datetime) -> None:
    if patient := patients.get(DIFFERING):
        type_time(patient, nurse, start_of(1, patient, month + ONE_DAY * (DAYS_OF_REVIEWS + 8)), 9, now)
