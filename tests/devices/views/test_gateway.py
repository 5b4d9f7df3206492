"""The page of a gateway, and the vendor asked at once about it or a device."""

import pytest
from django.utils import timezone

from devices import device_issues, tasks
from devices.models import Device, Gateway
from patients.models import AuditEvent
from tests.devices.views.page_requests import count_page_queries, device_page_url, gateway_page_url, get_page_text
from tests.factories import DeviceFactory, GatewayFactory, HardwareChangeFactory, PatientFactory

pytestmark = pytest.mark.django_db


def test_gateway_page_shows_status_devices_and_pending_whitelisting(client, nadia, cuff, rosa):
    row = {"mac_address": "AA11BB22CC33", "created": "2026-11-02T10:00:00Z", "modified": "2026-11-02T10:01:00Z"}
    Gateway.objects.update(
        firmware_version="2.4",
        whitelist=[
            {**row, "sensor_code": "10", "whitelist_status": "CO"},
            {**row, "sensor_code": "13", "whitelist_status": "RE"},
        ],
    )
    client.force_login(nadia)

    text = get_page_text(client, gateway_page_url(cuff))

    assert "A1B2-C3D4-E5F6" in text
    assert "2.4" in text
    assert text.count("Confirmed") == 1
    assert "Asked for, not confirmed" in text
    assert "Nov 2, 2026" in text
    assert device_issues.WHITELISTING_ADVICE[:30] in text.replace("&#x27;", "'")
    assert AuditEvent.objects.filter(patient_ids__contains=[rosa.pk], target__startswith="gateway:").count() == 1


def test_gateway_page_counts_devices_of_other_clinics_without_names(client, nadia, cuff, harbor):
    foreign_patient = PatientFactory(clinic=harbor, family_name="Quillfeather")
    DeviceFactory(patient=foreign_patient, gateway=cuff.gateway, name="Strange scale")
    client.force_login(nadia)

    text = get_page_text(client, gateway_page_url(cuff))

    assert "1 more on it that you may not see" in text
    assert "Quillfeather" not in text
    assert "Strange scale" not in text


def test_gateway_page_links_devices_that_used_it_before(client, nadia, cuff, rosa):
    moved = DeviceFactory(patient=rosa, name="Tenovi Scale")
    HardwareChangeFactory(device=moved, old_hardware_uuid="A1B2C3D4E5F6", new_hardware_uuid=moved.hardware_uuid)
    client.force_login(nadia)

    assert device_page_url(moved) in get_page_text(client, gateway_page_url(cuff))


def test_gateway_page_query_count_does_not_grow_with_its_devices(client, nadia, cuff, rosa):
    client.force_login(nadia)
    few = count_page_queries(client, gateway_page_url(cuff))
    for _ in range(9):
        DeviceFactory(patient=rosa, gateway=cuff.gateway)

    assert count_page_queries(client, gateway_page_url(cuff)) == few <= 15


def test_gateway_page_of_a_cellular_device_offers_no_refresh(client, nadia, rosa):
    device = DeviceFactory(patient=rosa, gateway=GatewayFactory(hardware_uuid="356000000000018"))
    client.force_login(nadia)

    text = get_page_text(client, gateway_page_url(device))

    assert "sends by itself" in text
    assert "Ask the vendor now" not in text


def test_device_page_refresh_request_is_queued_without_a_vendor_call(client, nadia, cuff, monkeypatch):
    monkeypatch.setattr(tasks.tenovi, "user_client", None)
    client.force_login(nadia)

    text = client.post(f"{device_page_url(cuff)}look/", follow=True).content.decode()

    assert "The vendor is being asked" in text
    device = Device.objects.get()
    assert device.refresh_due_at <= timezone.now()
    assert device.hardware_log_due_at <= timezone.now()
    assert Gateway.objects.lookup_requested().get() == cuff.gateway
    assert "being asked…" in get_page_text(client, gateway_page_url(cuff))


def test_gateway_page_refresh_request_does_not_refresh_its_devices(client, cora, cuff):
    client.force_login(cora)

    client.post(f"{gateway_page_url(cuff)}look/")

    assert Gateway.objects.lookup_requested().exists()
    assert Device.objects.get().refresh_due_at is None


def test_gateway_page_shows_why_the_last_refresh_failed(client, nadia, cuff):
    Gateway.objects.update(status_problem="The vendor gave no answer that can be read.")
    client.force_login(nadia)

    assert "Shown is what was known before." in get_page_text(client, gateway_page_url(cuff))
