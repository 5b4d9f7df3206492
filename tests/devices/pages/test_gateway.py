"""The page of a gateway, and the vendor asked at once about it or a device."""

import pytest
from django.utils import timezone

from devices import device_issues, tasks
from devices.models import Device, Gateway
from patients.models import AuditEvent
from tests.devices.pages.opening import gateway_of, page_of, queries_of, seen
from tests.factories import DeviceFactory, GatewayFactory, HardwareChangeFactory, PatientFactory

pytestmark = pytest.mark.django_db


def test_a_gateway_s_page_tells_how_it_fares_what_is_on_it_and_what_is_pending(client, nadia, cuff, rosa):
    row = {"mac_address": "AA11BB22CC33", "created": "2026-11-02T10:00:00Z", "modified": "2026-11-02T10:01:00Z"}
    Gateway.objects.update(
        firmware_version="2.4",
        whitelist=[
            {**row, "sensor_code": "10", "whitelist_status": "CO"},
            {**row, "sensor_code": "13", "whitelist_status": "RE"},
        ],
    )
    client.force_login(nadia)

    text = seen(client, gateway_of(cuff))

    assert "A1B2-C3D4-E5F6" in text
    assert "2.4" in text
    assert text.count("Confirmed") == 1
    assert "Asked for, not confirmed" in text
    assert "Nov 2, 2026" in text
    assert device_issues.WHITELISTING[:30] in text.replace("&#x27;", "'")
    assert AuditEvent.objects.filter(patient_ids__contains=[rosa.pk], target__startswith="gateway:").count() == 1


def test_devices_of_others_on_the_same_gateway_are_counted_and_not_named(client, nadia, cuff, harbor):
    stranger = PatientFactory(clinic=harbor, family_name="Quillfeather")
    DeviceFactory(patient=stranger, gateway=cuff.gateway, name="Strange scale")
    client.force_login(nadia)

    text = seen(client, gateway_of(cuff))

    assert "1 more on it that you may not see" in text
    assert "Quillfeather" not in text
    assert "Strange scale" not in text


def test_a_gateway_tells_what_it_was_under_before(client, nadia, cuff, rosa):
    moved = DeviceFactory(patient=rosa, name="Tenovi Scale")
    HardwareChangeFactory(device=moved, old="A1B2C3D4E5F6", new=moved.hardware_uuid)
    client.force_login(nadia)

    assert page_of(moved) in seen(client, gateway_of(cuff))


def test_as_many_queries_for_ten_devices_on_a_gateway_as_for_one(client, nadia, cuff, rosa):
    client.force_login(nadia)
    few = queries_of(client, gateway_of(cuff))
    for _ in range(9):
        DeviceFactory(patient=rosa, gateway=cuff.gateway)

    assert queries_of(client, gateway_of(cuff)) == few <= 12


def test_a_modem_is_no_gateway(client, nadia, rosa):
    device = DeviceFactory(patient=rosa, gateway=GatewayFactory(hardware_uuid="356000000000018"))
    client.force_login(nadia)

    text = seen(client, gateway_of(device))

    assert "sends by itself" in text
    assert "Ask the vendor now" not in text


def test_a_click_asks_and_the_page_says_so_without_calling_the_vendor(client, nadia, cuff, monkeypatch):
    monkeypatch.setattr(tasks.tenovi, "people_lane", None)
    client.force_login(nadia)

    text = client.post(f"{page_of(cuff)}look/", follow=True).content.decode()

    assert "The vendor is being asked" in text
    device = Device.objects.get()
    assert device.reread_at <= timezone.now()
    assert device.swaps_due_at <= timezone.now()
    assert Gateway.objects.looked_for().get() == cuff.gateway
    assert "being asked…" in seen(client, gateway_of(cuff))


def test_a_gateway_alone_is_asked_about(client, cora, cuff):
    client.force_login(cora)

    client.post(f"{gateway_of(cuff)}look/")

    assert Gateway.objects.looked_for().exists()
    assert Device.objects.get().reread_at is None


def test_the_page_says_why_nothing_newer_is_known(client, nadia, cuff):
    Gateway.objects.update(ask_problem="The vendor gave no answer that can be read.")
    client.force_login(nadia)

    assert "What stands here is what was known before." in seen(client, gateway_of(cuff))
