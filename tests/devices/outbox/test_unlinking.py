"""Unlinking, and cancelling before it ships."""

from devices.models import Assignment, Device
from devices.models.vendor_call import CallKind
from devices.outbox import recovery, sending, unlinking
from devices.statuses import DeviceState
from tests.devices.outbox.call_states import State, end_settle_time, refreshed_state


def test_unlink_ends_the_assignment_and_schedules_a_refresh(confirmed_device, client, cora):
    call = unlinking.request_unlink_or_delete(CallKind.UNLINK, device=confirmed_device, by=cora)

    sending.send_due_calls(client)

    confirmed_device.refresh_from_db()
    assert refreshed_state(call) == State.CONFIRMED
    assert confirmed_device.state == DeviceState.UNLINKED
    assert confirmed_device.refresh_due_at is not None
    assert Assignment.objects.get(device=confirmed_device).ended_at == confirmed_device.unlinked_on


def test_unlink_requested_twice_sends_one_call(confirmed_device, client, sim, cora):
    calls_made = {
        unlinking.request_unlink_or_delete(CallKind.UNLINK, device=confirmed_device, by=cora).pk for _ in range(2)
    }

    sending.send_due_calls(client)

    assert len(calls_made) == 1
    assert len(sim.requests.matching_lines("GET", "unlink-gateway")) == 1


def test_unlink_with_a_lost_response_is_confirmed_by_search(confirmed_device, client, sim, cora):
    call = unlinking.request_unlink_or_delete(CallKind.UNLINK, device=confirmed_device, by=cora)
    sim.faults.add("reset_after", match={"path_contains": "unlink-gateway"})
    sending.send_due_calls(client)
    end_settle_time()

    recovery.search_unknown_calls(client)

    assert refreshed_state(call) == State.CONFIRMED
    assert Device.objects.get().state == DeviceState.UNLINKED


def test_delete_before_shipping_removes_the_device_at_the_vendor(confirmed_device, client, sim, cora):
    call = unlinking.request_unlink_or_delete(CallKind.DELETE, device=confirmed_device, by=cora)

    sending.send_due_calls(client)

    confirmed_device.refresh_from_db()
    assert refreshed_state(call) == State.CONFIRMED
    assert confirmed_device.state == DeviceState.CANCELLED
    assert Assignment.objects.get(device=confirmed_device).ended_at is not None
    assert sim.devices() == []


def test_delete_of_an_already_deleted_device_is_confirmed(confirmed_device, client, sim, cora):
    client.delete_device(confirmed_device.hwi_id)
    call = unlinking.request_unlink_or_delete(CallKind.DELETE, device=confirmed_device, by=cora)

    sending.send_due_calls(client)

    assert refreshed_state(call) == State.CONFIRMED


def test_delete_refused_by_the_vendor_stores_the_reason(confirmed_device, client, sim, cora):
    sim.ship(str(confirmed_device.hwi_id))
    call = unlinking.request_unlink_or_delete(CallKind.DELETE, device=confirmed_device, by=cora)

    sending.send_due_calls(client)

    assert refreshed_state(call) == State.REJECTED
    assert "Unlink it instead" in call.reason
