"""The list of devices: whose, narrowed how, and what it costs."""

import pytest
from django.urls import reverse

from devices.statuses import DeviceState
from patients.models import AuditEvent
from tests.devices.pages.opening import DAY, LIST, NOW, gateway_of, page_of, queries_of, seen
from tests.factories import DeviceFactory, GatewayFactory, PatientFactory

pytestmark = pytest.mark.django_db


def names(client, **query):
    return {device.name for device in client.get(LIST, query).context["devices"]}


@pytest.fixture
def household(rosa):
    made = {"patient": rosa, "gateway": None}
    DeviceFactory(**made, name="fresh", last_heard_at=NOW, battery_percent=80)
    DeviceFactory(**made, name="three days", last_heard_at=NOW - 3 * DAY, battery_percent=20)
    DeviceFactory(**made, name="nine days", last_heard_at=NOW - 9 * DAY, battery_percent=None)
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
def test_the_list_is_narrowed_by_state_silence_and_battery(client, nadia, household, query, found):
    client.force_login(nadia)

    assert names(client, **query) == found


def test_somebody_with_two_clinics_narrows_by_clinic_and_by_no_other(client, nadia, elm, harbor, household):
    DeviceFactory(patient=PatientFactory(clinic=harbor), name="elsewhere")
    client.force_login(nadia)
    assert "elsewhere" not in names(client, clinic=harbor.pk)

    nadia.clinics.add(harbor)

    assert names(client, clinic=harbor.pk) == {"elsewhere"}
    assert 'aria-label="Filter by clinic"' in seen(client, LIST, clinic=harbor.pk)


def test_a_chip_keeps_what_the_others_narrow(client, nadia, household):
    client.force_login(nadia)

    assert "?silent=2&amp;battery=low" in seen(client, LIST, silent="2")


def test_the_list_leads_to_device_gateway_and_patient(client, nadia, cuff, rosa):
    client.force_login(nadia)

    text = seen(client, LIST)

    for address in (page_of(cuff), gateway_of(cuff), reverse("patients:page", args=[rosa.pk])):
        assert f'href="{address}"' in text
    assert "A1B2C3D4E5F6" not in page_of(cuff) + gateway_of(cuff)


def test_as_many_queries_for_thirty_devices_as_for_one(client, nadia, cuff, rosa):
    client.force_login(nadia)
    few = queries_of(client, LIST)
    for _ in range(29):
        DeviceFactory(patient=PatientFactory(clinic=rosa.clinic))

    assert queries_of(client, LIST) == few <= 11
    assert len(client.get(LIST).context["devices"]) == 30


def test_the_devices_of_ones_own_patients_are_listed_and_audited(as_nadia, rosa, harbor):
    DeviceFactory(patient=rosa, gateway=GatewayFactory(hardware_uuid="a1b2c3d4e5f6"), battery_percent=9)
    DeviceFactory(patient=PatientFactory(clinic=harbor, family_name="Elsewhere"))

    shown = seen(as_nadia, LIST)

    assert "Delgado, Rosa" in shown
    assert "A1B2-C3D4-E5F6" in shown
    assert "9 %" in shown
    assert "Elsewhere" not in shown
    assert AuditEvent.objects.get(action="list").patient_ids == [rosa.pk]


def test_devices_can_be_narrowed_to_a_state(as_nadia, rosa):
    DeviceFactory(patient=rosa, name="Here", state=DeviceState.CONNECTED)
    DeviceFactory(patient=rosa, name="Gone", state=DeviceState.UNLINKED)

    assert "Gone" not in seen(as_nadia, LIST)
    assert "Here" not in seen(as_nadia, LIST, state="unlinked")
    assert "Gone" in seen(as_nadia, LIST, state="unlinked")
