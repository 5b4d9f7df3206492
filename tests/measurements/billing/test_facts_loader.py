"""Facts from the rows of a clinic: they give the same bill as an equal facts file, in constant queries."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from measurements.billing.engine.evaluation import evaluate
from measurements.billing.facts_files.answers import describe_bill
from measurements.billing.facts_files.facts_file import read_facts
from measurements.billing.stored_facts.facts_loader import load_facts_of
from measurements.models import Measurement
from patients.models import Patient
from tests import factories
from tests.measurements.billing.clinic_rows import FIRST, NOON, ONE_DAY, add_session, bill_patient

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(NOON, tick=False)


def facts_of(*patients):
    found = Patient.objects.enrolled().filter(pk__in=[patient.pk for patient in patients]).select_related("clinic")
    return load_facts_of(list(found))


def stamp(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def equal_file(patient):
    """What the rows of `test_clinic_rows_give_same_bill_as_equal_facts_file` say, in the words of a facts file."""
    readings = list(Measurement.objects.filter(patient=patient).order_by("taken_at"))
    nurse, other = "nurse", "other"
    start = dt.datetime(2026, 11, 3, 15, tzinfo=dt.UTC)
    minute = dt.timedelta(minutes=1)
    timed = [(1, nurse, "P", start, 15), (2, nurse, "P", start + ONE_DAY, 10), (3, other, "P", start + minute * 5, 15)]
    return {
        "patient_zones": [
            {"zone": "America/New_York", "from": None},
            {"zone": "America/Chicago", "from": "2026-11-01T06:00:00Z"},
        ],
        "clinic_zone": "America/New_York",
        "programmes": [{"programme": "RPM", "from": "2026-10-20"}],
        "payer": "Medicare",
        "payer_rules": [{"payer": "medicare", "codes": ["99457"], "prior_authorisation": True, "source": "P"}],
        "prior_authorisations": [{"code": "99457", "number": "7", "from": "2026-10-20"}],
        "consents": [{"date": "2026-10-20", "revoked": "2026-11-25"}],
        "orders": [{"date": "2026-10-20", "diagnoses": ["I10"]}],
        "prior_visit": "2026-09-01",
        "education": [{"date": "2026-10-20", "programme": "RPM"}],
        "monitoring_periods": [{"start": "2026-10-20"}],
        "no_other_practice": True,
        "apcm": [{"from": "2026-11-10", "until": "2026-11-20"}],
        "devices": [{"serial": "scale", "type": "scale", "from": "2026-10-22"}],
        "readings": [
            {"id": row.pk, "metric": "weight", "value_1": 180, "taken": stamp(row.taken_at), "device": "scale",
             "received": stamp(row.received_at)}
            for row in readings
        ],
        "exclusions": [
            {"reading": readings[5].pk, "at": "2026-11-02T12:00:00Z"},
            {"reading": readings[6].pk, "at": "2026-11-02T12:00:00Z", "undone_at": "2026-11-03T12:00:00Z"},
        ],
        "staff": [{"id": nurse, "credential": "RN"}, {"id": other, "credential": "MA"}],
        "sessions": [
            {"id": pk, "person": person, "patient": whose, "programme": "RPM", "start": stamp(at), "source": "timer",
             "end": stamp(at + minute * length), "last_activity": stamp(at + minute * length), "end_reason": "stopped"}
            for pk, person, whose, at, length in timed
        ],
        "contacts": [{"at": "2026-11-03T16:00:00Z", "by": nurse, "mode": "audio", "outcome": "reached"}],
        "approvals": [{"kind": "time", "month": "2026-11", "at": "2026-11-30T12:00:00Z", "by": nurse}],
        "settings": {"setup_min_days": 16, "late_readings_days": 3},
    }  # fmt: skip


def test_clinic_rows_give_same_bill_as_equal_facts_file(elm, time_machine):
    patient = bill_patient(elm)
    nurse = patient.time_sessions.first().person
    facts = {"patient": patient, "recorded_by": nurse}
    factories.ZoneChangeFactory(
        patient=patient, time_zone="America/Chicago", starts_at=dt.datetime(2026, 11, 1, 6, tzinfo=dt.UTC)
    )
    patient.devices.get().assignments.update(started_at=dt.datetime(2026, 10, 22, 13, tzinfo=dt.UTC))
    rows = list(Measurement.objects.filter(patient=patient).order_by("taken_at"))
    for reading in rows[5:7]:
        at = dt.datetime(2026, 11, 2, 12, tzinfo=dt.UTC)
        factories.ExclusionEventFactory(measurement=reading, by=nurse, at=at)
    factories.ExclusionEventFactory(
        measurement=rows[6], is_undo=True, by=nurse, at=dt.datetime(2026, 11, 3, 12, tzinfo=dt.UTC)
    )
    other = factories.UserFactory(clinics=[elm])
    factories.CredentialFactory(person=other, name="MA", started_on=dt.date(2026, 11, 1))
    add_session(patient, other, dt.datetime(2026, 11, 3, 15, 5, tzinfo=dt.UTC), 15)
    factories.PayerRuleFactory(payer="Medicare", codes=["99457"], needs_prior_authorisation=True)
    factories.PriorAuthorisationFactory(**facts, code="99457", started_on=FIRST)
    withdrawn = {"withdrawn_at": NOON, "withdrawn_by": nurse, "withdrawn_reason": "Typed for another patient"}
    factories.AccessAlignmentFactory(**facts, started_on=FIRST, **withdrawn)
    factories.ApcmPeriodFactory(**facts, started_on=dt.date(2026, 11, 10), ended_on=dt.date(2026, 11, 20))
    patient_consents = factories.ConsentFactory._meta.model.objects.filter(patient=patient)
    patient_consents.update(revoked_on=dt.date(2026, 11, 25), revoked_recorded_at=NOON, revoked_recorded_by=nurse)
    factories.BillingSettingsFactory(clinic=elm, setup_min_days=4)
    factories.BillingSettingsFactory(clinic=elm, setup_min_days=16, late_readings_days=3)
    factories.TimeApprovalFactory(
        patient=patient, approved_by=nurse, approved_at=dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
    )

    loaded, read = facts_of(patient)[patient.pk], read_facts(equal_file(patient))

    found, expected = (describe_bill(evaluate(facts, NOON)) for facts in (loaded, read))
    assert found == expected
    assert [line["code"] for line in found["months"][0]["lines"]] == ["99457"]
    assert found["periods"][0]["code"] == "99445"  # 17 days less two before the assignment and an excluded one


def test_another_patients_session_takes_its_seconds_from_this_one(elm):
    patient, other = bill_patient(elm, minutes=(15,)), factories.PatientFactory(clinic=elm)
    nurse = patient.time_sessions.get().person
    at = dt.datetime(2026, 11, 3, 15, tzinfo=dt.UTC)
    add_session(other, nurse, at - dt.timedelta(minutes=5), 10, source="typed", entered_at=at + ONE_DAY)
    typed = {"source": "typed", "entered_at": at + ONE_DAY}
    add_session(patient, nurse, at + dt.timedelta(minutes=10), 10, **typed)

    (month,) = evaluate(facts_of(patient)[patient.pk], NOON).months

    assert (month.minutes["RPM"], month.seconds_lost) == (20, 300)


def test_credential_counts_from_its_first_day(elm):
    patient = bill_patient(elm, minutes=())
    late = factories.UserFactory(clinics=[elm])
    factories.CredentialFactory(person=late, started_on=dt.date(2026, 11, 4))
    for day in (3, 4):
        add_session(patient, late, dt.datetime(2026, 11, day, 15, tzinfo=dt.UTC), 10)

    (month,) = evaluate(facts_of(patient)[patient.pk], NOON).months

    assert month.minutes["RPM"] == 10


def test_load_facts_takes_constant_queries(elm):
    first = bill_patient(elm)
    with CaptureQueriesContext(connection) as for_one:
        facts_of(first)
    others = [bill_patient(elm) for _ in range(2)]

    with CaptureQueriesContext(connection) as for_three:
        facts_of(first, *others)

    assert len(for_three) == len(for_one) <= 30
