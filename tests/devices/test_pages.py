"""The list of devices and the page of each device and gateway: what they say, to whom, and who looked."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from devices import concerns, tasks
from devices.models import Device, Gateway, VendorCall
from patients.models import AuditEvent
from tests.factories import (
    AssignmentFactory,
    DeviceFactory,
    GatewayFactory,
    HardwareChangeFactory,
    MeasurementFactory,
    OrderFactory,
    OrderLineFactory,
    PatientFactory,
)

pytestmark = pytest.mark.django_db
NOW = timezone.now()
DAY = dt.timedelta(days=1)
LIST = reverse("devices:list")


@pytest.fixture
def cuff(rosa):
    gateway = GatewayFactory(hardware_uuid="A1B2C3D4E5F6", signal_strength=17, last_checkin_at=NOW, told_at=NOW)
    return DeviceFactory(patient=rosa, gateway=gateway, name="Tenovi BPM - L", sensor_code="10", last_heard_at=NOW)


def page_of(device):
    return reverse("devices:page", args=[device.hwi_id])


def gateway_of(device):
    return reverse("devices:gateway", args=[device.gateway.public_id])


def seen(client, address, **query):
    answer = client.get(address, query)
    assert answer.status_code == 200
    return answer.content.decode()


def queries_of(client, address):
    seen(client, address)  # what a process reads once is read
    with CaptureQueriesContext(connection) as asked:
        seen(client, address)
    return len(asked)


def names(client, **query):
    return {device.name for device in client.get(LIST, query).context["devices"]}


# --- the list --------------------------------------------------------------------------------------------------------


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


# --- one device ------------------------------------------------------------------------------------------------------


def test_a_device_s_page_says_where_it_stands_and_what_to_do(client, nadia, cuff):
    Device.objects.update(state="unknown_gateway", battery_percent=61, vendor_status="Unknown Gateway ID")
    client.force_login(nadia)

    text = seen(client, page_of(cuff))

    assert "Unknown gateway" in text
    assert "Compare it with the label and correct it" in text
    assert "61 %" in text
    assert "17, fair" in text


def test_the_page_and_every_name_on_it_is_written_down(client, nadia, cuff, elm):
    former = PatientFactory(clinic=elm, family_name="Former")
    cuff.assignments.update(started_at=NOW - 3 * DAY)
    AssignmentFactory(device=cuff, patient=former, started_at=NOW - 30 * DAY, ended_at=NOW - 3 * DAY)
    client.force_login(nadia)

    text = seen(client, page_of(cuff))

    assert "Former" in text
    looks = AuditEvent.objects.filter(actor_id=nadia.pk, action__in=("view", "list"))
    assert {pk for row in looks for pk in row.patient_ids} == {cuff.patient_id, former.pk}


def test_a_holder_of_another_clinic_is_not_named(client, nadia, cuff, harbor):
    stranger = PatientFactory(clinic=harbor, family_name="Quillfeather")
    cuff.assignments.update(started_at=NOW - 3 * DAY)
    AssignmentFactory(device=cuff, patient=stranger, started_at=NOW - 30 * DAY, ended_at=NOW - 3 * DAY)
    client.force_login(nadia)

    text = seen(client, page_of(cuff))

    assert "a patient of another clinic" in text
    assert "Quillfeather" not in text
    assert str(stranger.pk) not in text
    assert not AuditEvent.objects.filter(patient_ids__contains=[stranger.pk]).exists()


def test_somebody_elsewhere_finds_neither_device_nor_gateway(client, olaf, cuff):
    client.force_login(olaf)

    for address in (page_of(cuff), gateway_of(cuff), f"{page_of(cuff)}live/", f"{gateway_of(cuff)}live/"):
        answer = client.get(address)
        assert answer.status_code == 404
        assert "A1B2" not in answer.content.decode()
    assert client.post(f"{page_of(cuff)}look/").status_code == 404
    assert not Gateway.objects.looked_for().exists()


def test_it_tells_why_a_holding_ended_and_who_ended_it(client, nadia, cora, cuff, rosa):
    cuff.assignments.update(ended_at=NOW - DAY)
    Device.objects.update(state="unlinked", unlinked_on=NOW - DAY)
    VendorCall.objects.create(kind="unlink", state="confirmed", device=cuff, patient=rosa, requested_by=cora)
    client.force_login(nadia)

    text = seen(client, page_of(cuff))

    assert "monitoring ended by Cora Lindqvist" in text
    assert "End its monitoring" not in text


def test_what_was_under_it_and_by_which_order_it_came(client, cora, cuff, rosa):
    HardwareChangeFactory(device=cuff, old="0F9E8D7C6B5A", new="A1B2C3D4E5F6", logged_at=NOW - 9 * DAY)
    order = OrderFactory(patient=rosa, placed_by=cora, lines=0)
    OrderLineFactory(order=order, device=cuff, status="connected")
    client.force_login(cora)

    text = seen(client, page_of(cuff))

    assert "took the place of 0F9E8D7C6B5A" in text
    assert reverse("orders:page", args=[order.pk]) in text
    assert reverse("orders:end_for_device", args=[rosa.pk, cuff.hwi_id]) in text


def test_it_tells_when_readings_were_taken_and_no_value(client, nadia, cuff):
    MeasurementFactory(device=cuff, code="weight", value_1="187.43", taken_at=NOW - dt.timedelta(hours=3))
    MeasurementFactory(device=cuff, code="weight", value_1="186.21", taken_at=NOW - DAY)
    client.force_login(nadia)

    text = seen(client, page_of(cuff))

    assert "Weight" in text
    assert "3 h ago" in text
    assert "187.4" not in text


def test_a_device_that_the_vendor_links_to_somebody_else_says_so(client, nadia, cuff):
    Device.objects.update(vendor_patient_id="acct-somebody-else")
    client.force_login(nadia)

    assert "links this device to another account" in seen(client, page_of(cuff))


def test_as_many_queries_for_a_long_history_as_for_none(client, nadia, cuff, elm, rosa):
    client.force_login(nadia)
    cuff.assignments.update(started_at=NOW - DAY)
    AssignmentFactory(device=cuff, patient=PatientFactory(clinic=elm), started_at=NOW - 2 * DAY, ended_at=NOW - DAY)
    few = queries_of(client, page_of(cuff))
    for n in range(3, 12):
        past = {"started_at": NOW - n * DAY, "ended_at": NOW - (n - 1) * DAY}
        AssignmentFactory(device=cuff, patient=PatientFactory(clinic=elm), **past)
        HardwareChangeFactory(device=cuff, old=f"{n}", new=f"{n + 1}")
        OrderLineFactory(order=OrderFactory(patient=rosa, lines=0), device=cuff, nth=n)
        MeasurementFactory(device=cuff, taken_at=NOW - n * DAY)

    assert queries_of(client, page_of(cuff)) == few <= 20


def test_the_poll_of_an_unchanged_page_reads_nobody(client, nadia, cuff, rosa):
    client.force_login(nadia)
    before = AuditEvent.objects.count()

    unchanged = client.get(f"{page_of(cuff)}live/", {"v": rosa.version})
    changed = client.get(f"{page_of(cuff)}live/", {"v": "0"})

    assert (unchanged.status_code, unchanged.content) == (204, b"")
    assert changed.status_code == 200
    assert AuditEvent.objects.count() == before + 1


# --- one gateway -----------------------------------------------------------------------------------------------------


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
    assert concerns.WHITELISTING[:30] in text.replace("&#x27;", "'")
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


# --- asking the vendor now -------------------------------------------------------------------------------------------


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


# --- concerns --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, 0),
        ({"last_heard_at": NOW - 3 * DAY}, 1),
        ({"last_heard_at": None, "state": "shipped"}, 0),
        ({"battery_percent": 20}, 1),
        ({"battery_percent": 21}, 0),
    ],
)
def test_what_a_device_needs_a_hand_for(cuff, facts, expected):
    for name, value in facts.items():
        setattr(cuff, name, value)

    assert len(concerns.of_device(cuff, now=NOW)) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, 0),
        ({"signal_strength": 10}, 1),
        ({"signal_strength": 11}, 0),
        ({"last_checkin_at": NOW - 3 * DAY}, 1),
        ({"last_checkin_at": None}, 0),
        ({"provisioned": False}, 1),
        ({"whitelist": [{"sensor_code": "10", "whitelist_status": "RE"}]}, 1),
    ],
)
def test_what_a_gateway_needs_a_hand_for(cuff, facts, expected):
    for name, value in facts.items():
        setattr(cuff.gateway, name, value)

    assert len(concerns.of_gateway(cuff.gateway, now=NOW)) == expected
