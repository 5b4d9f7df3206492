"""Credited time: each second of a person and of a patient goes to one session at most."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from measurements.billing.engine.code_rules import BILLED_PROGRAMMES
from measurements.billing.engine.date_ranges import last_day_of, month_of
from measurements.billing.engine.facts import PATIENT, EndReason, Mode, Session, Source
from measurements.billing.engine.known import Known
from measurements.billing.engine.time.intervals import Interval, subtract
from measurements.billing.engine.time.people import may_be_credited

MOST_TYPED = dt.timedelta(hours=4)
ENDED_AT_LAST_ACTIVITY = frozenset({EndReason.IDLE, EndReason.LOST, EndReason.SIGNED_OUT})


@dataclass(frozen=True)
class Credit:
    """What of a session is credited, and what is not because it is of another session."""

    session: Session
    credited: tuple[Interval, ...]
    lost: tuple[Interval, ...]


def credits_of(known: Known) -> list[Credit]:
    """Of all ended sessions that may be credited, in the order in which they get a doubled second."""
    return known.remember("credits", lambda: find_credits(known))


def find_credits(known: Known) -> list[Credit]:
    of_person: dict[str, list[Interval]] = defaultdict(list)
    of_patient: dict[str, list[Interval]] = defaultdict(list)
    found: list[Credit] = []
    for session in known.sessions:
        interval = credible_interval(known, session)
        if interval is None or not may_compete(known, session):
            continue
        taken = [*of_person[session.person]]
        if not known.settings.two_people_count_both:
            taken += of_patient[session.patient]
        credited = subtract(interval, taken)
        of_person[session.person] += credited
        of_patient[session.patient] += credited
        found.append(Credit(session, tuple(credited), tuple(subtract(interval, credited))))
    return found


def credible_interval(known: Known, session: Session) -> Interval | None:
    """From its start to where it ended; None while it runs, and of a typed one in the future or of over 4 hours."""
    if session.end is None or not known.is_ended(session):
        return None
    if session.source is Source.TYPED:
        is_future = session.end > (session.entered_at or known.at)
        return None if is_future or session.end - session.start > MOST_TYPED else (session.start, session.end)
    end = max(session.start, ended_at(known, session, session.end))
    return (session.start, end) if end > session.start else None


def ended_at(known: Known, session: Session, end: dt.datetime) -> dt.datetime:
    """At the last activity where it was idle, vanished or signed out; a call when the person says so."""
    if session.mode is Mode.CALL or session.last_activity is None:
        return end
    was_idle = end - session.last_activity > dt.timedelta(seconds=known.settings.idle_seconds)
    if was_idle or session.end_reason in ENDED_AT_LAST_ACTIVITY:
        return min(end, session.last_activity)
    return end


def may_compete(known: Known, session: Session) -> bool:
    """What can't be credited to its person takes no second from another person."""
    day = known.clinic_day(session.start)
    is_billed = session.programme in BILLED_PROGRAMMES and session.patient == PATIENT
    service = last_day_of(month_of(day)) if is_billed else None
    return may_be_credited(known, session.person, day, session.programme, service)
