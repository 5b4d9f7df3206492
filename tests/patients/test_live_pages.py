"""The refresh of the list and of a patient: news only, and as much a read as the page."""

import re

import pytest

from patients.enrollment import admission
from patients.models import AuditEvent, Patient
from tests.factories import PatientFactory
from tests.patients.pages import measured, seen

pytestmark = pytest.mark.usefixtures("noon")


def test_an_unchanged_patient_is_204_with_no_phi_read_no_audit_and_no_session_touch(
    as_nadia, rosa, django_assert_num_queries
):
    with django_assert_num_queries(3 + 2) as asked:  # session, user, version; and the request's transaction
        response = as_nadia.get(f"/patients/{rosa.pk}/live/?v={rosa.version}&days=30")

    assert (response.status_code, response.content, response.cookies) == (204, b"", {})
    assert AuditEvent.objects.filter(action="view").count() == 0
    assert not any("given_name" in query["sql"] for query in asked.captured_queries)


def test_a_changed_patient_is_200_audited_and_carries_the_new_version(as_nadia, rosa):
    measured(rosa)
    Patient.objects.bump([rosa.pk])

    response = as_nadia.get(f"/patients/{rosa.pk}/live/?v={rosa.version}&days=7")

    assert response.status_code == 200
    assert f'data-live-version="{rosa.version + 1}"' in response.content.decode()
    assert "<html" not in response.content.decode()
    assert seen("view") == [[rosa.pk]]


def test_the_refresh_holds_the_same_parts_as_the_page(as_nadia, rosa):
    measured(rosa)

    def parts(path):
        return re.findall(r'id="([\w-]+)" data-live-part', as_nadia.get(path).content.decode())

    assert sorted(parts(f"/patients/{rosa.pk}/")) == sorted(parts(f"/patients/{rosa.pk}/live/?v=0"))
    assert parts("/patients/") == parts("/patients/live/?v=0") == ["patient-rows"]


@pytest.mark.parametrize("path", ["/patients/{}/live/?v={}", "/patients/{}/live/?v=0"])
def test_the_refresh_of_a_strangers_patient_is_not_found(client, olaf, rosa, path):
    client.force_login(olaf)

    response = client.get(path.format(rosa.pk, rosa.version))

    assert response.status_code == 404
    assert "Delgado" not in response.content.decode()


def test_the_refresh_of_somebody_signed_out_is_a_redirect_without_a_patient(client, rosa):
    response = client.get(f"/patients/{rosa.pk}/live/?v=0")

    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


def test_a_list_hears_that_one_patient_came_for_another(as_nadia, nadia, rosa):
    version = as_nadia.get("/patients/").context["version"]

    admission.discharge(patient=rosa, by=nadia, reason="moved")
    PatientFactory(clinic=rosa.clinic)

    assert as_nadia.get(f"/patients/live/?v={version}").status_code == 200


def test_the_list_is_204_until_any_of_its_patients_changes(as_nadia, rosa, olaf, harbor):
    stranger = PatientFactory(clinic=harbor)
    version = as_nadia.get("/patients/").context["version"]
    AuditEvent.objects.filter(action="list").exists()

    Patient.objects.bump([stranger.pk])
    assert as_nadia.get(f"/patients/live/?v={version}").status_code == 204
    Patient.objects.bump([rosa.pk])
    assert as_nadia.get(f"/patients/live/?v={version}").status_code == 200
    assert len(seen("list")) == 2
