"""Whatever people do on tabs and machines: no second of a person or of a patient is credited twice."""

import datetime as dt

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from measurements.billing.engine.facts import Facts
from measurements.billing.engine.known import Known
from measurements.billing.engine.staff import Person
from measurements.billing.engine.time.credit import credits_of
from measurements.billing.engine.time.intervals import NO_TIME, duration, subtract
from measurements.billing.stored_facts.time_rows import session_fact
from patients.time_sessions import entries, timer
from patients.time_sessions.models import TimeSession
from tests.factories import PatientFactory

pytestmark = pytest.mark.django_db
TEN = dt.datetime(2026, 11, 3, 15, tzinfo=dt.UTC)
ACTS = ("start", "start_by_itself", "call", "heartbeat", "stop", "undo", "answer", "sign_out", "sweep", "state_end")
GAPS = st.sampled_from([0, 1, 15, 30, 59, 61, 119, 121, 600, 3600, 3900])
STEPS = st.lists(
    st.tuples(GAPS, st.sampled_from(ACTS), st.integers(0, 1), st.integers(0, 1), st.sampled_from([None, 0, 20, 3600])),
    min_size=2,
    max_size=14,
)


def perform(act, *, person, patient, now, seconds_ago):
    running = TimeSession.objects.running().filter(person=person).first()
    if act in ("start", "start_by_itself", "call"):
        mode = "call" if act == "call" else "page"
        timer.start_session(person=person, patient=patient, now=now, mode=mode, is_automatic=act == "start_by_itself")
    elif act == "heartbeat":
        timer.receive_heartbeat(person=person, patient_id=patient.pk, now=now, input_seconds_ago=seconds_ago)
    elif act == "sign_out":
        timer.end_at_sign_out(person=person, now=now, session_id=running and running.pk)
    elif act == "sweep":
        timer.end_overdue_sessions(now)
    elif act == "state_end":
        state_end_of_waiting_call(person, now)
    else:
        {"stop": timer.stop_session, "undo": timer.undo_switch, "answer": timer.confirm_call}[act](
            person=person, now=now
        )


def state_end_of_waiting_call(person, now):
    call = TimeSession.objects.waiting().filter(person=person).first()
    if call is not None and call.started_at < now <= call.started_at + dt.timedelta(hours=4):
        entries.state_end(session=call, now=now, ended_at=now)


def credited_parts(rosa, people, now):
    staff = tuple(Person(str(person.pk), credential="RN") for person in people)
    sessions = tuple(session_fact(row, rosa.pk) for row in TimeSession.objects.valid())
    known = Known(Facts(staff=staff, sessions=sessions), now + dt.timedelta(days=400))
    return credits_of(known)


def total_without_overlap(parts):
    taken = []
    for part in parts:
        taken += subtract(part, taken)
    return duration(taken)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_timer_credits_no_second_of_a_person_or_patient_twice(nadia, cora, rosa, steps):
    people, patients = (nadia, cora), (rosa, PatientFactory(clinic=rosa.clinic))
    with transaction.atomic():
        now = TEN
        for gap, act, who, whose, seconds_ago in steps:
            now += dt.timedelta(seconds=gap)
            perform(act, person=people[who], patient=patients[whose], now=now, seconds_ago=seconds_ago)
        timer.end_overdue_sessions(now + dt.timedelta(hours=2))
        assert not TimeSession.objects.running().exists()
        credited = credited_parts(rosa, people, now)

        for name in ("person", "patient"):
            for each in {getattr(credit.session, name) for credit in credited}:
                own = [part for credit in credited if getattr(credit.session, name) == each for part in credit.credited]
                assert duration(own) == total_without_overlap(own) <= now - TEN + dt.timedelta(hours=1)
        assert all(duration(credit.credited) >= NO_TIME for credit in credited)
        transaction.set_rollback(True)
