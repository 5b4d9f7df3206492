"""Unlinking, and cancelling before it ships."""

from devices.models import Assignment, Device
from devices.models.vendor_call import CallKind
from devices.outbox import recovery, sending, unlinking
from devices.statuses import DeviceState
from tests.devices.calls.states import State, settle, state_of


def test_unlinking_ends_the_assignment_and_asks_for_a_second_reading(device, client, cora):
    call = unlinking.request(CallKind.UNLINK, device=device, by=cora)

    sending.drain(client)

    device.refresh_from_db()
    assert state_of(call) == State.CONFIRMED
    assert device.state == DeviceState.UNLINKED
    assert device.reread_at is not None
    assert Assignment.objects.get(device=device).ended_at == device.unlinked_on


def test_two_people_ending_at_once_send_one_call(device, client, sim, cora):
    calls_made = {unlinking.request(CallKind.UNLINK, device=device, by=cora).pk for _ in range(2)}

    sending.drain(client)

    assert len(calls_made) == 1
    assert len(sim.requests.matching("GET", "unlink-gateway")) == 1


def test_a_lost_unlink_is_found_done(device, client, sim, cora):
    call = unlinking.request(CallKind.UNLINK, device=device, by=cora)
    sim.faults.add("reset_after", match={"path_contains": "unlink-gateway"})
    sending.drain(client)
    settle()

    recovery.search_unknown(client)

    assert state_of(call) == State.CONFIRMED
    assert Device.objects.get().state == DeviceState.UNLINKED


def test_cancelling_before_it_ships_deletes_it_at_the_vendor(device, client, sim, cora):
    call = unlinking.request(CallKind.DELETE, device=device, by=cora)

    sending.drain(client)

    device.refresh_from_db()
    assert state_of(call) == State.CONFIRMED
    assert device.state == DeviceState.CANCELLED
    assert Assignment.objects.get(device=device).ended_at is not None
    assert sim.devices() == []


def test_a_delete_of_what_is_gone_already_is_done(device, client, sim, cora):
    client.delete_device(device.hwi_id)
    call = unlinking.request(CallKind.DELETE, device=device, by=cora)

    sending.drain(client)

    assert state_of(call) == State.CONFIRMED


def test_a_refused_delete_says_why(device, client, sim, cora):
    sim.ship(str(device.hwi_id))
    call = unlinking.request(CallKind.DELETE, device=device, by=cora)

    sending.drain(client)

    assert state_of(call) == State.REJECTED
    assert "Unlink it instead" in call.reason
