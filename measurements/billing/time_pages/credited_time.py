"""A patient's time in a month: each session with its credit, what is counted for another one, and long days."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from measurements.billing.engine.date_ranges import next_month
from measurements.billing.engine.facts import Facts, ZoneChange
from measurements.billing.engine.known import Known
from measurements.billing.engine.time.credit import Credit, credits_of, may_compete
from measurements.billing.engine.time.intervals import LONG_DAY, NO_TIME, Interval, duration, split_by_day, subtract
from measurements.billing.engine.time.minutes import clip, month_interval
from measurements.billing.stored_facts import facts_loader, time_rows
from measurements.local_days import ONE_DAY
from patients.models import Patient, User
from patients.time_sessions.models import TimeApproval, TimeSession

NO_CREDENTIAL = "no clinical credential on file on that day"
RUNNING = "still running"
WAITS = "waits for its end"
NOT_CREDIBLE = "in the future, or too long"


def format_length(length: dt.timedelta) -> str:
    """1 h 5 min 20 s, to the second; 0 s."""
    seconds = int(length.total_seconds())
    parts = ((seconds // 3600, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"


@dataclass(frozen=True)
class SessionRow:
    """`because`: why no second of it is credited to its person."""

    session: TimeSession
    credited: dt.timedelta
    lost: dt.timedelta
    because: str

    @property
    def credited_text(self) -> str:
        return format_length(self.credited)

    @property
    def lost_text(self) -> str:
        return format_length(self.lost)


@dataclass(frozen=True)
class LongDay:
    person: User
    day: dt.date
    length: dt.timedelta

    @property
    def length_text(self) -> str:
        return format_length(self.length)


@dataclass(frozen=True)
class MonthOfTime:
    month: dt.date
    rows: Sequence[SessionRow]
    withdrawn: Sequence[TimeSession]
    long_days: Sequence[LongDay]
    approvals: Sequence[TimeApproval]

    @property
    def minutes(self) -> list[tuple[str, int]]:
        """Whole minutes credited, by programme."""
        by_programme: dict[str, dt.timedelta] = defaultdict(lambda: NO_TIME)
        for row in self.rows:
            by_programme[row.session.programme] += row.credited
        return [(name, length // dt.timedelta(minutes=1)) for name, length in sorted(by_programme.items())]

    @property
    def seconds_lost(self) -> int:
        return sum((row.lost for row in self.rows), NO_TIME) // dt.timedelta(seconds=1)

    @property
    def approval(self) -> TimeApproval | None:
        return next((each for each in self.approvals if each.withdrawn_at is None), None)

    @property
    def next_month(self) -> dt.date:
        return next_month(self.month)

    @property
    def previous_month(self) -> dt.date:
        return (self.month - ONE_DAY).replace(day=1)


def load_month(patient: Patient, month: dt.date, now: dt.datetime) -> MonthOfTime:
    """In the clinic's zone."""
    known = load_known(patient, now)
    bounds = month_interval(known, month)
    own = TimeSession.objects.filter(patient=patient, started_at__lt=bounds[1], started_at__gt=bounds[0] - ONE_DAY)
    sessions = list(own.select_related("person", "withdrawn_by", "contact"))
    in_month = [one for one in sessions if one.started_at >= bounds[0] or (one.ended_at or now) > bounds[0]]
    found = {credit.session.id: credit for credit in credits_of(known)}
    refused = {fact.id for fact in known.sessions if not may_compete(known, fact)}
    rows = [
        build_row(session, found.get(session.pk), bounds, has_credential=session.pk not in refused)
        for session in in_month
        if session.withdrawn_at is None
    ]
    approvals = TimeApproval.objects.filter(patient=patient, month=month)
    return MonthOfTime(
        month=month,
        rows=rows,
        withdrawn=[session for session in in_month if session.withdrawn_at is not None],
        long_days=find_long_days([row.session for row in rows], bounds, known.clinic_zone),
        approvals=list(approvals.select_related("approved_by", "withdrawn_by")),
    )


def load_known(patient: Patient, now: dt.datetime) -> Known:
    """What credit depends on, of the patient's whole time: sessions that overlap, and the people's credentials."""
    sessions = time_rows.load_session_rows([patient.pk])[patient.pk]
    people = time_rows.load_people({str(session.person_id) for session in sessions})
    facts = Facts(
        patient_zones=(ZoneChange(patient.zone),),
        clinic_zone=patient.clinic.zone,
        settings=facts_loader.load_rules([patient.clinic]).settings[patient.clinic_id],
        staff=tuple(people.values()),
        sessions=tuple(time_rows.session_fact(session, patient.pk) for session in sessions),
    )
    return Known(facts, now)


def build_row(session: TimeSession, credit: Credit | None, bounds: Interval, *, has_credential: bool) -> SessionRow:
    if session.ended_at is None:
        return SessionRow(session, NO_TIME, NO_TIME, WAITS if session.waits_since else RUNNING)
    if credit is None:
        because = "" if session.ended_at == session.started_at else NOT_CREDIBLE if has_credential else NO_CREDENTIAL
        return SessionRow(session, NO_TIME, NO_TIME, because)
    return SessionRow(session, length_in(credit.credited, bounds), length_in(credit.lost, bounds), "")


def length_in(parts: Iterable[Interval], bounds: Interval) -> dt.timedelta:
    return duration(inner for part in parts for inner in clip(part, bounds))


def find_long_days(sessions: Sequence[TimeSession], bounds: Interval, zone: ZoneInfo) -> list[LongDay]:
    """Days on which one of these people has more than 10 hours, for all patients together, each second once."""
    people = {session.person_id: session.person for session in sessions}
    timed = TimeSession.objects.valid().filter(
        person__in=people, started_at__lt=bounds[1], started_at__gt=bounds[0] - ONE_DAY, ended_at__isnull=False
    )
    counted: dict[tuple[int, dt.date], list[Interval]] = defaultdict(list)
    for person_id, start, end in timed.values_list("person_id", "started_at", "ended_at").order_by("started_at"):
        for day, part in split_by_day((start, end or start), zone):
            counted[person_id, day] += subtract(part, counted[person_id, day])
    return [
        LongDay(people[person_id], day, length)
        for (person_id, day), parts in sorted(counted.items(), key=lambda item: item[0][1])
        if (length := length_in(parts, bounds)) > LONG_DAY
    ]
