"""Facts that are missing: by patient in one query, and as a work list with counts."""

import datetime as dt

import pytest
from django.utils import timezone

from patients.models import AuditEvent
from patients.programmes.missing import missing_facts
from tests import factories
from tests.page_texts import missing_words, page_text

pytestmark = pytest.mark.django_db
AFTER_PROGRAMME = ["consent", "order", "relationship", "education", "other_practice", "payer"]


@pytest.fixture
def biller(client_of, cora):
    cora.keeps_billing = True
    cora.save()
    return client_of(cora)


def test_missing_facts_names_kinds_in_one_query(rosa, elm, django_assert_num_queries):
    bare = factories.PatientFactory(clinic=elm)
    complete = factories.PatientFactory(clinic=elm)
    gone = factories.PatientFactory(clinic=elm, discharged_at=timezone.now() + dt.timedelta(hours=1))
    for patient in (rosa, complete):
        factories.ProgrammeEnrolmentFactory(patient=patient)
    for name in ("Consent", "MonitoringOrder", "QualifyingVisit", "Education", "PracticeAttestation", "Coverage"):
        getattr(factories, f"{name}Factory")(patient=complete)
    # Neither revoked, ended nor withdrawn facts are on file.
    factories.ConsentFactory(patient=rosa, revoked_on=dt.date(2026, 2, 1))
    factories.MonitoringOrderFactory(patient=rosa, ended_on=dt.date(2026, 2, 1))
    withdrawn = {"withdrawn_at": timezone.now(), "withdrawn_by": factories.UserFactory(), "withdrawn_reason": "mistake"}
    factories.EducationFactory(patient=rosa, **withdrawn)

    with django_assert_num_queries(1):
        found = missing_facts([rosa.pk, bare.pk, complete.pk, gone.pk])

    assert found == {rosa.pk: AFTER_PROGRAMME, bare.pk: ["programme"]}


def test_missing_list_counts_filters_and_asks_as_many_queries_for_many(
    biller, rosa, elm, django_assert_max_num_queries
):
    factories.ProgrammeEnrolmentFactory(patient=rosa)
    for _ in range(3):
        factories.ProgrammeEnrolmentFactory(patient=factories.PatientFactory(clinic=elm))
    factories.ConsentFactory(patient=rosa)
    bare = factories.PatientFactory(clinic=elm, given_name="Bare")
    elsewhere = factories.PatientFactory(given_name="Elsewhere")

    page = biller.get("/programmes/missing/")
    with django_assert_max_num_queries(20):
        chosen = biller.get("/programmes/missing/?missing=consent")

    assert missing_words(page, "5 patients", "Consent missing 3", "Order missing 4", "Programme missing 1") == []
    assert bare.list_name in page_text(page)
    assert elsewhere.family_name not in page_text(page)
    assert rosa.list_name not in page_text(chosen)
    assert len(AuditEvent.objects.latest("pk").patient_ids) == 3


def test_missing_list_needs_the_permission_and_is_in_the_menu(client_of, nadia, biller):
    assert client_of(nadia).get("/programmes/missing/").status_code == 403
    assert "Nothing is missing." in page_text(biller.get("/programmes/missing/?missing=order"))
    assert "/programmes/missing/" in biller.get("/patients/").content.decode()
