"""Posted search of admin lists: people by a part of name or address, patients and devices by what is on the label."""

import pytest
from django.urls import reverse

from patients.models import AuditEvent
from tests.factories import DeviceFactory, GatewayFactory, PatientFactory, UserFactory


@pytest.fixture
def admin_client(client_of, ada):
    return client_of(ada)


def find(client, app, model, text):
    """(rows of the results, the address that shows them)."""
    response = client.post(reverse(f"admin:{app}_{model}_changelist"), {"find": text})
    assert response.status_code == 302
    return list(client.get(response.url).context["cl"].result_list), response.url


@pytest.mark.parametrize(
    "text", ["haddad", "NAD", "nadia h", "had nad", "h\u00e1ddad", "nadia@ex", "@example.org nadia"]
)
def test_people_are_found_by_a_part_of_name_or_address(admin_client, nadia, cora, text):
    rows, address = find(admin_client, "patients", "user", text)

    assert rows == [nadia]
    assert text not in address


def test_people_of_another_clinic_are_not_found(admin_client, olaf):
    assert find(admin_client, "patients", "user", "olaf")[0] == []


@pytest.mark.parametrize("text", ["delgado", "603 555 0142", "acct-rosa", "A1B2-C3D4-E5F6", "356000000000017"])
def test_patients_are_found_by_name_phone_id_and_label(admin_client, rosa, harbor, text):
    for patient in (rosa, PatientFactory(clinic=harbor, family_name="Delgado")):
        for number in ("a1b2c3d4e5f6", "356000000000017"):
            DeviceFactory(patient=patient, gateway=GatewayFactory(hardware_uuid=number))

    rows, _ = find(admin_client, "patients", "patient", text)

    assert rows == [rosa]
    event = AuditEvent.objects.filter(action="search").get()
    assert (event.patient_ids, event.target) == ([rosa.pk], "patient")
    assert text not in str(event.details)


@pytest.mark.parametrize(
    "text", ["A1B2-C3D4-E5F6", "aa:11:bb:22:cc:33", "9400111899", "7b6e2c3a-0d5f-4a51-9d57-1f0f6e1d2c3b"]
)
def test_devices_are_found_by_what_is_on_the_label(admin_client, rosa, harbor, text):
    labels = {"sensor_id": "AA11BB22CC33", "tracking_link": "https://carrier.example/9400111899"}
    device = DeviceFactory(
        patient=rosa, gateway=GatewayFactory(hardware_uuid="a1b2c3d4e5f6"),
        hwi_id="7b6e2c3a-0d5f-4a51-9d57-1f0f6e1d2c3b", **labels,
    )  # fmt: skip
    DeviceFactory(patient=PatientFactory(clinic=harbor), gateway=device.gateway, **labels)

    rows, _ = find(admin_client, "devices", "device", text)

    assert rows == [device]


@pytest.mark.parametrize("text", ["", "  ", "\x00"])
def test_an_empty_search_shows_the_whole_list(admin_client, nadia, text):
    response = admin_client.post(reverse("admin:patients_user_changelist"), {"find": text})

    assert response.url == reverse("admin:patients_user_changelist")


@pytest.mark.parametrize("text", ["%", "' OR 1=1 --", "x" * 500])
def test_a_search_for_anything_else_finds_nothing(admin_client, nadia, rosa, text):
    for app, model in (("patients", "user"), ("patients", "patient"), ("devices", "device"), ("devices", "gateway")):
        assert find(admin_client, app, model, text)[0] == []


def test_audit_of_the_admin_has_lists_apart_from_openings(admin_client, ada, rosa, elm):
    lists, record = (
        reverse("admin:patients_patient_changelist"),
        reverse("admin:patients_patient_change", args=[rosa.pk]),
    )
    admin_client.get(lists)
    admin_client.get(record)
    UserFactory(clinics=[elm])

    actions = list(AuditEvent.objects.filter(actor_id=ada.pk).order_by("pk").values_list("action", flat=True))
    by_kind = {
        kind: admin_client.get(reverse("admin:patients_auditevent_changelist"), {"patient": rosa.pk, "seen": kind})
        for kind in ("opened", "listed", "")
    }

    assert actions[-2:] == ["admin_list", "admin_view"]
    assert {kind: [row.action for row in page.context["cl"].result_list] for kind, page in by_kind.items()} == {
        "opened": ["admin_view"],
        "listed": ["admin_list"],
        "": ["admin_view", "admin_list"],
    }
    assert "seen=opened" in admin_client.get(record).content.decode()
