import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from patients import practitioners
from patients.enrollment import admission
from patients.models import Patient, Practitioner
from patients.models.practitioner import fold_practitioner_name
from patients.validators import validate_npi
from tests.factories import PatientFactory, PractitionerFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Dr. Imani  Okafor", "imani okafor"),
        ("dr imani okafor", "imani okafor"),
        ("DR.OKAFOR", "okafor"),
        ("José Núñez", "jose nunez"),
        ("\uff29\uff2d\uff21 Stra\u00dfe", "ima strasse"),
        ("J. R. Drake", "j r drake"),
        ("Drake", "drake"),
        ("Dr.", "dr"),
        (" . ", ""),
    ],
)
def test_fold_practitioner_name_is_the_same_for_each_spelling(name, folded):
    assert fold_practitioner_name(name) == folded
    assert fold_practitioner_name(folded) == folded


def test_validate_npi_accepts_numbers_with_the_right_check_digit():
    validate_npi("1234567893")  # the example of the standard
    validate_npi("1245319599")


@pytest.mark.parametrize(
    "npi", ["1234567890", "1234567892", "123456789", "12345678933", "123456789x", "\u0661234567893", "1 234567893"]
)
def test_validate_npi_refuses_other_numbers(npi):
    with pytest.raises(ValidationError):
        validate_npi(npi)


def test_find_or_create_finds_a_name_however_it_is_spelled(elm):
    first = practitioners.find_or_create(clinic=elm, name="Dr. José Núñez")

    assert practitioners.find_or_create(clinic=elm, name="jose nunez") == first
    assert Practitioner.objects.get().name == "Dr. José Núñez"
    assert practitioners.find_or_create(clinic=elm, name="") is None


def test_find_or_create_never_returns_a_practitioner_of_another_clinic(elm, harbor):
    other = practitioners.find_or_create(clinic=harbor, name="Dr. Okafor")

    assert practitioners.find_or_create(clinic=elm, name="Dr. Okafor") != other


@pytest.mark.parametrize("name", ["...", "x" * 121, "a\u202eb"])
def test_find_or_create_reports_an_unusable_name_at_the_field_of_the_form(elm, name):
    with pytest.raises(ValidationError) as refused:
        practitioners.find_or_create(clinic=elm, name=name)

    assert refused.value.message_dict.keys() == {"provider"}
    assert not Practitioner.objects.exists()


def test_practitioner_name_is_unique_in_its_clinic(elm, harbor):
    Practitioner.objects.create(clinic=elm, name="Dr. Okafor")
    Practitioner.objects.create(clinic=harbor, name="Dr. Okafor")

    with pytest.raises(IntegrityError):
        Practitioner.objects.create(clinic=elm, name="okafor")


def test_practitioner_folded_name_follows_a_new_name(elm):
    practitioner = PractitionerFactory(clinic=elm, name="Dr. Oak")
    practitioner.name = "Dr. Elm"
    practitioner.save(update_fields=["name"])

    assert Practitioner.objects.get().folded_name == "elm"


def test_edit_patient_with_another_spelling_of_the_provider_writes_nothing(rosa, cora):
    admission.edit_patient(patient=rosa, by=cora, edit_version=1, provider=rosa.provider.upper().replace(".", ""))

    assert Patient.objects.get(pk=rosa.pk).edit_version == 1


def test_edit_patient_creates_the_provider_or_clears_it(rosa, cora, elm):
    admission.edit_patient(patient=rosa, by=cora, edit_version=1, provider="Dr. New")
    assert Patient.objects.get(pk=rosa.pk).practitioner == Practitioner.objects.get(clinic=elm, name="Dr. New")

    admission.edit_patient(patient=rosa, by=cora, edit_version=2, provider="")
    assert Patient.objects.get(pk=rosa.pk).practitioner is None


def test_patient_form_offers_the_providers_of_the_own_clinic(as_cora, rosa, harbor):
    PractitionerFactory(clinic=harbor, name="Dr. Foreign")

    page = as_cora.get(reverse("enrollment:edit", args=[rosa.pk])).content.decode()

    assert f'<option value="{rosa.provider}">' in page
    assert "Dr. Foreign" not in page


def test_filter_choices_offer_providers_with_patients_under_care_and_the_chosen_one(elm, harbor):
    oak, elder, gone = (PatientFactory(clinic=elm, provider=name) for name in ("Dr. Oak", "Dr. Elder", "Dr. Gone"))
    PatientFactory(clinic=elm, provider="Dr. Oak")
    PatientFactory(clinic=elm, provider="")
    Patient.objects.filter(pk=gone.pk).update(discharged_at=timezone.now())
    away = PatientFactory(clinic=harbor, provider="Dr. Elder")
    here = [(str(elder.practitioner_id), "Dr. Elder"), (str(oak.practitioner_id), "Dr. Oak")]

    assert practitioners.filter_choices([elm]) == here
    assert practitioners.filter_choices([elm], chosen=str(gone.practitioner_id))[1][1] == "Dr. Gone"
    assert (str(away.practitioner_id), f"Dr. Elder, {harbor.name}") in practitioners.filter_choices([elm, harbor])
    assert practitioners.filter_choices([]) == []


def test_filter_choices_read_patients_by_the_index_of_providers(elm):
    for n in range(400):
        PatientFactory(clinic=elm, provider=f"Dr. {n % 40}")
    with CaptureQueriesContext(connection) as queries:
        practitioners.filter_choices([elm])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE patients_patient, patients_practitioner")
        cursor.execute("SET LOCAL enable_seqscan = off")  # few rows are read faster without an index
        cursor.execute(f"EXPLAIN {queries[0]['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "patient_by_practitioner" in plan


@pytest.fixture
def as_ada(client_of, ada):
    return client_of(ada)


def practitioner_form(clinic, **fields):
    return {"clinic": clinic.pk, "name": "Dr. New", "npi": "", "user": "", "_save": "Save"} | fields


def test_practitioner_admin_adds_providers_of_own_clinics_only(as_ada, elm, harbor):
    address = reverse("admin:patients_practitioner_add")

    as_ada.post(address, practitioner_form(harbor))
    as_ada.post(address, practitioner_form(elm, npi="1234567890"))
    assert not Practitioner.objects.exists()

    as_ada.post(address, practitioner_form(elm, npi="1234567893"))
    as_ada.post(address, practitioner_form(elm, name="new"))
    assert list(Practitioner.objects.values_list("clinic", "name", "npi")) == [(elm.pk, "Dr. New", "1234567893")]


def test_practitioner_admin_links_no_account_of_another_clinic(as_ada, elm, harbor):
    address, foreign = reverse("admin:patients_practitioner_add"), UserFactory(clinics=[harbor])

    as_ada.post(address, practitioner_form(elm, user=foreign.pk))

    assert not Practitioner.objects.exists()
