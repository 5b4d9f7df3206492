"""Evidence of a billing line: all that proves it, as one JSON object, and the hash of its canonical text. Pure."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

from measurements.alerts.engine.facts import Mark, Reading
from measurements.billing.engine.claims.payers import payer_on, payer_rule
from measurements.billing.engine.code_rules import Kind
from measurements.billing.engine.days.counted_days import readings_by_day
from measurements.billing.engine.facts import PATIENT, Contact, ContactMode, Facts, Outcome, Session
from measurements.billing.engine.known import Known
from measurements.billing.engine.lines import Line
from measurements.billing.engine.time.credit import credits_of
from measurements.billing.engine.time.minutes import counted_time
from measurements.local_days import ONE_DAY


@dataclass(frozen=True)
class Recorded:
    """What the facts name by key and evidence copies in by value. All texts, by the keys that the facts use."""

    patient: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)  # name of an account
    practitioners: Mapping[str, str] = field(default_factory=dict)  # name of a provider
    wordings: Mapping[str, str] = field(default_factory=dict)  # text of a consent's version
    devices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # serial, shipped
    sessions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # done, decided, why typed
    approval: Mapping[str, str] = field(default_factory=dict)  # by whom, with which statement
    corrections: Sequence[Mapping[str, str]] = ()
    program_version: str = ""


def evidence_content(facts: Facts, line: Line, at: dt.datetime, recorded: Recorded = Recorded()) -> dict[str, Any]:
    """As known at `at`, the instant of the approval; what is not on file is null or an empty list."""
    known = Known(facts, at)
    is_of_days = line.kind in (Kind.PERIOD, Kind.SETUP)
    return plain(
        {
            "program_version": recorded.program_version,
            "as_of": at,
            "patient": recorded.patient,
            "payer": payer_evidence(known, line),
            "line": line_evidence(line),
            "rules": rule_evidence(known, line),
            "order": order_evidence(known, line, recorded),
            "consents": consent_evidence(known, recorded),
            "relationship": {"visit": facts.prior_visit, "initiating_visit": facts.initiating_visit},
            "no_other_practice": facts.no_other_practice,
            "education": education_evidence(facts, line, recorded),
            "programmes": [asdict(row) for row in facts.programmes],
            "access": [asdict(row) for row in facts.access],
            "apcm": [asdict(row) for row in facts.apcm],
            "monitoring_periods": [asdict(row) for row in facts.monitoring_periods or ()],
            "devices": device_evidence(known, line, recorded),
            "zones": [{"zone": change.zone.key, "from": change.start} for change in known.zones],
            "clinic_zone": known.clinic_zone.key,
            "days": day_evidence(known, line) if is_of_days else [],
            "excluded_readings": excluded_evidence(known, line, recorded) if is_of_days else [],
            "sessions": [] if is_of_days else session_evidence(known, line, recorded),
            "live_interactions": [] if is_of_days else contact_evidence(known, line, recorded),
            "time_approvals": approval_evidence(facts, line, recorded),
            "approval": recorded.approval,
            "corrections": list(recorded.corrections),
        }
    )


def evidence_hash(content: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON: sorted keys, no spaces, UTF-8."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def plain(value: Any) -> Any:
    """JSON without floats: instants in UTC with Z, dates ISO, numbers with a fraction as text, sets sorted."""
    if isinstance(value, Mapping):
        return {str(key): plain(found) for key, found in value.items()}
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").replace(".000000Z", "Z")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, set | frozenset):
        return sorted(plain(found) for found in value)
    if isinstance(value, list | tuple):
        return [plain(found) for found in value]
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    return value


def line_evidence(line: Line) -> dict[str, Any]:
    names = ("kind", "programme", "code", "units", "first", "last", "date_of_service", "monitoring_period", "minutes")
    return {
        **{name: getattr(line, name) for name in names},
        "days": len(line.days),
        "rules_of": line.rules_of,
        "cautions": line.cautions,
    }


def payer_evidence(known: Known, line: Line) -> dict[str, Any]:
    day = line.date_of_service
    authorisations = [asdict(row) for row in known.facts.prior_authorisations if row.contains(day)]
    return {"name": payer_on(known, day), "prior_authorisations": authorisations}


def rule_evidence(known: Known, line: Line) -> dict[str, Any]:
    """By value: rows are edited later."""
    chosen = payer_rule(known, line.code or "", line.date_of_service)
    return {
        "code": [
            asdict(rule)
            for rule in known.facts.code_rules
            if rule.code == line.code and rule.contains(line.date_of_service)
        ],
        "payer": asdict(chosen) if chosen else None,
        "settings": asdict(known.settings),
    }


def order_evidence(known: Known, line: Line, recorded: Recorded) -> dict[str, Any] | None:
    order = known.order_on(line.date_of_service)
    if order is None:
        return None
    return {**asdict(order), "practitioner_name": recorded.practitioners.get(order.practitioner, "")}


def consent_evidence(known: Known, recorded: Recorded) -> list[dict[str, Any]]:
    return [
        {
            **asdict(consent),
            "by_name": recorded.people.get(consent.by, ""),
            "text": recorded.wordings.get(consent.wording, ""),
        }
        for consent in known.consents
    ]


def education_evidence(facts: Facts, line: Line, recorded: Recorded) -> list[dict[str, Any]]:
    rows = [row for row in facts.education if row.programme in (None, line.programme)]
    return [{**asdict(row), "by_name": recorded.people.get(row.by, "")} for row in rows]


def device_evidence(known: Known, line: Line, recorded: Recorded) -> list[dict[str, Any]]:
    """All that the patient had until the last day, so that swaps are seen; with the first reading of each."""
    firsts: dict[str, dt.datetime] = {}
    for reading in known.readings:
        firsts[reading.device] = min(reading.taken, firsts.get(reading.device, reading.taken))
    return [
        {**asdict(device), **recorded.devices.get(device.serial, {}), "first_reading": firsts.get(device.serial)}
        for device in known.facts.devices or ()
        if device.start is None or device.start <= line.last
    ]


def day_evidence(known: Known, line: Line) -> list[dict[str, Any]]:
    """Each counted local day with the readings behind it."""
    by_id = {reading.id: reading for reading in known.readings}
    counted = readings_by_day(known, line.programme)
    return [
        {"day": day, "readings": [reading_evidence(known, by_id[pk]) for pk in sorted(counted.get(day, []), key=str)]}
        for day in line.days
    ]


def reading_evidence(known: Known, reading: Reading) -> dict[str, Any]:
    """Without its value, which proves nothing."""
    return {
        "id": reading.id,
        "metric": reading.metric,
        "device": reading.device,
        "taken": reading.taken,
        "received": reading.received,
        "zone": known.patient_zone(reading.taken).key,
        "automatic": reading.is_automatic,
        "estimated": Mark.ESTIMATED in reading.marks,
        "marks": sorted(str(mark) for mark in reading.marks),
    }


def excluded_evidence(known: Known, line: Line, recorded: Recorded) -> list[dict[str, Any]]:
    """Readings of these days that a person excluded, whether taken back or not."""
    by_id = {reading.id: reading for reading in known.facts.readings}
    return [
        {**asdict(row), "by_name": recorded.people.get(row.by, ""), "taken": by_id[row.reading].taken}
        for row in known.facts.exclusions
        if row.reading in by_id and line.first <= known.patient_day(by_id[row.reading].taken) <= line.last
    ]


def session_evidence(known: Known, line: Line, recorded: Recorded) -> list[dict[str, Any]]:
    """Of the month: what counts of each, and what doesn't because its seconds are another session's."""
    counted: dict[int | str, list[tuple[dt.datetime, dt.datetime]]] = {}
    for part in counted_time(known, line.first, line.programme):
        counted.setdefault(part.session.id, []).append(part.part)
    lost = {credit.session.id: credit.lost for credit in credits_of(known)}
    return [
        {
            **asdict(session),
            "credential": credential_of(known, session),
            "person_name": recorded.people.get(session.person, ""),
            **recorded.sessions.get(str(session.id), {}),
            "counted": counted.get(session.id, []),
            "counted_elsewhere": lost.get(session.id, ()),
        }
        for session in known.sessions
        if session.patient == PATIENT and line.first - ONE_DAY <= known.clinic_day(session.start) <= line.last
    ]


def credential_of(known: Known, session: Session) -> str:
    person = known.staff.get(session.person)
    return person.credential_on(known.clinic_day(session.start)) if person else ""


def contact_evidence(known: Known, line: Line, recorded: Recorded) -> list[dict[str, Any]]:
    return [
        {**asdict(contact), "by_name": recorded.people.get(contact.by, "")}
        for contact in known.facts.contacts
        if is_live(contact) and line.first <= known.clinic_day(contact.at) <= line.last
    ]


def is_live(contact: Contact) -> bool:
    return contact.outcome is Outcome.REACHED and not contact.is_automatic and contact.mode in ContactMode


def approval_evidence(facts: Facts, line: Line, recorded: Recorded) -> list[dict[str, Any]]:
    """Of the month's time; that of the line itself is beside its evidence."""
    return [
        {"at": one.at, "by": one.by, "by_name": recorded.people.get(one.by, "")}
        for one in facts.approvals
        if one.is_of_time and one.month == line.first and line.kind is Kind.MONTH
    ]
