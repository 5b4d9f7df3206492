"""The hardware under a device over time: what we notice, and what the vendor's log says about it."""

import datetime as dt
import uuid

import pytest
from django.utils import timezone

from devices.models import Device, HardwareChange
from devices.sync import hardware_history, upsert
from tests.factories import DeviceFactory, GatewayFactory, HardwareChangeFactory
from tests.simulated_vendor import client, no_retry_delays, sim

__all__ = ["client", "no_retry_delays", "sim"]

pytestmark = pytest.mark.django_db(transaction=True)
THEN = dt.datetime(2026, 11, 3, 15, 30, tzinfo=dt.UTC)


@pytest.fixture
def cuff(client, sim, rosa):
    theirs = sim.add_device(external_id=rosa.external_id)
    return upsert.upsert_device(client.get_device(theirs["id"]))


def swap_hardware_at_vendor(sim, cuff, new="77AA88BB99CC", **row):
    """The vendor puts other hardware under it and writes that into its log."""
    document = sim.state.store.get("device", str(cuff.hwi_id))
    old = document["device"]["hardware_uuid"]
    document["device"]["hardware_uuid"] = new
    sim.state.store.put("device", str(cuff.hwi_id), document)
    log_id = str(uuid.uuid4())
    log = {
        "id": log_id, "created": "2026-11-03T15:30:00Z", "modified": "2026-11-03T15:30:00Z", "changer": "ops@vendor",
        "object_id": str(cuff.hwi_id), "device_name": "x", "old_hardware_uuid": old, "new_hardware_uuid": new, **row,
    }  # fmt: skip
    sim.state.store.put("hardware_uuid_log", log_id, log)
    return old


def old_and_new_hardware(change):
    return change.old_hardware_uuid, change.new_hardware_uuid


def test_hardware_change_is_recorded_once_when_noticed_and_the_log_becomes_due(client, sim, cuff):
    old = swap_hardware_at_vendor(sim, cuff)

    upsert.upsert_device(client.get_device(cuff.hwi_id))
    upsert.upsert_device(client.get_device(cuff.hwi_id))

    change = HardwareChange.objects.get()
    assert old_and_new_hardware(change) == (old, "77AA88BB99CC")
    assert change.detected_at is not None
    assert Device.objects.hardware_log_due().get() == cuff, "the vendor's log is to be read"


def test_hardware_history_of_a_new_device_is_empty(cuff):
    assert not HardwareChange.objects.exists()


def test_hardware_change_by_unlinking_is_recorded_without_fetching_the_log(client, sim, cuff):
    client.unlink_device(cuff.hwi_id)

    device = upsert.upsert_device(client.get_device(cuff.hwi_id))

    assert old_and_new_hardware(HardwareChange.objects.get()) == (cuff.hardware_uuid, "")
    assert device.hardware_log_due_at is None


def test_hardware_log_supplies_the_time_of_a_noticed_change(client, sim, cuff):
    swap_hardware_at_vendor(sim, cuff)
    upsert.upsert_device(client.get_device(cuff.hwi_id))
    HardwareChange.objects.update(detected_at=THEN + dt.timedelta(hours=9))

    hardware_history.fetch_due_hardware_logs(client)
    hardware_history.request_hardware_log(cuff)
    hardware_history.fetch_due_hardware_logs(client)

    change = HardwareChange.objects.get()
    assert (change.changed_at, change.detected_at) == (THEN, THEN + dt.timedelta(hours=9))
    assert not Device.objects.hardware_log_due().exists()


def test_hardware_log_adds_changes_older_than_our_record_of_the_device(client, sim, cuff):
    swap_hardware_at_vendor(sim, cuff, old_hardware_uuid="0f9e-8d7c-6b5a", new_hardware_uuid=cuff.hardware_uuid)
    hardware_history.request_hardware_log(cuff)

    assert hardware_history.fetch_due_hardware_logs(client) == 1

    change = HardwareChange.objects.get()
    assert (old_and_new_hardware(change), change.changed_at, change.detected_at) == (
        ("0F9E8D7C6B5A", cuff.hardware_uuid),
        THEN,
        None,
    )


def test_hardware_log_does_not_match_a_change_noticed_much_earlier(cuff):
    HardwareChangeFactory(
        device=cuff, old_hardware_uuid="A", new_hardware_uuid="B", detected_at=THEN - dt.timedelta(days=60)
    )

    assert hardware_history.find_detected_change(cuff, "A", "B", THEN) is None


def test_hardware_log_rows_about_another_device_are_ignored(client, sim, cuff, rosa):
    other = DeviceFactory(patient=rosa, gateway=GatewayFactory())
    swap_hardware_at_vendor(sim, cuff)
    log = client.list_hardware_uuid_logs(cuff.hwi_id)

    hardware_history.store_hardware_log(other, log)

    assert not HardwareChange.objects.exists()


def test_hardware_log_stays_due_after_a_vendor_outage(client, sim, cuff):
    hardware_history.request_hardware_log(cuff)
    sim.faults.add(match={"path_contains": "hardware-uuid-logs"}, kind="status", status=502, times=100)

    hardware_history.fetch_due_hardware_logs(client)

    assert Device.objects.get().hardware_log_due_at > timezone.now()
    assert not HardwareChange.objects.exists()
