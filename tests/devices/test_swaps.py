"""The hardware under a device over time: what we notice, and what the vendor's log says about it."""

import datetime as dt
import uuid

import pytest

from devices.models import Device, HardwareChange
from devices.sync import hardware_history, upsert
from tests.factories import DeviceFactory, GatewayFactory, HardwareChangeFactory
from tests.vendor import client, no_pauses_between_tries, sim

__all__ = ["client", "no_pauses_between_tries", "sim"]

pytestmark = pytest.mark.django_db(transaction=True)
THEN = dt.datetime(2026, 11, 3, 15, 30, tzinfo=dt.UTC)


@pytest.fixture
def cuff(client, sim, rosa):
    theirs = sim.add_device(external_id=rosa.external_id)
    return upsert.record(client.get_device(theirs["id"]))


def swap(sim, cuff, new="77AA88BB99CC", **row):
    """The vendor puts other hardware under it and writes that into its log."""
    document = sim.world.store.get("device", str(cuff.hwi_id))
    old = document["device"]["hardware_uuid"]
    document["device"]["hardware_uuid"] = new
    sim.world.store.put("device", str(cuff.hwi_id), document)
    log_id = str(uuid.uuid4())
    log = {
        "id": log_id, "created": "2026-11-03T15:30:00Z", "modified": "2026-11-03T15:30:00Z", "changer": "ops@vendor",
        "object_id": str(cuff.hwi_id), "device_name": "x", "old_hardware_uuid": old, "new_hardware_uuid": new, **row,
    }  # fmt: skip
    sim.world.store.put("hardware_uuid_log", log_id, log)
    return old


def told(change):
    return change.old, change.new


def test_other_hardware_under_a_device_is_written_down_when_it_is_noticed(client, sim, cuff):
    old = swap(sim, cuff)

    upsert.record(client.get_device(cuff.hwi_id))
    upsert.record(client.get_device(cuff.hwi_id))

    change = HardwareChange.objects.get()
    assert told(change) == (old, "77AA88BB99CC")
    assert change.noticed_at is not None
    assert Device.objects.swapped().get() == cuff, "the vendor's log is to be read"


def test_a_device_seen_for_the_first_time_has_no_history(cuff):
    assert not HardwareChange.objects.exists()


def test_a_first_gateway_and_an_unlinking_are_written_down_and_need_no_log(client, sim, cuff):
    client.unlink_device(cuff.hwi_id)

    device = upsert.record(client.get_device(cuff.hwi_id))

    assert told(HardwareChange.objects.get()) == (cuff.hardware_uuid, "")
    assert device.swaps_due_at is None


def test_the_vendor_s_log_gives_the_time_to_what_we_noticed(client, sim, cuff):
    swap(sim, cuff)
    upsert.record(client.get_device(cuff.hwi_id))
    HardwareChange.objects.update(noticed_at=THEN + dt.timedelta(hours=9))

    hardware_history.carry_out(client)
    hardware_history.ask(cuff)
    hardware_history.carry_out(client)

    change = HardwareChange.objects.get()
    assert (change.at, change.noticed_at) == (THEN, THEN + dt.timedelta(hours=9))
    assert not Device.objects.swapped().exists()


def test_changes_from_before_we_knew_the_device_come_from_the_log(client, sim, cuff):
    swap(sim, cuff, old_hardware_uuid="0f9e-8d7c-6b5a", new_hardware_uuid=cuff.hardware_uuid)
    hardware_history.ask(cuff)

    assert hardware_history.carry_out(client) == 1

    change = HardwareChange.objects.get()
    assert (told(change), change.at, change.noticed_at) == (("0F9E8D7C6B5A", cuff.hardware_uuid), THEN, None)


def test_the_same_swap_back_and_forth_stays_two_changes(cuff):
    HardwareChangeFactory(device=cuff, old="A", new="B", noticed_at=THEN - dt.timedelta(days=60))

    assert hardware_history._noticed_about(cuff, "A", "B", THEN) is None


def test_rows_about_another_device_are_not_ours(client, sim, cuff, rosa):
    other = DeviceFactory(patient=rosa, gateway=GatewayFactory())
    swap(sim, cuff)
    log = client.hardware_uuid_logs(cuff.hwi_id)

    hardware_history.keep(other, log)

    assert not HardwareChange.objects.exists()


def test_an_outage_leaves_it_due(client, sim, cuff):
    hardware_history.ask(cuff)
    sim.faults.add(match={"path_contains": "hardware-uuid-logs"}, kind="status", status=502, times=100)

    assert hardware_history.carry_out(client) == 0

    assert Device.objects.get().swaps_due_at is not None
