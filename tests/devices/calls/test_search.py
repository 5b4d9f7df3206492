"""A call whose answer was lost: the vendor's own list tells what became of it, or a person must."""

import datetime as dt

from django.utils import timezone

from devices.models import Device, VendorCall
from devices.outbox import recovery, requests, sending
from tests.devices.calls.states import State, settle, state_of
from tests.vendor import HOME, NEW_DEVICE, forget_notes, posts


def lose_the_answer(client, sim, *, when="reset_after"):
    """To an order that the vendor has carried out, or with `reset_before` has never seen; and time has gone by."""
    sim.faults.add(when, match=NEW_DEVICE)
    sending.drain(client)
    settle()


def lose_every_look(sim):
    sim.faults.add("status", status=500, match={"method": "GET"}, times=None)


def test_the_search_finds_a_lost_answer_by_our_reference(order, client, sim):
    lose_the_answer(client, sim)

    recovery.search_unknown(client)

    assert state_of(order) == State.CONFIRMED
    assert str(order.device.hwi_id) == sim.devices()[0]["id"]
    assert len(posts(sim)) == 1


def test_nobody_looks_before_the_settle_time(order, client, sim):
    sim.faults.add("reset_after", match=NEW_DEVICE)
    sending.drain(client)

    assert recovery.search_unknown(client) == 0


def test_an_order_that_never_arrived_is_sent_again_after_two_absences(order, client, sim):
    lose_the_answer(client, sim, when="reset_before")

    recovery.search_unknown(client)
    once = state_of(order)
    settle()
    recovery.search_unknown(client)

    assert (once, state_of(order)) == (State.UNKNOWN, State.INTENT)
    sending.drain(client)
    assert state_of(order) == State.CONFIRMED
    assert len(sim.devices()) == 1


def test_two_searches_at_once_count_one_absence(order, client, sim):
    lose_the_answer(client, sim, when="reset_before")

    recovery.search_unknown(client)
    recovery.search_unknown(client)

    order.refresh_from_db()
    assert order.times_absent == 1


def test_without_notes_the_search_takes_the_only_device_that_no_other_call_owns(order, client, sim, rosa):
    """The vendor lost our note; another order of the same patient and type is confirmed."""
    sending.drain(client)
    other = requests.request_order(
        patient=rosa, device_type=order_type(order), gateway=None, ship_to=HOME, by=order.requested_by
    )
    sim.faults.add("reset_after", match=NEW_DEVICE)
    sending.drain(client)
    forget_notes(sim)
    settle()

    recovery.search_unknown(client)

    assert state_of(other) == State.CONFIRMED
    order.refresh_from_db()
    assert other.device != order.device


def test_an_order_never_takes_what_another_call_has_activated(order, client, sim, rosa, scale, cora):
    """Both workers died: one before it wrote the order, the other after it handed over a gateway of the same name."""
    sending.claim_next()
    handed_over = requests.request_activation(patient=rosa, device_type=scale, hardware_uuid="A1B2-C3D4-E5F6", by=cora)
    sim.faults.add("reset_after", match=NEW_DEVICE)
    sending.drain(client)
    VendorCall.objects.filter(pk=order.pk).update(leased_until=timezone.now() - dt.timedelta(seconds=1))
    sending.expire_leases()
    VendorCall.objects.filter(pk=order.pk).update(search_after=timezone.now() - dt.timedelta(seconds=1))

    recovery.search_unknown(client)
    order.refresh_from_db()
    assert (order.state, order.device, order.times_absent) == (State.UNKNOWN, None, 1)

    settle()
    recovery.search_unknown(client)
    assert state_of(handed_over) == State.CONFIRMED


def test_several_matches_go_to_a_person(order, client, sim):
    lose_the_answer(client, sim)
    again = VendorCall.objects.get(pk=order.pk)
    sending.PERFORM[again.kind](client, again)

    recovery.search_unknown(client)

    assert state_of(order) == State.NEEDS_HUMAN


def test_a_vendor_that_gives_no_answer_proves_nothing_absent(order, client, sim):
    lose_the_answer(client, sim, when="reset_before")
    lose_every_look(sim)
    for _ in range(3):
        recovery.search_unknown(client)
        settle()

    order.refresh_from_db()
    assert (order.state, order.times_absent) == (State.UNKNOWN, 0)


def test_four_settle_times_without_an_answer_go_to_a_person(order, client, sim):
    lose_the_answer(client, sim, when="reset_before")
    lose_every_look(sim)
    long_ago = timezone.now() - 4 * sending.settle_time()
    VendorCall.objects.update(unknown_since=long_ago)

    recovery.search_unknown(client)

    assert state_of(order) == State.NEEDS_HUMAN


def order_type(call):
    return Device.objects.get(pk=VendorCall.objects.get(pk=call.pk).device_id).device_type
