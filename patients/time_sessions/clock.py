"""When a session ends by itself: after the idle time at the last input; a call that no one answers for, when asked."""

from __future__ import annotations

import datetime as dt

from patients.time_sessions.models import EndReason, Mode, TimeSession

CALL_ASKED_AFTER = dt.timedelta(minutes=60)
ANSWER_WITHIN = dt.timedelta(minutes=5)
HEARTBEAT_SECONDS = 30
PAGE_IS_LOST_AFTER = dt.timedelta(seconds=2 * HEARTBEAT_SECONDS)
WARNING_SECONDS = 30
UNDO_WITHIN = dt.timedelta(seconds=60)
MOST_TYPED = dt.timedelta(hours=4)


def idle_time(session: TimeSession) -> dt.timedelta:
    return dt.timedelta(seconds=session.patient.clinic.time_idle_seconds)


def asked_at(session: TimeSession) -> dt.datetime:
    """When the person is asked whether the call continues."""
    return last_answer(session) + CALL_ASKED_AFTER


def last_answer(session: TimeSession) -> dt.datetime:
    return session.last_answer_at or session.started_at


def last_input(session: TimeSession) -> dt.datetime:
    return session.last_activity_at or session.started_at


def add_input(session: TimeSession, at: dt.datetime) -> None:
    """Input later than the idle time after the one before is of no session. In a call, none counts after the question
    until it is answered.
    """
    latest = asked_at(session) if session.mode == Mode.CALL else last_input(session) + idle_time(session)
    if at <= latest:
        session.last_activity_at = max(last_input(session), at)


def end_if_overdue(session: TimeSession, now: dt.datetime) -> bool:
    """Ends a running session, or lets a call wait for its end, and returns whether it did; without saving it."""
    if session.mode == Mode.CALL:
        return end_unanswered_call(session, now)
    if now - last_input(session) <= idle_time(session):
        return False
    is_lost = now - (session.last_seen_at or session.started_at) > PAGE_IS_LOST_AFTER
    end_session(session, last_input(session), EndReason.LOST if is_lost else EndReason.IDLE)
    return True


def end_unanswered_call(session: TimeSession, now: dt.datetime) -> bool:
    """At the time of the question if there was input in that hour; else its end waits to be stated."""
    asked = asked_at(session)
    if now < asked + ANSWER_WITHIN:
        return False
    if last_input(session) > last_answer(session):
        end_session(session, asked, EndReason.IDLE)
    else:
        session.waits_since = asked
    return True


def end_session(session: TimeSession, at: dt.datetime, reason: EndReason) -> None:
    session.ended_at, session.end_reason = max(at, session.started_at), reason
