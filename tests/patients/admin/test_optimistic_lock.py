"""Optimistic locking in the admin: the second of two editors gets a message, and no change is lost silently."""

import pytest
from django.urls import reverse

from fulfillment.models import Kit, KitItem
from patients.models import Clinic, User
from tests.factories import ClinicFactory, DeviceTypeFactory, KitFactory, UserFactory
from tests.page_texts import page_text
from tests.patients.admin.admin_form import admin_form_data, form_edit_version

CONFLICT_TEXT = "has changed this on"


@pytest.fixture
def administrator_client(client_of, ada):
    return client_of(ada)


@pytest.fixture
def second_administrator_client(client_of, elm):
    """The other administrator of the clinic."""
    return client_of(UserFactory(email="bea@example.org", name="Bea Voss", role="administrator", clinics=[elm]))


def test_admin_edit_conflict_shows_current_value_and_preserves_typed_value(
    administrator_client, second_administrator_client, elm
):
    kit = KitFactory(clinic=elm, name="Heart kit")
    address = reverse("admin:fulfillment_kit_change", args=[kit.pk])
    mine, hers = admin_form_data(administrator_client, address), admin_form_data(second_administrator_client, address)
    second_administrator_client.post(address, hers | {"name": "Kidney kit"})

    conflict = administrator_client.post(address, mine | {"name": "Lung kit"})

    kit.refresh_from_db()
    assert kit.name == "Kidney kit"
    assert f"bea@example.org {CONFLICT_TEXT}" in page_text(conflict)
    assert "Name: Kidney kit" in page_text(conflict)
    assert 'value="Lung kit"' in conflict.content.decode()

    again = mine | {"name": "Lung kit", "edit_version": form_edit_version(conflict)}
    assert administrator_client.post(address, again).status_code == 302
    kit.refresh_from_db()
    assert kit.name == "Lung kit"


def test_kit_admin_edit_conflict_includes_inline_items(administrator_client, second_administrator_client, elm):
    kit = KitFactory(clinic=elm)
    kit.items.all().delete()
    KitItem.objects.create(kit=kit, device_type=DeviceTypeFactory(name="Tenovi Scale"), quantity=1)
    address = reverse("admin:fulfillment_kit_change", args=[kit.pk])
    mine, hers = admin_form_data(administrator_client, address), admin_form_data(second_administrator_client, address)
    second_administrator_client.post(address, hers | {"items-0-quantity": 2})
    assert kit.items.get().quantity == 2

    conflict = administrator_client.post(address, mine | {"name": "Lung kit"})

    assert CONFLICT_TEXT in page_text(conflict)
    assert "2 x Tenovi Scale" in page_text(conflict)
    assert Kit.objects.get().items.get().quantity == 2


@pytest.mark.parametrize("field", ["role", "clinics"])
def test_user_admin_stale_form_does_not_restore_old_role_or_clinics(administrator_client, client_of, nadia, elm, field):
    root = client_of(UserFactory(is_superuser=True, is_staff=True, role="", clinics=[]))
    address = reverse("admin:patients_user_change", args=[nadia.pk])
    mine, theirs = admin_form_data(administrator_client, address), admin_form_data(root, address)
    change = {"role": "coordinator"} if field == "role" else {"clinics": [elm.pk, ClinicFactory().pk]}
    root.post(address, theirs | change)
    before = User.objects.values("role", "name").get(pk=nadia.pk)

    conflict = administrator_client.post(address, mine | {"name": "Nadia H."})

    assert conflict.status_code in (200, 403)
    assert User.objects.values("role", "name").get(pk=nadia.pk) == before
    assert nadia.clinics.count() == (1 if field == "role" else 2)


def test_user_admin_sign_in_meanwhile_causes_no_edit_conflict(administrator_client, client_of, nadia):
    address = reverse("admin:patients_user_change", args=[nadia.pk])
    mine = admin_form_data(administrator_client, address)
    client_of(nadia)

    assert administrator_client.post(address, mine | {"name": "Nadia H."}).status_code == 302
    assert User.objects.get(pk=nadia.pk).name == "Nadia H."


def test_admin_post_without_edit_version_saves_nothing(administrator_client, elm):
    address = reverse("admin:patients_clinic_change", args=[elm.pk])

    answer = administrator_client.post(address, {"name": "Oak", "time_zone": "America/Chicago"})

    assert "after you had opened it" in page_text(answer)
    assert not Clinic.objects.filter(name="Oak").exists()
