"""Patients found by what is on a label or a parcel: in own clinics, audited, by indexes, in constant queries."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.hardware_ids import extract_tracking_number
from patients.models import AuditEvent
from tests.factories import (
    DeviceFactory,
    DeviceTypeFactory,
    GatewayFactory,
    HardwareChangeFactory,
    PatientFactory,
    VendorCallFactory,
)
from tests.test_query_indexes import queries_with_full_scan

pytestmark = pytest.mark.django_db
HWI_ID = "7b6e2c3a-0d5f-4a51-9d57-1f0f6e1d2c3b"
LINK = "carrier.example/track/9400111899"


@pytest.fixture
def labelled(rosa):
    """Rosa's device, with a number of each kind."""
    device = DeviceFactory(
        patient=rosa,
        hwi_id=HWI_ID,
        gateway=GatewayFactory(hardware_uuid="F5E7C9FA474A"),
        sensor_id="AA:11:BB:22:CC:33",
        tracking_link=f"https://{LINK}",
    )
    oximeter = DeviceTypeFactory(name="Cellular oximeter")
    DeviceFactory(patient=rosa, device_type=oximeter, gateway=GatewayFactory(hardware_uuid="356000000000017"))
    HardwareChangeFactory(device=device, old_hardware_uuid="0F9E8D7C6B5A")
    VendorCallFactory(patient=rosa, reference="V7K2M9QXR4")
    DeviceFactory(patient=PatientFactory(clinic=rosa.clinic))
    return rosa


ASKED = [
    *("F5E7-C9FA-474A", "f5e7c9fa474a", "F5E7\u2011C9FA\u2011474A", " f5:e7:c9:fa:47:4a "),
    *("356000000000017", "35-600000-000001-7", "0f9e-8d7c-6b5a", "AA11BB22CC33", "aa:11:bb:22:cc:33"),
    *("9400111899", "9400 1118 99", LINK, f"https://{LINK}?x=1", HWI_ID, HWI_ID.upper()),
    *("V7K2M9QXR4", "v7k2m9qxr4"),
]


def search_results(client, asked):
    return [row.patient for row in client.post("/patients/", {"q": asked}, follow=True).context["rows"]]


@pytest.mark.parametrize("asked", ASKED)
def test_search_finds_the_patient_of_a_number_in_any_spelling(as_nadia, labelled, asked):
    assert search_results(as_nadia, asked) == [labelled]
    assert AuditEvent.objects.filter(action="search").latest("pk").patient_ids == [labelled.pk]


@pytest.mark.parametrize("asked", ["F5E7", "474A", "35600", "9400", "F5E7-C9FA-474B", "356000000000018", "track"])
def test_search_finds_no_patient_by_a_part_or_another_number(as_nadia, labelled, asked):
    assert search_results(as_nadia, asked) == []


def test_search_finds_no_number_of_another_clinic(client_of, olaf, labelled):
    assert [search_results(client_of(olaf), asked) for asked in ASKED] == [[]] * len(ASKED)


@pytest.mark.parametrize("asked", [*ASKED, "rosa", "delgado 4/9/1951"])
def test_search_reads_no_table_from_end_to_end_and_makes_constant_queries(as_nadia, labelled, asked):
    with CaptureQueriesContext(connection) as queries:
        search_results(as_nadia, asked)

    assert list(queries_with_full_scan(queries.captured_queries)) == []
    assert len(queries) <= 26


@pytest.mark.parametrize(
    ("link", "number"),
    [
        *((f"https://{LINK}", "9400111899"), (LINK, "9400111899"), ("9400 1118 9922 3", "9400111899223")),
        ("https://www.ups.com/track?tracknum=1Z999AA10123456784&loc=en_US", "1Z999AA10123456784"),
        ("https://tools.usps.com/go/TrackConfirmAction?tLabels=9400111899223012345678", "9400111899223012345678"),
        ("https://www.fedex.com/fedextrack/?trknbr=771234567890#top", "771234567890"),
        *(("https://carrier.example/", ""), ("https://carrier24365.example", ""), ("", ""), ("soon", "")),
    ],
)
def test_extract_tracking_number_is_the_run_with_most_digits(link, number):
    assert extract_tracking_number(link) == number
