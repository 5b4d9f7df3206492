"""Credentials, employment and billing practitioners in the admin: recorded with dates, ended once, withdrawn."""

import datetime as dt

import pytest

from patients.programmes.models import BillingFactsVersion, BillingPractitioner, Credential
from tests import factories
from tests.page_texts import missing_words
from tests.patients.admin.admin_form import form_edit_version

pytestmark = pytest.mark.django_db
ADD = "/admin/programmes/credential/add/"


def change_form(client, row):
    """The address and the digest of the opened version."""
    address = f"/admin/programmes/credential/{row.pk}/change/"
    return address, {"edit_version": form_edit_version(client.get(address))}


def test_administrator_records_ends_and_withdraws_a_credential(client_of, ada, nadia, rosa):
    client = client_of(ada)
    typed = {"person": nadia.pk, "name": "RN", "started_on": "2026-01-05"}

    client.post(ADD, typed)
    overlapping = client.post(ADD, typed | {"name": "MD", "started_on": "2026-02-01"})
    row = Credential.objects.get()
    address, digest = change_form(client, row)
    client.post(address, {"ended_on": "2026-01-31", "withdraw_because": ""} | digest)
    client.post(ADD, typed | {"name": "MD", "started_on": "2026-02-01"})

    assert (row.person, row.recorded_by, row.started_on) == (nadia, ada, dt.date(2026, 1, 5))
    assert missing_words(overlapping, "since Jan 5, 2026") == []
    row.refresh_from_db()
    assert (row.ended_on, row.end_recorded_by) == (dt.date(2026, 1, 31), ada)
    assert Credential.objects.valid().count() == 2
    assert BillingFactsVersion.objects.get(patient=rosa).version == 3

    address, digest = change_form(client, row)
    client.post(address, {"withdraw_because": "another person's"} | digest)
    row.refresh_from_db()
    assert (row.withdrawn_by, row.withdrawn_reason) == (ada, "another person's")
    assert "withdraw_because" not in client.get(address).content.decode()


def test_only_clinicians_of_own_clinics_become_billing_practitioners(client_of, ada, cora, nadia, olaf):
    client, address = client_of(ada), "/admin/programmes/billingpractitioner/add/"
    for person in (cora, olaf, nadia):
        page = client.post(address, {"person": person.pk, "started_on": "2026-01-05"})
        if person == cora:
            assert missing_words(page, "Only a clinician can be a billing practitioner.") == []

    assert [row.person for row in BillingPractitioner.objects.all()] == [nadia]


def test_user_form_gives_billing_to_coordinators_and_clinicians_only(client_of, ada, cora):
    client = client_of(ada)
    address = f"/admin/patients/user/{cora.pk}/change/"
    digest = {"edit_version": form_edit_version(client.get(address))}
    typed = {"name": cora.name, "clinics": [ada.clinics.get().pk], "keeps_billing": "on"} | digest

    refused = client.post(address, typed | {"role": "administrator"})
    client.post(address, typed | {"role": "coordinator"})

    assert missing_words(refused, "Only a care coordinator or a clinician can keep billing.") == []
    cora.refresh_from_db()
    assert cora.keeps_billing


def test_wording_that_a_consent_names_is_read_only(client_of, ada, rosa):
    consent = factories.ConsentFactory(patient=rosa)

    page = client_of(ada).get(f"/admin/programmes/consentwording/{consent.wording_id}/change/")

    assert 'name="is_offered"' in page.content.decode()
    assert 'name="text"' not in page.content.decode()
