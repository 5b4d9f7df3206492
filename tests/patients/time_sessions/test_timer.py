"""Journeys of the timer by the server's functions, with an explicit now: what is recorded, second by second."""

import datetime as dt

import pytest
from django.db import DatabaseError, transaction

from patients.time_sessions import entries, timer
from patients.time_sessions.models import TimeSession
from tests.factories import PatientFactory, TimeSessionFactory

pytestmark = pytest.mark.django_db
TEN = dt.datetime(2026, 11, 3, 15, tzinfo=dt.UTC)  # 10 AM at the clinic


def at(minutes=0, seconds=0):
    return TEN + dt.timedelta(minutes=minutes, seconds=seconds)


@pytest.fixture
def otto(elm):
    return PatientFactory(clinic=elm)


@pytest.fixture
def start(nadia, rosa):
    """Nadia's timer for Rosa, unless others are named."""

    def start_at(now=TEN, **who):
        return timer.start_session(**{"person": nadia, "patient": rosa, "now": now} | who)

    return start_at


@pytest.fixture
def beat(nadia, rosa):
    def heartbeat(now, input_seconds_ago=None, patient=rosa):
        return timer.receive_heartbeat(
            person=nadia, patient_id=patient.pk, now=now, input_seconds_ago=input_seconds_ago
        )

    return heartbeat


def recorded():
    """(start, end, reason) of each valid session in minutes after ten."""

    def minutes(instant):
        return None if instant is None else (instant - TEN).total_seconds() / 60

    rows = TimeSession.objects.valid().order_by("pk")
    return [(minutes(row.started_at), minutes(row.ended_at), row.end_reason) for row in rows]


def test_session_ends_when_it_is_stopped_and_a_second_stop_changes_nothing(start, nadia):
    start()

    assert timer.stop_session(person=nadia, now=at(1)) is not None
    assert timer.stop_session(person=nadia, now=at(2)) is None
    assert recorded() == [(0, 1, "stopped")]


def test_second_tab_of_the_same_patient_shows_the_session_that_runs(start, beat):
    first = start(tab_id="one")

    assert start(at(0, 30), tab_id="two") == first
    assert beat(at(1), 5) == first
    assert recorded() == [(0, None, "")]


def test_idle_page_ends_at_its_last_input_and_later_input_starts_nothing(start, beat):
    start()
    beat(at(0, 30), 10)
    for seconds in (60, 90, 120):
        assert beat(at(seconds=seconds)) is not None
    assert beat(at(2, 20)) is not None, "120 s without input are not more than 120"
    assert beat(at(2, 21)) is None
    assert beat(at(2, 30), 1) is None

    assert recorded() == [(0, 20 / 60, "idle")]


def test_idle_time_is_the_clinics_setting(start, beat, elm):
    elm.time_idle_seconds = 300
    elm.save()
    start()

    assert beat(at(5)) is not None
    assert beat(at(5, 1)) is None


@pytest.mark.parametrize("seconds_ago", [-3600, 3600, float("nan"), 61])
def test_heartbeat_of_a_wrong_clock_is_no_input(start, beat, seconds_ago):
    start()

    beat(at(1), seconds_ago)

    assert TimeSession.objects.get().last_activity_at == TEN


def test_input_after_a_longer_pause_than_the_idle_time_continues_nothing(start, beat):
    """A laptop that slept: its first heartbeat has fresh input, half an hour later."""
    start()
    beat(at(0, 30), 0)

    assert beat(at(30), 1) is None
    assert recorded() == [(0, 0.5, "lost")]


def test_closed_page_is_ended_by_the_sweep_at_its_last_input(start, beat):
    start()
    beat(at(1), 6)

    assert timer.end_overdue_sessions(at(2, 54)) == 0
    assert timer.end_overdue_sessions(at(3)) == 1
    assert timer.end_overdue_sessions(at(4)) == 0
    assert recorded() == [(0, 0.9, "lost")]


def test_other_patients_page_ends_the_session_and_a_minute_long_the_switch_can_be_undone(start, beat, nadia, otto):
    start()
    start(at(1), patient=otto)
    assert recorded() == [(0, 1, "switched"), (1, None, "")]

    assert timer.undo_switch(person=nadia, now=at(2)) is not None
    assert recorded() == [(0, None, "")]
    assert TimeSession.objects.get(patient=otto).withdrawn_reason

    start(at(3), patient=otto)
    assert timer.undo_switch(person=nadia, now=at(4, 1)) is None
    assert timer.undo_switch(person=nadia, now=at(3, 30)) is not None, "the session of Rosa, which ran twice, again"


def test_page_of_another_patient_is_no_input_of_the_session_that_runs(start, beat, otto):
    running = start()

    assert beat(at(1), 0, patient=otto) == running
    assert beat(at(3), 0, patient=otto) is None
    assert recorded() == [(0, 0, "lost")]


