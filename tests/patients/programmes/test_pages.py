"""The page of a patient's programmes: what is on file, and the forms that record, end and withdraw it."""

import datetime as dt

import pytest
from django.utils import timezone

from patients.models import AuditEvent
from patients.programmes.models import (
    BillingFactsVersion,
    Consent,
    Coverage,
    MonitoringOrder,
    PracticeAttestation,
    ProgrammeEnrolment,
)
from tests import factories
from tests.page_texts import missing_words, page_text

pytestmark = pytest.mark.django_db


@pytest.fixture
def biller(client_of, cora):
    cora.keeps_billing = True
    cora.save()
    return client_of(cora)


def address(patient, rest=""):
    return f"/patients/{patient.pk}/programmes/{rest}"


def tomorrow():
    return (timezone.now() + dt.timedelta(days=2)).date().isoformat()


def record(client, patient, fact, **typed):
    return client.post(address(patient, f"{fact}/"), typed)


def test_programme_page_lists_facts_with_who_and_what_is_missing(biller, cora, rosa):
    factories.ProgrammeEnrolmentFactory(patient=rosa, recorded_by=cora)
    factories.CoverageFactory(patient=rosa, recorded_by=cora, member_id="1EG4")
    factories.MonitoringOrderFactory(patient=rosa, recorded_by=cora, diagnoses=["I50.9", "Q99.9"])

    page = biller.get(address(rosa))

    words = (f"Recorded by {cora}", "RPM", "Medicare, member ID 1EG4", "I50.9, Q99.9", "Record a consent")
    assert missing_words(page, *words) == []
    assert "Missing for billing: Consent, Prior visit, Education, Attestation about other practices." in page_text(page)
    assert "Q99.9 isn't in the clinic's list" in page.content.decode().replace("&#x27;", "'")
    assert "I50.9 isn" not in page.content.decode()
    assert "Heart failure" in page_text(page)  # follows from I50.9
    assert AuditEvent.objects.latest("pk").patient_ids == [rosa.pk]


def test_programme_page_is_read_only_without_the_permission(client_of, nadia, cora, rosa):
    consent = factories.ConsentFactory(patient=rosa)
    client = client_of(nadia)

    assert "Record a consent" not in page_text(client.get(address(rosa)))
    for rest in ("consent/", f"consent/{consent.pk}/end/", f"consent/{consent.pk}/withdraw/"):
        assert client.get(address(rosa, rest)).status_code == 403


def test_record_order_stores_codes_and_touches_billing(biller, cora, rosa):
    typed = {"practitioner": rosa.practitioner_id, "ordered_on": "01/05/2026", "why": "High at home"}

    wrong = record(biller, rosa, "order", diagnoses="I10, sugar", **typed)
    saved = record(biller, rosa, "order", diagnoses="i10 e119", metrics=["blood_pressure", "glucose"], **typed)

    assert missing_words(wrong, "No ICD-10-CM code: SUG.AR") == []
    assert 'value="I10, sugar"' in wrong.content.decode()
    assert saved.status_code == 302
    order = MonitoringOrder.objects.get(patient=rosa)
    assert (order.diagnoses, order.metrics, order.recorded_by) == (
        ["I10", "E11.9"], ["blood_pressure", "glucose"], cora,
    )  # fmt: skip
    assert BillingFactsVersion.objects.get(patient=rosa).version == 1
    event = AuditEvent.objects.filter(action="programme").get()
    assert (event.target, event.patient_ids) == (f"monitoringorder:{order.pk}", [rosa.pk])


def test_record_consent_needs_wording_and_a_day_that_is_not_in_the_future(biller, cora, rosa):
    wording = factories.ConsentWordingFactory(version="2026-A")
    typed = {"how": "spoken", "taken_by": cora.pk}

    form = biller.get(address(rosa, "consent/"))
    ahead = record(biller, rosa, "consent", given_on=tomorrow(), wording=wording.pk, **typed)
    bare = record(biller, rosa, "consent", given_on="2026-01-05", **typed)
    saved = record(biller, rosa, "consent", given_on="2026-01-05", wording=wording.pk, **typed)

    assert f'<option value="{wording.pk}" selected>' in form.content.decode()
    assert missing_words(ahead, "This date is in the future.") == []
    assert missing_words(bare, "Wording is missing.") == []
    assert saved.status_code == 302
    assert Consent.objects.get(patient=rosa).wording == wording


