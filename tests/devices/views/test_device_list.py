"""Device list: filters, access, audit events, query count."""

import pytest
from django.urls import reverse

from devices.statuses import DeviceState
from patients.models import AuditEvent
from tests.devices.views.page_requests import (
    DAY,
    LIST,
    NOW,
    count_page_queries,
    device_page_url,
    gateway_page_url,
    get_page_text,
)
from tests.factories import DeviceFactory, GatewayFactory, PatientFactory

pytestmark = pytest.mark.django_db


def listed_device_names(client, **query):
    return {device.name for device in client.get(LIST, query).context["page"].rows}


@pytest.fixture
def four_devices(rosa):
    made = {"patient": rosa, "gateway": None}
    DeviceFactory(**made, name="fresh", last_seen_at=NOW, battery_percent=80)
    DeviceFactory(**made, name="three days", last_seen_at=NOW - 3 * DAY, battery_percent=20)
    DeviceFactory(**made, name="nine days", last_seen_at=NOW - 9 * DAY, battery_percent=None)
    DeviceFactory(**made, name="never", state="shipped", battery_percent=None)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {"fresh", "three days", "nine days", "never"}),
        ({"silent": "2"}, {"three days", "nine days", "never"}),
        ({"silent": "7"}, {"nine days", "never"}),
        ({"silent": "never"}, {"never"}),
        ({"battery": "low"}, {"three days"}),
        ({"battery": "unknown"}, {"nine days", "never"}),
        ({"state": "connected", "silent": "2"}, {"three days", "nine days"}),
        ({"silent": "1 OR 1=1", "state": "nonsense", "battery": "\x00"}, {"fresh", "three days", "nine days", "never"}),
    ],
)
def test_device_list_filters_by_state_silence_and_battery(client, nadia, four_devices, query, found):
    client.force_login(nadia)

    assert listed_device_names(client, **query) == found


def test_device_list_filters_by_own_clinics_only(client, nadia, elm, harbor, four_devices):
    DeviceFactory(patient=PatientFactory(clinic=harbor), name="elsewhere")
    client.force_login(nadia)
    assert "elsewhere" not in listed_device_names(client, clinic=harbor.pk)

    nadia.clinics.add(harbor)

    assert listed_device_names(client, clinic=harbor.pk) == {"elsewhere"}
    assert 'aria-label="Clinic"' in get_page_text(client, LIST, clinic=harbor.pk)


def test_device_list_filter_link_retains_the_other_filters(client, nadia, four_devices):
    client.force_login(nadia)

    assert "?silent=2&amp;battery=low" in get_page_text(client, LIST, silent="2")


def test_device_list_links_to_device_gateway_and_patient_pages(client, nadia, cuff, rosa):
    client.force_login(nadia)

    text = get_page_text(client, LIST)

    for address in (device_page_url(cuff), gateway_page_url(cuff), reverse("patients:page", args=[rosa.pk])):
        assert f'href="{address}"' in text
    assert "A1B2C3D4E5F6" not in device_page_url(cuff) + gateway_page_url(cuff)


def test_device_list_query_count_does_not_grow_with_devices(client, nadia, cuff, rosa):
    client.force_login(nadia)
    few = count_page_queries(client, LIST)
    for _ in range(29):
        DeviceFactory(patient=PatientFactory(clinic=rosa.clinic))

    assert count_page_queries(client, LIST) == few <= 15  # some are the counts in the navigation
    assert len(client.get(LIST).context["page"].rows) == 30


def test_device_list_shows_and_audits_only_devices_of_own_patients(as_nadia, rosa, harbor):
    DeviceFactory(patient=rosa, gateway=GatewayFactory(hardware_uuid="a1b2c3d4e5f6"), battery_percent=9)
    DeviceFactory(patient=PatientFactory(clinic=harbor, family_name="Elsewhere"))

    shown = get_page_text(as_nadia, LIST)

    assert "Delgado, Rosa" in shown
    assert "A1B2-C3D4-E5F6" in shown
    assert "9 %" in shown
    assert "Elsewhere" not in shown
    assert AuditEvent.objects.get(action="list").patient_ids == [rosa.pk]


def test_device_list_hides_unlinked_devices_unless_filtered_by_state(as_nadia, rosa):
    DeviceFactory(patient=rosa, name="Here", state=DeviceState.CONNECTED)
    DeviceFactory(patient=rosa, name="Gone", state=DeviceState.UNLINKED)

    assert "Gone" not in get_page_text(as_nadia, LIST)
    assert "Here" not in get_page_text(as_nadia, LIST, state="unlinked")
    assert "Gone" in get_page_text(as_nadia, LIST, state="unlinked")
