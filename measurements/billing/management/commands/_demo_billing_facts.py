"""Facts of the demo's billing: people, payers and their rules, and what is on file of each patient."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from measurements.billing.management.commands._demo_billing_cases import (
    ASKING_PLAN,
    HEART_PLAN,
    MEDICARE,
    BillingCase,
    Fact,
)
from measurements.billing.models import ConfirmedYear, PayerRule
from measurements.local_days import ONE_DAY
from patients.models import Clinic, Patient, Practitioner, User
from patients.programmes.facts import record_fact
from patients.programmes.models import (
    AccessAlignment,
    AccessTrack,
    BillingPractitioner,
    Consent,
    ConsentHow,
    ConsentWording,
    Coverage,
    Credential,
    Education,
    Employment,
    EmploymentKind,
    MonitoringOrder,
    OrderedMetric,
    PatientFact,
    Payer,
    PracticeAttestation,
    Programme,
    ProgrammeEnrolment,
    QualifyingVisit,
    RTMSystem,
    VisitKind,
)

NPI = "1234567893"
WORDING_VERSION = "Demonstration 1"
WORDING = (
    "We monitor you at home with devices. Medicare pays most of it, and you may have to pay a share. Only one"
    " practitioner can bill it in a month. You may stop at any time: say so, and it ends with that month."
)
YEAR = dt.timedelta(days=365)
RULE_SOURCE = "Invented for the demonstration"


def prepare_people(staff: dict[str, User], clinic: Clinic, since: dt.date) -> Practitioner:
    """Returns the billing practitioner, a provider of the clinic with an account."""
    for user in staff.values():
        user.keeps_billing = True
        user.save(update_fields=["keeps_billing"])
    nurse, practitioner = staff["nadia"], staff["omar"]
    for person, credential in ((nurse, "RN"), (practitioner, "NP")):
        record_fact(Credential(person=person, name=credential, started_on=since), by=None)
        employment = Employment(person=person, kind=EmploymentKind.PRACTICE_EMPLOYEE, started_on=since)
        record_fact(employment, by=None)
    record_fact(BillingPractitioner(person=practitioner, started_on=since), by=None)
    provider, _ = Practitioner.objects.update_or_create(
        user=practitioner, defaults={"clinic": clinic, "name": practitioner.name, "npi": NPI}
    )
    return provider


def prepare_rules(month: dt.date) -> tuple[dict[str, Payer], ConsentWording]:
    """Payers by name, one that pays for heart failure only, one that asks for prior authorizations; the wording."""
    ConfirmedYear.objects.get_or_create(
        year=month.year, defaults={"source": RULE_SOURCE, "checked_by": "Demonstration"}
    )
    payers = {name: Payer.objects.get_or_create(name=name)[0] for name in (MEDICARE, HEART_PLAN, ASKING_PLAN)}
    PayerRule.objects.create(payer=HEART_PLAN, only_diagnoses=["I50"], source=RULE_SOURCE, checked_by="Demonstration")
    PayerRule.objects.create(
        payer=ASKING_PLAN, needs_prior_authorisation=True, source=RULE_SOURCE, checked_by="Demonstration"
    )
    wording = ConsentWording.objects.create(
        version=WORDING_VERSION, text=WORDING, has_cost_share=True, has_one_practitioner=True, has_right_to_stop=True
    )
    return payers, wording


def facts_of(
    case: BillingCase, patient: Patient, first: dt.date, *, nurse: User, provider: Practitioner, payer: Payer
) -> Iterator[tuple[Fact | None, PatientFact]]:
    """All that is on file of a patient, in RPM from `first` on; each with the name by which a case may lack it."""
    yield Fact.PROGRAMME, ProgrammeEnrolment(patient=patient, programme=Programme.RPM, started_on=first)
    order = MonitoringOrder(
        patient=patient,
        practitioner=provider,
        ordered_on=first,
        diagnoses=[case.diagnosis],
        why="To follow the treatment at home, and to change it early.",
        metrics=[OrderedMetric.BLOOD_PRESSURE, OrderedMetric.WEIGHT],
    )
    yield Fact.ORDER, order
    visited = first - 14 * ONE_DAY
    yield Fact.VISIT, QualifyingVisit(patient=patient, visited_on=visited, kind=VisitKind.OFFICE, is_initiating=True)
    yield Fact.EDUCATION, Education(patient=patient, programme=Programme.RPM, done_on=first, done_by=nurse)
    words = "The patient says that the lung clinic monitors too." if case.is_billed_elsewhere else ""
    yield (
        None,
        PracticeAttestation(
            patient=patient, attested_on=first, other_practice_bills=case.is_billed_elsewhere, words=words
        ),
    )
    yield None, Coverage(patient=patient, payer=payer, member_id=f"DEMO-{patient.mrn}"[:40], started_on=first)
    if case.is_in_access:
        yield None, AccessAlignment(patient=patient, track=AccessTrack.CKM, started_on=first)
    if case.is_in_rtm:
        yield (
            None,
            ProgrammeEnrolment(
                patient=patient, programme=Programme.RTM, system=RTMSystem.RESPIRATORY, started_on=first - ONE_DAY
            ),
        )


def record_facts(
    case: BillingCase,
    patient: Patient,
    first: dt.date,
    *,
    staff: dict[str, User],
    provider: Practitioner,
    payer: Payer,
    wording: ConsentWording,
) -> None:
    nurse, coordinator = staff["nadia"], staff["cora"]
    for fact, row in facts_of(case, patient, first, nurse=nurse, provider=provider, payer=payer):
        if fact is None or fact is not case.lacks:
            record_fact(row, by=coordinator)
    if case.lacks is not Fact.CONSENT:
        consent = Consent(patient=patient, given_on=first, how=ConsentHow.SPOKEN, taken_by=nurse, wording=wording)
        record_fact(consent, by=nurse)
