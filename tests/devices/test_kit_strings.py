"""Kit strings: shown, searched by, exported."""

import pytest
from django.urls import reverse

from devices import kit_strings
from patients.models import AuditEvent
from tests.factories import DeviceFactory, DeviceTypeFactory, GatewayFactory, PatientFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def kit(rosa):
    """A cuff and a scale of Rosa on one gateway, and a device that was unlinked."""
    gateway = GatewayFactory(hardware_uuid="A1B2C3D4E5F6")
    for name, code, state in (("Scale", "13", "connected"), ("Cuff", "10", "connected"), ("Old", "11", "unlinked")):
        device_type = DeviceTypeFactory(name=name, sensor_code=code)
        DeviceFactory(patient=rosa, gateway=gateway, device_type=device_type, name=name, sensor_code=code, state=state)
    return gateway


@pytest.mark.parametrize(
    ("text", "hardware"),
    [
        ("A1B2C3D4E5F6-10-13", "A1B2C3D4E5F6"),
        (" a1b2c3d4e5f6 10,13\r\n", "A1B2C3D4E5F6"),
        ("356000000000017-10", "356000000000017"),
        ("A1B2C3D4E5F6", ""),
        ("A1B2-C3D4-E5F6", ""),
        ("A1B2C3D4E5F6-", ""),
        ("Rosa-10", ""),
    ],
)
def test_parse_kit_hardware_reads_kit_strings_only(text, hardware):
    assert kit_strings.parse_kit_hardware(text) == hardware


def test_gateway_page_shows_the_kit_string_of_linked_devices_and_whitelist_steps(client_of, nadia, kit):
    page = client_of(nadia).get(reverse("devices:gateway", args=[kit.public_id])).content.decode()

    assert "A1B2C3D4E5F6-10-13" in page
    assert "pulses white" in page


def test_patient_is_found_by_kit_string(kit, rosa):
    from patients.models import Patient

    PatientFactory(clinic=rosa.clinic)
    found = Patient.objects.filter(kit_strings.patients_by_kit_string("a1b2c3d4e5f6-10-13")).distinct()
    assert [patient.pk for patient in found] == [rosa.pk]


def test_kit_export_lists_own_kits_and_is_audited(client_of, nadia, olaf, kit, rosa):
    answer = client_of(nadia).get(reverse("devices:kits"))

    lines = answer.content.decode().splitlines()
    assert answer["Content-Disposition"] == 'attachment; filename="kits.csv"'
    assert len(lines) == 2
    assert lines[1].startswith("A1B2C3D4E5F6-10-13,A1B2C3D4E5F6,Cuff; Scale,")
    assert AuditEvent.objects.filter(action="export", target="kits").get().patient_ids == [rosa.pk]
    assert len(client_of(olaf).get(reverse("devices:kits")).content.decode().splitlines()) == 1
