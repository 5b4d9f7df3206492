"""The refresh of the list and of a patient: news only, and as much a read as the page."""

import re

import pytest

from patients.enrollment import admission
from patients.models import AuditEvent, Patient
from tests.factories import PatientFactory
from tests.measurements.page_setup import add_device_with_readings, audited_patient_ids

pytestmark = pytest.mark.usefixtures("clock_at_noon")


def test_patient_live_update_unchanged_returns_204_without_phi_or_audit(as_nadia, rosa, django_assert_num_queries):
    with django_assert_num_queries(3 + 2) as asked:  # session, user, version; and the request's transaction
        response = as_nadia.get(f"/patients/{rosa.pk}/live/?v={rosa.live_version}&days=30")

    assert (response.status_code, response.content, response.cookies) == (204, b"", {})
    assert AuditEvent.objects.filter(action="view").count() == 0
    assert not any("given_name" in query["sql"] for query in asked.captured_queries)


def test_patient_live_update_changed_returns_200_with_new_version_and_audit(as_nadia, rosa):
    add_device_with_readings(rosa)
    Patient.objects.touch_live_version([rosa.pk])

    response = as_nadia.get(f"/patients/{rosa.pk}/live/?v={rosa.live_version}&days=7")

    assert response.status_code == 200
    assert f'data-live-version="{rosa.live_version + 1}"' in response.content.decode()
    assert "<html" not in response.content.decode()
    assert audited_patient_ids("view") == [[rosa.pk]]


def test_live_update_contains_the_same_parts_as_the_page(as_nadia, rosa):
    add_device_with_readings(rosa)

    def parts(path):
        return re.findall(r'id="([\w-]+)" data-live-part', as_nadia.get(path).content.decode())

    assert sorted(parts(f"/patients/{rosa.pk}/")) == sorted(parts(f"/patients/{rosa.pk}/live/?v=0"))
    assert parts("/patients/") == parts("/patients/live/?v=0") == ["list-chips", "patient-rows"]


@pytest.mark.parametrize("path", ["/patients/{}/live/?v={}", "/patients/{}/live/?v=0"])
def test_patient_live_update_of_patient_in_another_clinic_returns_404(client, olaf, rosa, path):
    client.force_login(olaf)

    response = client.get(path.format(rosa.pk, rosa.live_version))

    assert response.status_code == 404
    assert "Delgado" not in response.content.decode()


def test_patient_live_update_signed_out_redirects_to_sign_in(client, rosa):
    response = client.get(f"/patients/{rosa.pk}/live/?v=0")

    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


def test_patient_list_live_version_changes_when_one_patient_replaces_another(as_nadia, nadia, rosa):
    version = as_nadia.get("/patients/").context["version"]

    admission.discharge_patient(patient=rosa, by=nadia, reason="moved")
    PatientFactory(clinic=rosa.clinic)

    assert as_nadia.get(f"/patients/live/?v={version}").status_code == 200


def test_patient_list_live_update_returns_204_until_a_listed_patient_changes(as_nadia, rosa, olaf, harbor):
    other = PatientFactory(clinic=harbor)
    version = as_nadia.get("/patients/").context["version"]
    AuditEvent.objects.filter(action="list").exists()

    Patient.objects.touch_live_version([other.pk])
    assert as_nadia.get(f"/patients/live/?v={version}").status_code == 204
    Patient.objects.touch_live_version([rosa.pk])
    assert as_nadia.get(f"/patients/live/?v={version}").status_code == 200
    assert len(audited_patient_ids("list")) == 2
