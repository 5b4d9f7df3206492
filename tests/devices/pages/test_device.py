"""The list of devices and the page of each device and gateway: what they say, to whom, and who looked."""

import datetime as dt

import pytest
from django.urls import reverse

from devices.models import Device, Gateway, VendorCall
from patients.models import AuditEvent
from tests.devices.pages.opening import DAY, NOW, gateway_of, page_of, queries_of, seen
from tests.factories import (
    AssignmentFactory,
    HardwareChangeFactory,
    MeasurementFactory,
    OrderFactory,
    OrderLineFactory,
    PatientFactory,
)

pytestmark = pytest.mark.django_db


def test_a_device_s_page_says_where_it_stands_and_what_to_do(client, nadia, cuff):
    Device.objects.update(state="unknown_gateway", battery_percent=61, vendor_status="Unknown Gateway ID")
    client.force_login(nadia)

    text = seen(client, page_of(cuff))

    assert "Unknown gateway" in text
    assert "Compare it with the label and correct it" in text
    assert "61 %" in text
    assert "17; excellent from 30" in text


def held_before(cuff, patient):
    cuff.assignments.update(started_at=NOW - 3 * DAY)
    AssignmentFactory(device=cuff, patient=patient, started_at=NOW - 30 * DAY, ended_at=NOW - 3 * DAY)
    return patient


def test_the_page_and_every_name_on_it_is_written_down(client, nadia, cuff, elm):
    former = held_before(cuff, PatientFactory(clinic=elm, family_name="Former"))
    client.force_login(nadia)

    text = seen(client, page_of(cuff))

    assert "Former" in text
    looks = AuditEvent.objects.filter(actor_id=nadia.pk, action__in=("view", "list"))
    assert {pk for row in looks for pk in row.patient_ids} == {cuff.patient_id, former.pk}


def test_a_holder_of_another_clinic_is_not_named(client, nadia, cuff, harbor):
    stranger = held_before(cuff, PatientFactory(clinic=harbor, family_name="Quillfeather"))
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
