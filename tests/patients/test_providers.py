"""Which providers a list offers to choose from."""

import pytest
from django.db import connection
from django.utils import timezone

from patients import providers
from patients.models import Patient
from tests.factories import PatientFactory

pytestmark = pytest.mark.django_db


def test_provider_choices_list_each_provider_of_enrolled_patients_once(as_nadia, elm, harbor, nadia):
    for name in ("Dr. Oak", "Dr. Elm", "Dr. Oak", "", "dr. ash"):
        PatientFactory(clinic=elm, provider=name)
    gone = PatientFactory(clinic=elm, provider="Dr. Gone")
    Patient.objects.filter(pk=gone.pk).update(discharged_at=timezone.now())
    PatientFactory(clinic=harbor, provider="Dr. Harbor")

    assert as_nadia.get("/patients/").context["providers"] == ["Dr. Elm", "Dr. Oak", "dr. ash"]

    nadia.clinics.add(harbor)
    assert as_nadia.get("/patients/").context["providers"] == ["Dr. Elm", "Dr. Harbor", "Dr. Oak", "dr. ash"]


def test_provider_choices_are_empty_for_clinic_without_providers(elm):
    assert providers.provider_names_for([elm.pk]) == providers.provider_names_for([]) == []


def test_provider_names_query_uses_index(elm):
    for n in range(400):
        PatientFactory(clinic=elm, provider=f"Dr. {n % 40}")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE patients_patient")
        cursor.execute(f"EXPLAIN ANALYZE {providers.PROVIDER_NAMES_SQL}", [[elm.pk]])
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "patient_providers" in plan
    assert "Seq Scan on patients_patient" not in plan