def test_two_people_run_at_once_and_each_once(start, cora, nadia, rosa):
    start()
    start(at(1), person=cora)

    assert recorded() == [(0, None, ""), (1, None, "")]


def test_another_servers_clock_ahead_leaves_no_overlap(start, nadia, otto):
    start()
    timer.stop_session(person=nadia, now=at(2))
    start(at(1, 59), patient=otto)

    assert recorded() == [(0, 2, "stopped"), (2, None, "")]


# --- calls ----------------------------------------------------------------------------------------------------------


def test_call_has_no_idle_cut_and_ends_when_the_person_says_so(start, nadia, beat):
    start(mode="call")

    assert beat(at(20)) is not None
    timer.stop_session(person=nadia, now=at(25))
    assert recorded() == [(0, 25, "stopped")]


def test_unanswered_call_ends_when_asked_if_there_was_input_in_that_hour(start, beat):
    start(mode="call")
    beat(at(50), 0)
    beat(at(62), 0)  # after the question, without an answer

    assert timer.end_overdue_sessions(at(64, 59)) == 0
    assert timer.end_overdue_sessions(at(65)) == 1
    assert recorded() == [(0, 60, "idle")]


def test_unanswered_call_without_input_waits_for_its_end_and_lets_others_run(start, nadia, otto):
    call = start(mode="call")
    timer.end_overdue_sessions(at(65))
    assert TimeSession.objects.waiting().get() == call
    start(at(70), patient=otto)

    entries.state_end(session=call, now=at(90), ended_at=at(80))

    assert recorded() == [(0, 80, "stopped"), (70, None, "")]
    assert TimeSession.objects.get(pk=call.pk).source == "typed"


def test_answered_call_is_asked_again_an_hour_after_the_answer(start, nadia):
    start(mode="call")
    timer.confirm_call(person=nadia, now=at(61))

    assert timer.end_overdue_sessions(at(125)) == 0
    assert timer.end_overdue_sessions(at(126)) == 1


def test_page_that_starts_by_itself_ends_no_call_but_a_person_does(start, otto):
    call = start(mode="call")

    assert start(at(1), patient=otto, is_automatic=True) == call
    start(at(2), patient=otto)
    assert recorded() == [(0, 2, "switched"), (2, None, "")]


# --- signing out ----------------------------------------------------------------------------------------------------


def test_sign_out_ends_the_session_of_this_sign_in_at_its_last_input(start, beat, nadia):
    session = start()
    beat(at(1), 0)

    timer.end_at_sign_out(person=nadia, now=at(1, 40), session_id=session.pk + 1)
    assert recorded() == [(0, None, "")], "it runs on another machine"
    timer.end_at_sign_out(person=nadia, now=at(1, 40), session_id=session.pk)
    assert recorded() == [(0, 1, "signed_out")]


def test_sign_out_lets_a_call_wait_for_its_end_which_may_not_be_in_the_future(start, nadia):
    call = start(mode="call")
    timer.end_at_sign_out(person=nadia, now=at(16), session_id=call.pk)

    for minutes, words in ((41, "future"), (0, "not after the start")):
        with pytest.raises(entries.EntryError, match=words):
            entries.state_end(session=call, now=at(40), ended_at=at(minutes))
    entries.state_end(session=call, now=at(40), ended_at=at(30))
    assert recorded() == [(0, 30, "signed_out")]
    with pytest.raises(entries.EntryError, match="meanwhile"):
        entries.state_end(session=call, now=at(41), ended_at=at(31))


# --- what the database refuses --------------------------------------------------------------------------------------


def refused(rule, act):
    with pytest.raises(DatabaseError, match=rule), transaction.atomic():
        act()
    return True


def test_database_refuses_a_second_running_session_overlapping_timers_and_changes(nadia, rosa):
    ended = TimeSessionFactory(person=nadia, patient=rosa, started_at=TEN)
    TimeSessionFactory(person=nadia, patient=rosa, started_at=at(10), ended_at=None)
    mine = TimeSession.objects.filter(pk=ended.pk)

    running = {"person": nadia, "ended_at": None}
    assert refused("one_running|timers_no_overlap", lambda: TimeSessionFactory(**running, started_at=at(20)))
    assert refused("timers_no_overlap", lambda: TimeSessionFactory(person=nadia, started_at=at(9)))
    assert refused("time_session_fixed", lambda: mine.update(started_at=at(1)))
    assert refused("time_session_end_fixed", lambda: mine.update(ended_at=at(11)))
    assert refused("never_deleted", mine.delete)
    assert refused("ends_after_start", lambda: TimeSessionFactory(started_at=TEN, ended_at=at(-1)))
    assert refused("with_reason", lambda: TimeSessionFactory(source="typed", why_typed=""))
    assert refused("only_calls_wait", lambda: TimeSessionFactory(ended_at=None, waits_since=at(5)))
    TimeSessionFactory(person=nadia, started_at=at(5), source="typed")
    TimeSessionFactory(started_at=at(5))
