"""Optional columns of facts that billing needs: recorded with the patient, or named as problems of their cells."""

import datetime as dt

import pytest

from patients.csv_writer import write_csv
from patients.imports import runs
from patients.imports.results import result_rows
from patients.models import Patient
from patients.programmes.missing import missing_facts
from patients.programmes.models import Consent, Coverage, MonitoringOrder, ProgrammeEnrolment, QualifyingVisit
from tests.factories import PayerFactory

pytestmark = pytest.mark.django_db
COMPLETE = {
    "Last name": "Thornquist",
    "First name": "Mabel",
    "DOB": "03/22/1948",
    "State": "NH",
    "Programme": "rpm",
    "First day of the programme": "01/05/2026",
    "Payer": "medicare",
    "Member ID": "1EG4-TE5",
    "Diagnosis codes": "I10, E119",
    "Ordering NPI": "1234567893",
    "Ordering provider": "Dr. Imani Okafor",
    "Order date": "01/04/2026",
    "Reason of the order": "High at home",
    "Consent date": "2026-01-05",
    "Consent type": "verbal",
    "Education date": "01/05/2026",
    "Prior visit": "12/15/2025",
    "Visit type": "office",
}


def run_import(clinic, by, *, dry_run=False, **cells):
    row = COMPLETE | cells
    content = write_csv(list(row), [list(row.values())]).encode()
    created = runs.create_import(clinic=clinic, by=by, name="list.csv", content=content)
    runs.choose_columns(created, created.mapping, answers={"date_order": "month_first"}, by=by)
    checked = runs.run_to_completion(created)
    if not dry_run:
        runs.start_import(checked, by=by, run=checked.run)
        runs.run_to_completion(checked)
    return checked.rows.get()


def test_import_records_facts_of_a_row(elm, cora):
    PayerFactory(name="Medicare")

    row = run_import(elm, cora)

    assert (row.state, row.problems) == ("enrolled", [])
    patient = row.patient
    order = MonitoringOrder.objects.get(patient=patient)
    assert (order.diagnoses, order.ordered_on, order.why) == (["I10", "E11.9"], dt.date(2026, 1, 4), "High at home")
    assert (order.practitioner.name, order.practitioner.npi) == ("Dr. Imani Okafor", "1234567893")
    assert ProgrammeEnrolment.objects.get(patient=patient).started_on == dt.date(2026, 1, 5)
    assert Coverage.objects.get(patient=patient).member_id == "1EG4-TE5"
    consent = Consent.objects.get(patient=patient)
    assert (consent.how, consent.recorded_by, consent.taken_by) == ("spoken", cora, None)
    assert QualifyingVisit.objects.get(patient=patient).kind == "office"
    assert missing_facts([patient.pk]) == {patient.pk: ["other_practice"]}


def test_import_names_problems_of_facts_and_enrols_no_patient(elm, cora):
    row = run_import(
        elm,
        cora,
        dry_run=True,
        **{
            "Programme": "RTM",
            "Diagnosis codes": "sugar",
            "Ordering NPI": "1234567890",
            "Consent date": "01/05/2050",
            "Consent type": "shouted",
            "Visit type": "dream",
        },
    )

    assert row.state == "problem"
    said = dict(row.problems)
    assert said["payer"] == "There is no payer of this name. An administrator adds payers."
    assert said["diagnosis_codes"].startswith("No ICD-10-CM code: SUG.AR.")
    assert said["ordering_npi"] == "This is no NPI. Please check its ten digits."
    assert said["consent_date"] == "This date is in the future."
    assert {"rtm_system", "consent_how", "visit_kind"} <= said.keys()
    assert "Payer: There is no payer of this name." in next(iter(result_rows(row.patient_import)))[3]
    assert Patient.objects.count() == 0


def test_import_dry_run_records_no_fact(elm, cora):
    PayerFactory(name="Medicare")

    row = run_import(elm, cora, dry_run=True)

    assert (row.state, row.problems) == ("ready", [])
    assert not Patient.objects.exists()
    assert not elm.practitioners.exists()
    assert not Consent.objects.exists()


def test_import_refuses_another_npi_of_a_known_provider_and_enrols_no_patient(elm, cora):
    PayerFactory(name="Medicare")
    elm.practitioners.create(name="Dr. Imani Okafor", npi="1245319599")

    row = run_import(elm, cora, dry_run=True)

    assert dict(row.problems) == {"ordering_npi": "Dr. Imani Okafor has another NPI on file."}


def test_import_without_columns_of_facts_records_none_and_notes_codes_without_an_order(elm, cora):
    empty = dict.fromkeys(list(COMPLETE)[4:], "") | {"Diagnosis codes": "I10"}

    row = run_import(elm, cora, **empty)

    assert row.state == "enrolled"
    assert ["diagnosis_codes", "Not used: diagnoses belong to an order with its date."] in row.notes
    assert not ProgrammeEnrolment.objects.exists()
    assert not MonitoringOrder.objects.exists()
