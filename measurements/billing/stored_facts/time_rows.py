"""Sessions, contacts and the people behind them of many patients as billing facts."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from django.db import connection
from django.db.models import Q

from measurements.billing.engine.code_rules import Programme
from measurements.billing.engine.facts import (
    PATIENT,
    Approval,
    Contact,
    ContactMode,
    EndReason,
    Mode,
    Outcome,
    Session,
    Source,
)
from measurements.billing.engine.staff import Credential, Employment, EmploymentKind, Person
from patients.care.models import NoteVersion
from patients.care.models.note import ContactOutcome, ContactWith, NoteKind
from patients.programmes import models as programmes
from patients.time_sessions.models import TimeApproval, TimeSession

# The patients' sessions, and all that may take a second from one of them: those of the same person or patient at the
# same time, and what may take a second from these. A session lasts less than a day.
SESSIONS_SQL = """
WITH RECURSIVE chosen (root_id, id, patient_id, person_id, started_at, ended_at) AS (
    SELECT patient_id, id, patient_id, person_id, started_at, coalesce(ended_at, 'infinity')
    FROM time_sessions_timesession WHERE patient_id = ANY(%s::uuid[]) AND withdrawn_at IS NULL
    UNION
    SELECT chosen.root_id, other.id, other.patient_id, other.person_id, other.started_at,
        coalesce(other.ended_at, 'infinity')
    FROM chosen CROSS JOIN LATERAL (
        SELECT session.* FROM time_sessions_timesession AS session
        WHERE session.person_id = chosen.person_id AND session.started_at < chosen.ended_at
            AND session.started_at > chosen.started_at - interval '1 day'
        UNION ALL
        SELECT session.* FROM time_sessions_timesession AS session
        WHERE session.patient_id = chosen.patient_id AND chosen.patient_id <> chosen.root_id
            AND session.started_at < chosen.ended_at AND session.started_at > chosen.started_at - interval '1 day'
    ) AS other
    WHERE other.withdrawn_at IS NULL AND coalesce(other.ended_at, 'infinity') > chosen.started_at
)
SELECT root_id, id FROM chosen
"""
CONTACT_MODES = {
    NoteKind.CALL: ContactMode.AUDIO,
    NoteKind.VISIT: ContactMode.IN_PERSON,
    NoteKind.MESSAGE: ContactMode.MESSAGE,
}


def load_session_rows(patients: Collection[uuid.UUID]) -> dict[uuid.UUID, list[TimeSession]]:
    """Those of the patient, and those of others that may take a second from them."""
    with connection.cursor() as cursor:
        cursor.execute(SESSIONS_SQL, [list(patients)])
        chosen = cursor.fetchall()
    rows = TimeSession.objects.in_bulk({pk for _, pk in chosen})
    found: dict[uuid.UUID, list[TimeSession]] = defaultdict(list)
    for root_id, pk in chosen:
        found[root_id].append(rows[pk])
    return found


def session_fact(row: TimeSession, patient_id: uuid.UUID) -> Session:
    """A call that waits for its end has none, so no credit."""
    return Session(
        id=row.pk,
        person=str(row.person_id),
        start=row.started_at,
        end=row.ended_at,
        patient=PATIENT if row.patient_id == patient_id else str(row.patient_id),
        programme=Programme(row.programme),
        activity=row.activity,
        mode=Mode(row.mode),
        source=Source(row.source),
        last_activity=row.last_activity_at,
        last_seen=row.last_seen_at,
        end_reason=EndReason(row.end_reason) if row.end_reason else None,
        entered_at=row.entered_at,
    )


def load_contacts(patients: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Contact]]:
    """With the patient or the caregiver: live ones, and messages that reached them, which a setting lets count."""
    people = (ContactWith.PATIENT, ContactWith.CAREGIVER)
    reached = NoteVersion.objects.newest().filter(
        Q(is_live=True) | Q(kind=NoteKind.MESSAGE, outcome=ContactOutcome.REACHED),
        note__patient__in=patients,
        contact_with__in=people,
    )
    found: dict[uuid.UUID, list[Contact]] = defaultdict(list)
    for version in reached.select_related("note").order_by("happened_at", "pk"):
        contact = Contact(
            at=version.happened_at,
            by=str(version.note.created_by_id),
            mode=CONTACT_MODES[NoteKind(version.kind)],
            is_live=version.is_live,
            outcome=Outcome.REACHED,
        )
        found[version.note.patient_id].append(contact)
    return found


def load_time_approvals(patients: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Approval]]:
    found: dict[uuid.UUID, list[Approval]] = defaultdict(list)
    for row in TimeApproval.objects.valid().filter(patient__in=patients):
        found[row.patient_id].append(Approval(row.approved_at, str(row.approved_by_id), month=row.month))
    return found


def load_people(ids: Iterable[str]) -> Mapping[str, Person]:
    """By the account's number; one without any fact of theirs is known too."""
    chosen = {int(pk) for pk in ids if pk}
    credentials: dict[int, list[Credential]] = defaultdict(list)
    employment: dict[int, list[Employment]] = defaultdict(list)
    for row in programmes.Credential.objects.valid().filter(person__in=chosen):
        credentials[row.person_id].append(Credential(name=row.name, start=row.started_on, end=row.ended_on))
    for job in programmes.Employment.objects.valid().filter(person__in=chosen):
        kind = EmploymentKind(job.kind)
        employment[job.person_id].append(Employment(kind=kind, start=job.started_on, end=job.ended_on))
    return {
        str(pk): Person(str(pk), credentials=tuple(credentials[pk]), employment=tuple(employment[pk])) for pk in chosen
    }
