"""Facts of a patient as the page lists them: kinds with their forms, rows in words, and notices about diagnoses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from patients.models import Condition, Patient
from patients.programmes import forms
from patients.programmes.diagnoses import conditions_from_diagnoses, is_common_code
from patients.programmes.facts import format_day, format_days
from patients.programmes.models import MonitoringOrder, PatientFact, RecordedFactQuerySet


@dataclass(frozen=True)
class FactKind:
    """`title` of the section, `one` of a row: "a consent"; `describe` a row without its days."""

    title: str
    one: str
    form: type[forms.FactForm]
    describe: Callable[[Any], str]
    people: tuple[str, ...] = ()  # foreign keys that `describe` reads
    day: str = ""  # of a fact without end

    @property
    def model(self) -> type[PatientFact]:
        return self.form._meta.model

    @property
    def ends(self) -> bool:
        return bool(self.model.END_FIELD)


def describe_enrolment(row: Any) -> str:
    return f"{row.programme}, {row.get_system_display().lower()}" if row.system else row.programme


def describe_consent(row: Any) -> str:
    wording = f"wording {row.wording}" if row.wording else "wording not known"
    return f"{row.get_how_display()}, taken by {row.taken_by or 'a person not named'}, {wording}"


def describe_order(row: Any) -> str:
    measured = f"; to be measured: {row.get_metrics_display()}" if row.metrics else ""
    return f"{row.practitioner}: {', '.join(row.diagnoses)}; {row.why}{measured}"


def describe_attestation(row: Any) -> str:
    said = "Another practice bills" if row.other_practice_bills else "No other practice bills"
    return f"{said} ({row.words})" if row.words else said


def describe_visit(row: Any) -> str:
    return f"{row.get_kind_display()}{', monitoring was begun in it' if row.is_initiating else ''}"


# By the word in the address.
FACT_KINDS: dict[str, FactKind] = {
    "enrolment": FactKind("Programme", "an enrolment in a programme", forms.EnrolmentForm, describe_enrolment),
    "payer": FactKind(
        "Payer",
        "a payer",
        forms.CoverageForm,
        lambda row: f"{row.payer}{f', member ID {row.member_id}' if row.member_id else ''}",
        ("payer",),
    ),
    "authorisation": FactKind(
        "Prior authorization",
        "a prior authorization",
        forms.AuthorisationForm,
        lambda row: f"{row.payer}: {row.code}, number {row.number}",
        ("payer",),
    ),
    "consent": FactKind("Consent", "a consent", forms.ConsentForm, describe_consent, ("taken_by", "wording")),
    "order": FactKind("Order and diagnoses", "an order to monitor", forms.OrderForm, describe_order, ("practitioner",)),
    "visit": FactKind("Visits", "a visit", forms.VisitForm, describe_visit, day="visited_on"),
    "education": FactKind(
        "Education",
        "education",
        forms.EducationForm,
        lambda row: f"{row.programme}, by {row.done_by or 'a person not named'}",
        ("done_by",),
        day="done_on",
    ),
    "attestation": FactKind(
        "Other practices", "an attestation", forms.AttestationForm, describe_attestation, day="attested_on"
    ),
    "access": FactKind("ACCESS model", "part in ACCESS", forms.AccessForm, lambda row: str(row.get_track_display())),
    "apcm": FactKind("APCM", "an APCM period", forms.ApcmForm, lambda _: "APCM"),
}


@dataclass(frozen=True)
class FactRow:
    fact: PatientFact
    text: str
    days: str
    can_end: bool


@dataclass(frozen=True)
class FactSection:
    slug: str
    kind: FactKind
    rows: list[FactRow]
    notices: list[str] = field(default_factory=list)


def fact_sections(patient: Patient) -> list[FactSection]:
    """One query for each kind, one for the codes of the clinic."""
    sections = []
    for slug, kind in FACT_KINDS.items():
        people = ("recorded_by", "withdrawn_by", *kind.people)
        start = kind.day or kind.model.START_FIELD
        rows = facts_of(patient, kind).select_related(*people).order_by(f"-{start}", "-pk")
        section = FactSection(slug, kind, [build_row(kind, row) for row in rows])
        if kind.model is MonitoringOrder:
            section.notices.extend(diagnosis_notices(patient, [row.fact for row in section.rows]))
        sections.append(section)
    return sections


def facts_of(patient: Patient, kind: FactKind) -> RecordedFactQuerySet:
    rows: RecordedFactQuerySet = kind.model.objects.filter(patient=patient)
    return rows


def build_row(kind: FactKind, row: Any) -> FactRow:
    end: dt.date | None = getattr(row, kind.model.END_FIELD) if kind.ends else None
    if not kind.ends:
        days = format_day(getattr(row, kind.day))
    elif kind.model.END_FIELD == "revoked_on" and end:
        days = f"since {format_day(row.given_on)}, revoked on {format_day(end)}"
    else:
        days = format_days(getattr(row, kind.model.START_FIELD), end)
    return FactRow(row, kind.describe(row), days, can_end=kind.ends and end is None and row.withdrawn_at is None)


def diagnosis_notices(patient: Patient, orders: list[Any]) -> list[str]:
    """About codes of the patient's orders that no other patient of the clinic has and that aren't common."""
    codes = {code for order in orders if order.withdrawn_at is None for code in order.diagnoses}
    rare = sorted(code for code in codes if not is_common_code(code))
    if not rare:
        return []
    others = MonitoringOrder.objects.valid().filter(patient__clinic=patient.clinic_id, diagnoses__overlap=rare)
    used = {code for row in others.exclude(patient=patient).values_list("diagnoses", flat=True) for code in row}
    return [f"{code} isn't in the clinic's list. Please check it." for code in rare if code not in used]


def conditions_to_add(patient: Patient, sections: list[FactSection]) -> list[Condition]:
    """Those that follow from the diagnoses of valid orders and aren't among the patient's conditions."""
    orders = [row.fact for section in sections if section.kind.model is MonitoringOrder for row in section.rows]
    codes = [code for order in orders if order.withdrawn_at is None for code in getattr(order, "diagnoses", ())]
    return [condition for condition in conditions_from_diagnoses(codes) if condition not in patient.conditions]
