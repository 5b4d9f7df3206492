"""The list of devices and the page of each device and gateway: what they say, to whom, and who looked."""

import datetime as dt

import pytest
from django.urls import reverse

from devices.models import Device, Gateway, VendorCall
from patients.models import AuditEvent
from tests.devices.views.page_requests import (
    DAY,
    NOW,
    count_page_queries,
    device_page_url,
    gateway_page_url,
    get_page_text,
)
from tests.factories import (
    AssignmentFactory,
    HardwareChangeFactory,
    MeasurementFactory,
    OrderFactory,
    OrderLineFactory,
    PatientFactory,
)

pytestmark = pytest.mark.django_db


def test_device_page_shows_state_advice_battery_and_signal(client, nadia, cuff):
    Device.objects.update(state="unknown_gateway", battery_percent=61, vendor_status="Unknown Gateway ID")
    client.force_login(nadia)

    text = get_page_text(client, device_page_url(cuff))

    assert "Unknown gateway" in text
    assert "Compare it with the label and correct it" in text
    assert "61 %" in text
    assert "17; excellent from 30" in text


def assign_previously(cuff, patient):
    cuff.assignments.update(started_at=NOW - 3 * DAY)
    AssignmentFactory(device=cuff, patient=patient, started_at=NOW - 30 * DAY, ended_at=NOW - 3 * DAY)
    return patient


def test_device_page_view_is_audited_for_every_patient_named_on_it(client, nadia, cuff, elm):
    former = assign_previously(cuff, PatientFactory(clinic=elm, family_name="Former"))
    client.force_login(nadia)

    text = get_page_text(client, device_page_url(cuff))

    assert "Former" in text
    looks = AuditEvent.objects.filter(actor_id=nadia.pk, action__in=("view", "list"))
    assert {pk for row in looks for pk in row.patient_ids} == {cuff.patient_id, former.pk}


def test_device_page_hides_the_name_of_a_patient_of_another_clinic(client, nadia, cuff, harbor):
    foreign_patient = assign_previously(cuff, PatientFactory(clinic=harbor, family_name="Quillfeather"))
    client.force_login(nadia)

    text = get_page_text(client, device_page_url(cuff))

    assert "a patient of another clinic" in text
    assert "Quillfeather" not in text
    assert str(foreign_patient.pk) not in text
    assert not AuditEvent.objects.filter(patient_ids__contains=[foreign_patient.pk]).exists()


def test_device_and_gateway_pages_return_404_for_a_clinician_elsewhere(client, olaf, cuff):
    client.force_login(olaf)

    for address in (
        device_page_url(cuff),
        gateway_page_url(cuff),
        f"{device_page_url(cuff)}live/",
        f"{gateway_page_url(cuff)}live/",
    ):
        answer = client.get(address)
        assert answer.status_code == 404
        assert "A1B2" not in answer.content.decode()
    assert client.post(f"{device_page_url(cuff)}look/").status_code == 404
    assert not Gateway.objects.lookup_requested().exists()


def test_device_page_shows_why_an_assignment_ended_and_who_ended_it(client, nadia, cora, cuff, rosa):
    cuff.assignments.update(ended_at=NOW - DAY)
    Device.objects.update(state="unlinked", unlinked_on=NOW - DAY)
    VendorCall.objects.create(kind="unlink", state="confirmed", device=cuff, patient=rosa, requested_by=cora)
    client.force_login(nadia)

    text = get_page_text(client, device_page_url(cuff))

    assert "monitoring ended by Cora Lindqvist" in text
    assert "End monitoring…" not in text


def test_device_page_shows_hardware_history_and_its_order(client, cora, cuff, rosa):
    HardwareChangeFactory(
        device=cuff, old_hardware_uuid="0F9E8D7C6B5A", new_hardware_uuid="A1B2C3D4E5F6", logged_at=NOW - 9 * DAY
    )
    order = OrderFactory(patient=rosa, placed_by=cora, lines=0)
    OrderLineFactory(order=order, device=cuff, status="connected")
    client.force_login(cora)

    text = get_page_text(client, device_page_url(cuff))

    assert "took the place of 0F9E-8D7C-6B5A" in text
    assert reverse("orders:page", args=[order.pk]) in text
    assert reverse("orders:end_for_device", args=[rosa.pk, cuff.hwi_id]) in text


def test_device_page_shows_times_of_readings_without_values(client, nadia, cuff):
    MeasurementFactory(device=cuff, code="weight", value_1="187.43", taken_at=NOW - dt.timedelta(hours=3))
    MeasurementFactory(device=cuff, code="weight", value_1="186.21", taken_at=NOW - DAY)
    client.force_login(nadia)

    text = get_page_text(client, device_page_url(cuff))

    assert "Weight" in text
    assert "3 h ago" in text
    assert "187.4" not in text


def test_device_page_warns_about_another_account_at_the_vendor(client, nadia, cuff):
    Device.objects.update(vendor_patient_id="acct-somebody-else")
    client.force_login(nadia)

    assert "links this device to another account" in get_page_text(client, device_page_url(cuff))


def test_device_page_query_count_does_not_grow_with_its_history(client, nadia, cuff, elm, rosa):
    client.force_login(nadia)
    cuff.assignments.update(started_at=NOW - DAY)
    AssignmentFactory(device=cuff, patient=PatientFactory(clinic=elm), started_at=NOW - 2 * DAY, ended_at=NOW - DAY)
    few = count_page_queries(client, device_page_url(cuff))
    for n in range(3, 12):
        past = {"started_at": NOW - n * DAY, "ended_at": NOW - (n - 1) * DAY}
        AssignmentFactory(device=cuff, patient=PatientFactory(clinic=elm), **past)
        HardwareChangeFactory(device=cuff, old_hardware_uuid=f"{n}", new_hardware_uuid=f"{n + 1}")
        OrderLineFactory(order=OrderFactory(patient=rosa, lines=0), device=cuff, nth=n)
        MeasurementFactory(device=cuff, taken_at=NOW - n * DAY)

    assert count_page_queries(client, device_page_url(cuff)) == few <= 24


def test_device_page_live_poll_audits_only_when_something_changed(client, nadia, cuff, rosa):
    client.force_login(nadia)
    before = AuditEvent.objects.count()

    unchanged = client.get(f"{device_page_url(cuff)}live/", {"v": rosa.live_version})
    changed = client.get(f"{device_page_url(cuff)}live/", {"v": "0"})

    assert (unchanged.status_code, unchanged.content) == (204, b"")
    assert changed.status_code == 200
    assert AuditEvent.objects.count() == before + 1