@pytest.mark.parametrize(
    ("fact", "typed", "words"),
    [
        ("enrolment", {"programme": "RTM", "started_on": "2026-01-05"}, "RTM needs its body system."),
        ("enrolment", {"programme": "RPM", "system": "respiratory", "started_on": "2026-01-05"}, "belongs to RTM"),
        (
            "enrolment",
            {"programme": "RPM", "started_on": "2026-01-05", "ended_on": "2026-01-04"},
            "before the first day, Jan 5, 2026",
        ),
        ("authorisation", {"code": "9945", "number": "1", "started_on": "2026-01-05"}, "five characters"),
        ("visit", {"visited_on": "yesterday", "kind": "office"}, "MM/DD/YYYY"),
        ("attestation", {"attested_on": "2026-01-05"}, "is missing"),
        ("payer", {"started_on": "2026-01-05"}, "Payer is missing."),
    ],
)
def test_fact_form_says_beside_the_field_what_is_wrong(biller, rosa, fact, typed, words):
    page = record(biller, rosa, fact, **typed)

    assert page.status_code == 200
    assert missing_words(page, words, "Nothing is saved yet.") == []


def test_record_payer_names_the_days_of_the_one_on_file(biller, rosa):
    payer = factories.PayerFactory()
    factories.CoverageFactory(patient=rosa, started_on=dt.date(2026, 1, 5), ended_on=dt.date(2026, 3, 1))

    refused = record(biller, rosa, "payer", payer=payer.pk, started_on="2026-03-01", member_id="kept as typed")
    saved = record(biller, rosa, "payer", payer=payer.pk, started_on="2026-03-02")

    assert missing_words(refused, "Jan 5, 2026 to Mar 1, 2026") == []
    assert "kept as typed" in refused.content.decode()
    assert saved.status_code == 302
    assert Coverage.objects.valid().filter(patient=rosa).count() == 2


def test_record_attestation_of_another_practice(biller, rosa):
    record(biller, rosa, "attestation", attested_on="2026-01-05", other_practice_bills="yes", words="the patient")

    assert PracticeAttestation.objects.get(patient=rosa).other_practice_bills


def test_end_fact_once_and_not_before_its_first_day(biller, cora, rosa):
    row = factories.ProgrammeEnrolmentFactory(patient=rosa, started_on=dt.date(2026, 1, 5))
    end = address(rosa, f"enrolment/{row.pk}/end/")

    early = biller.post(end, {"day": "2026-01-04"})
    saved = biller.post(end, {"day": "2026-02-01"})
    again = biller.post(end, {"day": "2026-02-02"})

    assert missing_words(early, "before the first day, Jan 5, 2026") == []
    assert saved.status_code == 302
    assert missing_words(again, "It is ended already.") == []
    row.refresh_from_db()
    assert (row.ended_on, row.end_recorded_by) == (dt.date(2026, 2, 1), cora)


def test_revoke_and_withdraw_consent(biller, cora, rosa):
    consent = factories.ConsentFactory(patient=rosa)
    rest = address(rosa, f"consent/{consent.pk}")

    ahead = biller.post(f"{rest}/end/", {"day": tomorrow()})
    biller.post(f"{rest}/end/", {"day": "2026-02-01"})
    bare = biller.post(f"{rest}/withdraw/", {"reason": " "})
    biller.post(f"{rest}/withdraw/", {"reason": "Another patient's form"})
    gone = biller.get(f"{rest}/withdraw/")

    assert missing_words(ahead, "in the future") == []
    assert missing_words(bare, "The reason is missing.") == []
    assert gone.status_code == 404
    consent.refresh_from_db()
    assert (consent.revoked_on, consent.withdrawn_by) == (dt.date(2026, 2, 1), cora)
    assert missing_words(biller.get(address(rosa)), "Withdrawn", "revoked on Feb 1, 2026", f"withdrawn by {cora}") == []


def test_facts_of_other_patients_are_not_found(biller, rosa):
    other = factories.ConsentFactory()
    visit = factories.QualifyingVisitFactory(patient=rosa)

    for rest in ("nonsense/", f"consent/{other.pk}/withdraw/", f"visit/{visit.pk}/end/"):
        assert biller.get(address(rosa, rest)).status_code == 404
    assert ProgrammeEnrolment.objects.count() == 0
