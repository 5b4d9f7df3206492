"""The people and places of every test: a pytest plugin that `tests/conftest.py` names."""

import pytest
from django.test import Client

from patients.models import Role
from tests.factories import ClinicFactory, PatientFactory, UserFactory


@pytest.fixture
def elm(db):
    return ClinicFactory(name="Elm Street Clinic", time_zone="America/New_York")


@pytest.fixture
def harbor(db):
    return ClinicFactory(name="Harbor Clinic", time_zone="America/Los_Angeles")


@pytest.fixture
def nadia(elm):
    """Clinician."""
    return UserFactory(email="nadia@example.org", name="Nadia Haddad", role=Role.CLINICIAN, clinics=[elm])


@pytest.fixture
def cora(elm):
    """Care coordinator."""
    return UserFactory(email="cora@example.org", name="Cora Lindqvist", role=Role.COORDINATOR, clinics=[elm])


@pytest.fixture
def ada(elm):
    """Administrator of one clinic."""
    return UserFactory(email="ada@example.org", name="Ada Mensah", role=Role.ADMINISTRATOR, clinics=[elm])


@pytest.fixture
def olaf(harbor):
    """A clinician elsewhere."""
    return UserFactory(email="olaf@example.org", name="Olaf Brandt", role=Role.CLINICIAN, clinics=[harbor])


@pytest.fixture
def rosa(elm):
    return PatientFactory(clinic=elm, given_name="Rosa", family_name="Delgado", mrn="MRN-ROSA", external_id="acct-rosa")


@pytest.fixture
def client_of():
    """A browser of a person's own, signed in."""

    def signed_in(user):
        browser = Client()
        browser.force_login(user)
        return browser

    return signed_in


@pytest.fixture
def as_nadia(client_of, nadia):
    return client_of(nadia)


@pytest.fixture
def as_cora(client_of, cora):
    return client_of(cora)
