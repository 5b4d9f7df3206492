"""Clinics: the fixed short name."""

import re

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from hypothesis import given
from hypothesis import strategies as st

from patients.models import Clinic
from patients.models.clinic import SLUG, SLUG_LENGTH, unused_slug
from tests.factories import ClinicFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Elm Street Clinic", "elm-street-clinic"),
        ("O\u2019Brien Heart, Ltd.", "obrien-heart-ltd"),
        ("Clínica Núñez", "clinica-nunez"),
        ("診療所", "clinic"),
        ("a" * 120, "a" * SLUG_LENGTH),
    ],
)
def test_clinic_slug_is_made_of_name(name, slug):
    assert Clinic.objects.create(name=name).slug == slug


def test_clinic_slug_gets_a_number_where_another_clinic_has_it():
    for name in ("Elm Street", "Elm & Street", "Elm / Street"):
        Clinic.objects.create(name=name)

    assert list(Clinic.objects.order_by("pk").values_list("slug", flat=True)) == [
        "elm-street",
        "elm-street-2",
        "elm-street-3",
    ]


@given(st.text(max_size=120))
def test_clinic_slug_made_of_any_text_is_well_formed(name):
    slug = unused_slug(name)

    assert re.fullmatch(SLUG, slug)
    assert len(slug) <= SLUG_LENGTH


def test_clinic_slug_stays_when_the_name_changes_and_never_changes_itself():
    elm = ClinicFactory(name="Elm Street")

    elm.name = "Oak Street"
    elm.save()
    elm.slug = "oak-street"

    with pytest.raises(DatabaseError, match="slug"), transaction.atomic():
        elm.save()
    elm.refresh_from_db()
    assert elm.slug == "elm-street"


@pytest.mark.parametrize("slug", ["Elm Street", "elm_street", "-elm", "elm--street", "é", "elm\n", "x" * 51])
def test_clinic_slug_of_another_shape_is_refused(slug):
    with pytest.raises(ValidationError) as refused:
        Clinic(name="Elm", slug=slug).full_clean()

    assert set(refused.value.message_dict) == {"slug"}


def test_clinic_slug_of_another_clinic_is_refused():
    ClinicFactory(name="Elm")

    with pytest.raises(ValidationError, match="Another clinic has this short name"):
        Clinic(name="Oak", slug="elm").full_clean()


def test_clinic_slug_is_typed_once_by_the_superuser_and_read_only_afterwards(client_of, ada, elm):
    page = client_of(ada).get(f"/admin/patients/clinic/{elm.pk}/change/").content.decode()

    assert elm.slug in page
    assert 'name="slug"' not in page
