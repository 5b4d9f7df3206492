"""Recorded facts of many patients as billing facts: zones, programmes, payers, consents, orders, visits."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from measurements.billing.engine.code_rules import Programme
from measurements.billing.engine.date_ranges import DateRange
from measurements.billing.engine.facts import (
    AccessAlignment,
    Consent,
    Education,
    Enrolment,
    Order,
    PayerPeriod,
    PriorAuthorisation,
    ZoneChange,
)
from patients.programmes import models as programmes

Rows = dict[uuid.UUID, list[Any]]


@dataclass(frozen=True)
class RecordedRows:
    """Rows that are not withdrawn, by patient."""

    zones: Rows = field(default_factory=dict)
    programmes: Rows = field(default_factory=dict)
    coverages: Rows = field(default_factory=dict)
    authorisations: Rows = field(default_factory=dict)
    consents: Rows = field(default_factory=dict)
    orders: Rows = field(default_factory=dict)
    visits: Rows = field(default_factory=dict)
    education: Rows = field(default_factory=dict)
    attestations: Rows = field(default_factory=dict)
    access: Rows = field(default_factory=dict)
    apcm: Rows = field(default_factory=dict)


def load_recorded_rows(patients: Collection[uuid.UUID]) -> RecordedRows:
    """One query for each kind."""
    return RecordedRows(
        zones=by_patient(programmes.ZoneChange.objects.filter(patient__in=patients).order_by("pk")),
        programmes=valid_rows(programmes.ProgrammeEnrolment, patients),
        coverages=valid_rows(programmes.Coverage, patients, "payer"),
        authorisations=valid_rows(programmes.PriorAuthorisation, patients, "payer"),
        consents=valid_rows(programmes.Consent, patients, "wording"),
        orders=valid_rows(programmes.MonitoringOrder, patients, "practitioner"),
        visits=valid_rows(programmes.QualifyingVisit, patients),
        education=valid_rows(programmes.Education, patients),
        attestations=valid_rows(programmes.PracticeAttestation, patients),
        access=valid_rows(programmes.AccessAlignment, patients),
        apcm=valid_rows(programmes.ApcmPeriod, patients),
    )


def valid_rows(model: Any, patients: Collection[uuid.UUID], *related: str) -> Rows:
    rows = model.objects.valid().filter(patient__in=patients)
    return by_patient(rows.select_related(*related) if related else rows)


def by_patient(rows: Any) -> Rows:
    found: Rows = defaultdict(list)
    for row in rows:
        found[row.patient_id].append(row)
    return found


def recorded_facts(found: RecordedRows, pk: uuid.UUID) -> Mapping[str, Any]:
    """Of one patient, by the names of `engine.facts.Facts`."""
    attested = max(found.attestations.get(pk, ()), key=lambda row: (row.attested_on, row.pk), default=None)
    visits = found.visits.get(pk, ())
    return {
        "programmes": tuple(
            Enrolment(programme=Programme(row.programme), system=row.system, start=row.started_on, end=row.ended_on)
            for row in found.programmes.get(pk, ())
        ),
        "payers": tuple(
            PayerPeriod(payer=row.payer.name, start=row.started_on, end=row.ended_on)
            for row in found.coverages.get(pk, ())
        ),
        "prior_authorisations": tuple(
            PriorAuthorisation(code=row.code, number=row.number, start=row.started_on, end=row.ended_on)
            for row in found.authorisations.get(pk, ())
        ),
        "consents": tuple(consent_fact(row) for row in found.consents.get(pk, ())),
        "orders": tuple(order_fact(row) for row in found.orders.get(pk, ())),
        "prior_visit": earliest(row.visited_on for row in visits),
        "initiating_visit": earliest(row.visited_on for row in visits if row.is_initiating),
        "education": tuple(
            Education(row.done_on, str(row.done_by_id or ""), Programme(row.programme))
            for row in found.education.get(pk, ())
        ),
        "no_other_practice": None if attested is None else not attested.other_practice_bills,
        "access": tuple(
            AccessAlignment(track=row.track, start=row.started_on, end=row.ended_on) for row in found.access.get(pk, ())
        ),
        "apcm": tuple(DateRange(start=row.started_on, end=row.ended_on) for row in found.apcm.get(pk, ())),
    }


def earliest(days: Any) -> dt.date | None:
    return min(days, default=None)


def consent_fact(row: programmes.Consent) -> Consent:
    wording = row.wording.version if row.wording else ""
    return Consent(row.given_on, row.how, str(row.taken_by_id or ""), wording, row.revoked_on)


def order_fact(row: programmes.MonitoringOrder) -> Order:
    """The practitioner by the number of the provider: names change."""
    return Order(
        date=row.ordered_on,
        practitioner=str(row.practitioner_id),
        npi=row.practitioner.npi,
        diagnoses=tuple(row.diagnoses),
        why=row.why,
        ended=row.ended_on,
    )


def zone_facts(rows: Collection[programmes.ZoneChange]) -> tuple[ZoneChange, ...]:
    return tuple(ZoneChange(ZoneInfo(zone), start) for zone, start in programmes.zones_in_force(rows))
