"""Typed time, corrections and withdrawals: each adds to what was recorded, and none removes it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction

from patients.care.models import Note
from patients.models import Patient, User
from patients.time_sessions.changes import record_change
from patients.time_sessions.clock import MOST_TYPED
from patients.time_sessions.models import Activity, EndReason, Programme, Source, TimeSession


class EntryError(Exception):
    """A refusal in words, with the name of the field that it is about."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field, self.text = field, text


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What a person states about time spent for a patient."""

    started_at: dt.datetime
    ended_at: dt.datetime
    programme: str = Programme.RPM
    activity: str = Activity.REVIEW
    done: str
    decided: str = ""
    reason: str
    contact: Note | None = None


def check_times(started_at: dt.datetime, ended_at: dt.datetime, now: dt.datetime) -> None:
    if ended_at <= started_at:
        raise EntryError("ended_at", "The end is not after the start.")
    if ended_at > now:
        raise EntryError("ended_at", "Time in the future can't be entered.")
    if ended_at - started_at > MOST_TYPED:
        raise EntryError("ended_at", "One entry may be 4 hours long at most.")


@transaction.atomic
def add_entry(*, person: User, patient: Patient, now: dt.datetime, entry: Entry) -> TimeSession:
    check_times(entry.started_at, entry.ended_at, now)
    session = TimeSession.objects.create(
        patient=patient, person=person, source=Source.TYPED, entered_at=now, **stated_fields(entry)
    )
    record_change(session, now=now, by=person, reason="Time was typed in.")
    return session


def stated_fields(entry: Entry) -> dict[str, object]:
    return {
        "started_at": entry.started_at,
        "ended_at": entry.ended_at,
        "programme": entry.programme,
        "activity": entry.activity,
        "done": entry.done,
        "decided": entry.decided,
        "why_typed": entry.reason,
        "contact": entry.contact,
    }


@transaction.atomic
def correct_session(*, session: TimeSession, by: User, now: dt.datetime, entry: Entry) -> TimeSession:
    """Withdraws it and adds another. Other times than those of the timer make it a typed one."""
    before = lock_ended(session)
    is_same_time = (before.started_at, before.ended_at) == (entry.started_at, entry.ended_at)
    if not is_same_time:
        check_times(entry.started_at, entry.ended_at, now)
    withdraw(before, by=by, now=now, reason=entry.reason)
    stays_timed = is_same_time and before.source == Source.TIMER
    added = TimeSession.objects.create(
        patient=before.patient,
        person=before.person,
        mode=before.mode,
        source=Source.TIMER if stays_timed else Source.TYPED,
        last_activity_at=before.last_activity_at if stays_timed else None,
        last_seen_at=before.last_seen_at if stays_timed else None,
        last_answer_at=before.last_answer_at if stays_timed else None,
        end_reason=before.end_reason if stays_timed else "",
        entered_at=now,
        replaces=before,
        **stated_fields(entry),
    )
    record_change(added, now=now, by=by, reason="Time was corrected.")
    return added


@transaction.atomic
def withdraw_session(*, session: TimeSession, by: User, now: dt.datetime, reason: str) -> None:
    before = lock_ended(session)
    withdraw(before, by=by, now=now, reason=reason)
    record_change(before, now=now, by=by, reason="Time was withdrawn.")


def lock_ended(session: TimeSession) -> TimeSession:
    User.objects.select_for_update(no_key=True).get(pk=session.person_id)
    found = TimeSession.objects.select_related("patient__clinic", "person", "contact").get(pk=session.pk)
    if found.withdrawn_at is not None:
        raise EntryError("", "It was corrected or withdrawn meanwhile.")
    if found.ended_at is None:
        raise EntryError("", "It has not ended yet.")
    return found


def withdraw(session: TimeSession, *, by: User, now: dt.datetime, reason: str) -> None:
    session.withdrawn_at, session.withdrawn_by, session.withdrawn_reason = now, by, reason
    session.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_reason"])
    record_change(session, now=now, by=by, reason="Time was changed.")


@transaction.atomic
def state_end(*, session: TimeSession, now: dt.datetime, ended_at: dt.datetime) -> TimeSession:
    """Of a call that waits for it: counted as typed from then on."""
    User.objects.select_for_update(no_key=True).get(pk=session.person_id)
    waiting = TimeSession.objects.waiting().select_related("patient__clinic", "person").filter(pk=session.pk).first()
    if waiting is None:
        raise EntryError("", "Its end was stated meanwhile.")
    check_times(waiting.started_at, ended_at, now)
    waiting.source, waiting.why_typed = Source.TYPED, "The end of the call was stated."
    waiting.ended_at, waiting.waits_since = ended_at, None
    waiting.end_reason = waiting.end_reason or EndReason.STOPPED
    waiting.save(update_fields=["source", "why_typed", "ended_at", "waits_since", "end_reason"])
    record_change(waiting, now=now, by=waiting.person, reason="The end of a call was stated.")
    return waiting
