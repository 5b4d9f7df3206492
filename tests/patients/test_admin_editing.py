"""Two administrators on one record of the admin: the second is told, and nobody's change is lost silently."""

import pytest
from django.urls import reverse

from fulfillment.models import Kit, KitItem
from patients.models import Clinic, User
from tests.factories import ClinicFactory, DeviceTypeFactory, KitFactory, UserFactory
from tests.patients.admin_form import edition, opened
from tests.texts import text

TOLD = "has changed this on"


@pytest.fixture
def as_ada(client_of, ada):
    return client_of(ada)


@pytest.fixture
def as_bea(client_of, elm):
    """The other administrator of the clinic."""
    return client_of(UserFactory(email="bea@example.org", name="Bea Voss", role="administrator", clinics=[elm]))


def test_who_saves_second_is_told_what_stands_there_now_and_what_was_typed_stays(as_ada, as_bea, elm):
    kit = KitFactory(clinic=elm, name="Heart kit")
    address = reverse("admin:fulfillment_kit_change", args=[kit.pk])
    mine, hers = opened(as_ada, address), opened(as_bea, address)
    as_bea.post(address, hers | {"name": "Kidney kit"})

    told = as_ada.post(address, mine | {"name": "Lung kit"})

    kit.refresh_from_db()
    assert kit.name == "Kidney kit"
    assert f"bea@example.org {TOLD}" in text(told)
    assert "Name: Kidney kit" in text(told)
    assert 'value="Lung kit"' in told.content.decode()

    again = mine | {"name": "Lung kit", "edition": edition(told)}
    assert as_ada.post(address, again).status_code == 302
    kit.refresh_from_db()
    assert kit.name == "Lung kit"


def test_a_kits_contents_are_part_of_it(as_ada, as_bea, elm):
    kit = KitFactory(clinic=elm)
    kit.items.all().delete()
    KitItem.objects.create(kit=kit, device_type=DeviceTypeFactory(name="Tenovi Scale"), quantity=1)
    address = reverse("admin:fulfillment_kit_change", args=[kit.pk])
    mine, hers = opened(as_ada, address), opened(as_bea, address)
    as_bea.post(address, hers | {"items-0-quantity": 2})
    assert kit.items.get().quantity == 2

    told = as_ada.post(address, mine | {"name": "Lung kit"})

    assert TOLD in text(told)
    assert "2 x Tenovi Scale" in text(told)
    assert Kit.objects.get().items.get().quantity == 2


@pytest.mark.parametrize("field", ["role", "clinics"])
def test_a_role_and_clinics_of_a_person_are_not_put_back_by_somebody_who_opened_the_form_before(
    as_ada, client_of, nadia, elm, field
):
    root = client_of(UserFactory(is_superuser=True, is_staff=True, role="", clinics=[]))
    address = reverse("admin:patients_user_change", args=[nadia.pk])
    mine, theirs = opened(as_ada, address), opened(root, address)
    change = {"role": "coordinator"} if field == "role" else {"clinics": [elm.pk, ClinicFactory().pk]}
    root.post(address, theirs | change)
    before = User.objects.values("role", "name").get(pk=nadia.pk)

    told = as_ada.post(address, mine | {"name": "Nadia H."})

    assert told.status_code in (200, 403)
    assert User.objects.values("role", "name").get(pk=nadia.pk) == before
    assert nadia.clinics.count() == (1 if field == "role" else 2)


def test_an_untouched_record_is_saved_and_a_sign_in_meanwhile_is_no_change(as_ada, client_of, nadia):
    address = reverse("admin:patients_user_change", args=[nadia.pk])
    mine = opened(as_ada, address)
    client_of(nadia)

    assert as_ada.post(address, mine | {"name": "Nadia H."}).status_code == 302
    assert User.objects.get(pk=nadia.pk).name == "Nadia H."


def test_a_form_that_says_nothing_of_what_it_was_opened_on_saves_nothing(as_ada, elm):
    address = reverse("admin:patients_clinic_change", args=[elm.pk])

    answer = as_ada.post(address, {"name": "Oak", "time_zone": "America/Chicago"})

    assert "after you had opened it" in text(answer)
    assert not Clinic.objects.filter(name="Oak").exists()
