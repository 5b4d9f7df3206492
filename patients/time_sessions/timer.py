"""The timer: one running session per person, by the server's clock alone. `now` is an argument of each function.

Each locks its person's row first, so that tabs and machines of one person come one after the other.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from patients.models import Patient, User
from patients.time_sessions.changes import record_change
from patients.time_sessions.clock import (
    HEARTBEAT_SECONDS,
    UNDO_WITHIN,
    add_input,
    end_if_overdue,
    end_session,
    last_input,
)
from patients.time_sessions.models import Activity, EndReason, Mode, Source, TimeSession

MOST_INPUT_SECONDS_AGO = 2 * HEARTBEAT_SECONDS


def lock_running(person: User, now: dt.datetime) -> TimeSession | None:
    """The person's running session; one that should have ended by now is ended first."""
    session = lock_session(person)
    if session is not None and end_if_overdue(session, now):
        save_end(session, now)
        return None
    return session


def lock_session(person: User) -> TimeSession | None:
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    return TimeSession.objects.running().filter(person=person).select_related("patient__clinic", "person").first()


def save_end(session: TimeSession, now: dt.datetime) -> None:
    session.save(update_fields=["ended_at", "end_reason", "waits_since", "last_activity_at", "last_seen_at"])
    if session.ended_at is not None:
        record_change(session, now=now, by=session.person, reason="Time was added.")


@transaction.atomic
def start_session(
    *,
    person: User,
    patient: Patient,
    now: dt.datetime,
    mode: Mode = Mode.PAGE,
    tab_id: str = "",
    is_automatic: bool = False,
) -> TimeSession:
    """Ends the one that runs for another patient, or in another mode. A page that starts by itself ends no call."""
    running = lock_running(person, now)
    if running is not None:
        if is_automatic and running.mode == Mode.CALL:
            return running
        if (running.patient_id, running.mode) == (patient.pk, mode):
            return running
        end_session(running, now, EndReason.SWITCHED)
        save_end(running, now)
    begins = first_free_instant(person, now)
    return TimeSession.objects.create(
        patient=patient,
        person=person,
        mode=mode,
        activity=Activity.CALL if mode == Mode.CALL else Activity.REVIEW,
        started_at=begins,
        last_activity_at=begins,
        last_seen_at=begins,
        last_answer_at=begins if mode == Mode.CALL else None,
        entered_at=now,
        tab_id=tab_id,
    )


def first_free_instant(person: User, now: dt.datetime) -> dt.datetime:
    """`now`, or the end of the newest session where another server's clock is ahead."""
    newest = TimeSession.objects.valid().filter(person=person, source=Source.TIMER).order_by("-started_at").first()
    return max(now, newest.ended_at or now) if newest else now


@transaction.atomic
def receive_heartbeat(
    *, person: User, patient_id: object, now: dt.datetime, input_seconds_ago: float | None = None
) -> TimeSession | None:
    """From a visible page of a patient, with how long ago the last input was, if there was any since the last one.

    Returns what runs now. A page of another patient is no input of the one that runs.
    """
    session = lock_session(person)
    if session is None:
        return None
    if session.patient_id == patient_id:
        if input_seconds_ago is not None and 0 <= input_seconds_ago <= MOST_INPUT_SECONDS_AGO:
            add_input(session, max(session.started_at, now - dt.timedelta(seconds=input_seconds_ago)))
        is_over = end_if_overdue(session, now)
        session.last_seen_at = max(session.last_seen_at or now, now)
    else:
        is_over = end_if_overdue(session, now)
    save_end(session, now)
    return None if is_over else session


@transaction.atomic
def stop_session(*, person: User, now: dt.datetime) -> TimeSession | None:
    """The one that it ended; None if none was running."""
    session = lock_running(person, now)
    if session is not None:
        session.last_activity_at = max(last_input(session), now)
        end_session(session, now, EndReason.STOPPED)
        save_end(session, now)
    return session


@transaction.atomic
def undo_switch(*, person: User, now: dt.datetime) -> TimeSession | None:
    """Withdraws the running session and lets the one before run as if it had never ended; None a minute later."""
    running = lock_running(person, now)
    if running is None or now - running.started_at > UNDO_WITHIN:
        return None
    before = switched_at(person, running.started_at)
    if before is None:
        return None
    running.withdrawn_at, running.withdrawn_by, running.withdrawn_reason = now, person, "The switch was undone."
    running.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_reason"])
    record_change(running, now=now, by=person, reason=running.withdrawn_reason)
    before.ended_at, before.end_reason = None, ""
    before.last_activity_at = before.last_seen_at = now
    before.save(update_fields=["ended_at", "end_reason", "last_activity_at", "last_seen_at"])
    return before


def switched_at(person: User, at: dt.datetime) -> TimeSession | None:
    ended = TimeSession.objects.valid().filter(person=person, ended_at=at, end_reason=EndReason.SWITCHED)
    return ended.select_related("patient__clinic").order_by("-started_at", "-pk").first()


@transaction.atomic
def confirm_call(*, person: User, now: dt.datetime) -> TimeSession | None:
    """The answer that the call continues: the next question comes an hour later."""
    session = lock_running(person, now)
    if session is not None and session.mode == Mode.CALL:
        session.last_answer_at = session.last_activity_at = session.last_seen_at = now
        session.save(update_fields=["last_answer_at", "last_activity_at", "last_seen_at"])
    return session


@transaction.atomic
def end_at_sign_out(*, person: User, now: dt.datetime, session_id: int | None) -> None:
    """The session that this sign-in started ends at its last input; a call waits for its end to be stated."""
    session = lock_running(person, now)
    if session is None or session.pk != session_id:
        return
    if session.mode == Mode.CALL:
        session.waits_since, session.end_reason = now, EndReason.SIGNED_OUT
    else:
        end_session(session, last_input(session), EndReason.SIGNED_OUT)
    save_end(session, now)


def end_overdue_sessions(now: dt.datetime) -> int:
    """Of pages that vanished, and calls that no one answered for."""
    ended = 0
    for person in User.objects.filter(pk__in=TimeSession.objects.running().values("person_id")).order_by("pk"):
        with transaction.atomic():
            session = lock_session(person)
            if session is not None and end_if_overdue(session, now):
                save_end(session, now)
                ended += 1
    return ended
