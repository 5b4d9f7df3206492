"""Recovery of a call whose answer was lost: by the vendor's own list, or by a person."""

import datetime as dt

from django.utils import timezone

from devices.models import Device, VendorCall
from devices.outbox import recovery, requests, sending
from tests.devices.outbox.call_states import State, end_settle_time, refreshed_state
from tests.simulated_vendor import DEVICE_POSTS, SHIPPING_ADDRESS, clear_client_notes, device_posts


def lose_response(client, sim, *, when="reset_after"):
    """To an order that the vendor has carried out, or with `reset_before` has never seen; and time has gone by."""
    sim.faults.add(when, match=DEVICE_POSTS)
    sending.send_due_calls(client)
    end_settle_time()


def fail_every_search(sim):
    sim.faults.add("status", status=500, match={"method": "GET"}, times=None)


def test_search_confirms_an_order_with_a_lost_response_by_its_reference(order, client, sim):
    lose_response(client, sim)

    recovery.search_unknown_calls(client)

    assert refreshed_state(order) == State.CONFIRMED
    assert str(order.device.hwi_id) == sim.devices()[0]["id"]
    assert len(device_posts(sim)) == 1


def test_search_does_not_run_before_the_settle_time(order, client, sim):
    sim.faults.add("reset_after", match=DEVICE_POSTS)
    sending.send_due_calls(client)

    assert recovery.search_unknown_calls(client) == 0


def test_search_requeues_an_order_absent_in_two_searches(order, client, sim):
    lose_response(client, sim, when="reset_before")

    recovery.search_unknown_calls(client)
    once = refreshed_state(order)
    end_settle_time()
    recovery.search_unknown_calls(client)

    assert (once, refreshed_state(order)) == (State.UNKNOWN, State.QUEUED)
    sending.send_due_calls(client)
    assert refreshed_state(order) == State.CONFIRMED
    assert len(sim.devices()) == 1


def test_search_run_twice_within_the_settle_time_counts_one_absence(order, client, sim):
    lose_response(client, sim, when="reset_before")

    recovery.search_unknown_calls(client)
    recovery.search_unknown_calls(client)

    order.refresh_from_db()
    assert order.absence_count == 1


def test_search_without_notes_takes_the_only_device_not_owned_by_another_call(order, client, sim, rosa):
    """The vendor lost our note; another order of the same patient and type is confirmed."""
    sending.send_due_calls(client)
    other = requests.request_order(
        patient=rosa, device_type=device_type_of(order), gateway=None, ship_to=SHIPPING_ADDRESS, by=order.requested_by
    )
    sim.faults.add("reset_after", match=DEVICE_POSTS)
    sending.send_due_calls(client)
    clear_client_notes(sim)
    end_settle_time()

    recovery.search_unknown_calls(client)

    assert refreshed_state(other) == State.CONFIRMED
    order.refresh_from_db()
    assert other.device != order.device


def test_search_for_an_order_never_takes_a_device_activated_by_another_call(order, client, sim, rosa, scale, cora):
    """Both workers died: one before it wrote the order, the other after it activated a device of the same name."""
    sending.claim_next_call()
    handed_over = requests.request_activation(patient=rosa, device_type=scale, hardware_uuid="A1B2-C3D4-E5F6", by=cora)
    sim.faults.add("reset_after", match=DEVICE_POSTS)
    sending.send_due_calls(client)
    VendorCall.objects.filter(pk=order.pk).update(leased_until=timezone.now() - dt.timedelta(seconds=1))
    sending.expire_call_leases()
    VendorCall.objects.filter(pk=order.pk).update(search_after=timezone.now() - dt.timedelta(seconds=1))

    recovery.search_unknown_calls(client)
    order.refresh_from_db()
    assert (order.state, order.device, order.absence_count) == (State.UNKNOWN, None, 1)

    end_settle_time()
    recovery.search_unknown_calls(client)
    assert refreshed_state(handed_over) == State.CONFIRMED


def test_search_with_several_matches_sets_needs_review(order, client, sim):
    lose_response(client, sim)
    again = VendorCall.objects.get(pk=order.pk)
    sending.SENDER_BY_KIND[again.kind](client, again)

    recovery.search_unknown_calls(client)

    assert refreshed_state(order) == State.NEEDS_REVIEW


def test_search_without_a_vendor_response_counts_no_absence(order, client, sim):
    lose_response(client, sim, when="reset_before")
    fail_every_search(sim)
    for _ in range(3):
        recovery.search_unknown_calls(client)
        end_settle_time()

    order.refresh_from_db()
    assert (order.state, order.absence_count) == (State.UNKNOWN, 0)


def test_search_without_a_response_for_four_settle_times_sets_needs_review(order, client, sim):
    lose_response(client, sim, when="reset_before")
    fail_every_search(sim)
    long_ago = timezone.now() - 4 * sending.settle_time()
    VendorCall.objects.update(unknown_since=long_ago)

    recovery.search_unknown_calls(client)

    assert refreshed_state(order) == State.NEEDS_REVIEW


def device_type_of(call):
    return Device.objects.get(pk=VendorCall.objects.get(pk=call.pk).device_id).device_type
