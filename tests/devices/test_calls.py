"""The call that must be sent once: the real client on the simulator, and every way in which an answer gets lost."""

import datetime as dt

import pytest
from django.utils import timezone

from devices import activation, calls, endings, search
from devices.models import Assignment, Device, VendorCall
from devices.models.call import CallKind
from devices.states import DeviceState
from devices.tenovi import ShipTo
from tests.vendor import client, cuff, no_pauses_between_tries, posts, scale, sim

__all__ = ["client", "cuff", "no_pauses_between_tries", "scale", "sim"]

State = VendorCall.State
ADDRESS = ShipTo(name="Rosa Delgado", address="12 Alder Street", city="Concord", state="NH", zip_code="03301")
NEW_DEVICE = {"method": "POST", "path_contains": "hwi-devices"}


@pytest.fixture
def order(rosa, scale, cora):
    return activation.request_order(patient=rosa, device_type=scale, gateway=None, ship_to=ADDRESS, by=cora)


@pytest.fixture
def device(order, client):
    """Ordered and confirmed."""
    calls.drain(client)
    order.refresh_from_db()
    return order.device


def settle(settings, **past):
    """The settle time is over for every unclear call."""
    VendorCall.objects.filter(state=State.UNKNOWN).update(search_after=timezone.now() - dt.timedelta(seconds=1))


def state_of(call):
    call.refresh_from_db()
    return call.state


def test_a_confirmed_order_knows_its_device_and_the_device_its_patient(order, client, sim, rosa):
    calls.drain(client)

    assert state_of(order) == State.CONFIRMED
    assert order.device.patient == rosa
    assert order.device.state == DeviceState.REQUESTED
    assert order.device.assignments.get().started_at is None
    assert len(posts(sim)) == 1


def test_the_vendor_learns_what_shipping_needs_and_no_more(order, rosa):
    assert order.payload["patient"] == {"external_id": rosa.external_id, "name": "Rosa Delgado", "sms_opt_in": False}
    assert order.payload["ship_to"]["client_notes"] == order.reference
    assert "birth" not in str(order.payload)
    assert rosa.mrn not in str(order.payload)


def test_the_phone_number_goes_along_only_with_consent(rosa, scale, cora):
    rosa.sms_consent = True

    call = activation.request_order(patient=rosa, device_type=scale, gateway=None, ship_to=ADDRESS, by=cora)

    assert call.payload["patient"]["phone_number"] == rosa.phone
    assert call.payload["patient"]["sms_opt_in"] is True


def test_an_activation_says_no_name(rosa, scale, cora):
    call = activation.request_activation(patient=rosa, device_type=scale, hardware_uuid="a1b2-c3d4-e5f6", by=cora)

    assert call.payload["patient"] == {"external_id": rosa.external_id, "sms_opt_in": False}
    assert call.payload["gateway"] == "A1B2C3D4E5F6"


@pytest.mark.parametrize("fault", ["reset_after", "truncate", "html", "garbage"])
def test_a_lost_answer_leaves_the_call_unknown_and_opens_no_door(order, client, sim, fault):
    sim.faults.add(fault, match=NEW_DEVICE)

    calls.drain(client)
    calls.drain(client)

    assert state_of(order) == State.UNKNOWN
    assert calls.claim_next() is None
    assert len(posts(sim)) == 1


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_error_is_unknown_and_never_failed(order, client, sim, status):
    sim.faults.add("status", status=status, match=NEW_DEVICE)

    calls.drain(client)

    assert state_of(order) == State.UNKNOWN


def test_429_goes_back_to_intent_with_a_time(order, client, sim):
    sim.faults.add("status", status=429, headers={"Retry-After": "7"}, match=NEW_DEVICE)

    calls.drain(client)

    assert state_of(order) == State.INTENT
    assert 5 < (order.next_attempt_at - timezone.now()).total_seconds() <= 7


def test_a_refused_key_blames_no_order_and_stops_the_lane(order, client, sim, caplog):
    sim.faults.add("status", status=401, times=None)

    calls.drain(client)

    assert state_of(order) == State.INTENT
    assert order.reason == ""
    assert "operator" in caplog.text
    assert len(posts(sim)) == 1


def test_a_refusal_is_kept_by_field_in_the_vendors_words(rosa, scale, cora, client, sim):
    scale.name = "Tenovi Abacus"
    call = activation.request_order(patient=rosa, device_type=scale, gateway=None, ship_to=ADDRESS, by=cora)

    calls.drain(client)

    assert state_of(call) == State.REJECTED
    assert "not a valid device type" in call.reason
    assert list(call.errors) == ["device.name"]


def test_a_dead_workers_call_is_unknown_and_never_intent(order, client, sim):
    calls.claim_next()
    VendorCall.objects.update(leased_until=timezone.now() - dt.timedelta(seconds=1))

    calls.drain(client)

    assert state_of(order) == State.UNKNOWN
    assert posts(sim) == []


def test_a_worker_that_slept_past_its_lease_sends_nothing(order, client, sim):
    call = calls.claim_next()
    call.leased_until = timezone.now() - dt.timedelta(seconds=1)

    calls.send(call, client)

    assert posts(sim) == []


def test_an_answer_after_the_lease_changes_nothing(order, client, sim):
    call = calls.claim_next()
    VendorCall.objects.filter(pk=call.pk).update(leased_until=timezone.now() - dt.timedelta(seconds=1))
    calls.expire_leases()

    calls.send(call, client)

    assert state_of(order) == State.UNKNOWN
    assert len(posts(sim)) == 1


def test_a_claimed_call_is_claimed_once(order):
    assert calls.claim_next() == order
    assert calls.claim_next() is None


# --- the search ---------------------------------------------------------------------------------------------------


def test_the_search_finds_a_lost_answer_by_our_reference(order, client, sim, settings):
    sim.faults.add("reset_after", match=NEW_DEVICE)
    calls.drain(client)
    settle(settings)

    search.search_unknown(client)

    assert state_of(order) == State.CONFIRMED
    assert str(order.device.hwi_id) == sim.devices()[0]["id"]
    assert len(posts(sim)) == 1


def test_nobody_looks_before_the_settle_time(order, client, sim):
    sim.faults.add("reset_after", match=NEW_DEVICE)
    calls.drain(client)

    assert search.search_unknown(client) == 0


def test_an_order_that_never_arrived_is_sent_again_after_two_absences(order, client, sim, settings):
    sim.faults.add("reset_before", match=NEW_DEVICE)
    calls.drain(client)

    settle(settings)
    search.search_unknown(client)
    once = state_of(order)
    settle(settings)
    search.search_unknown(client)

    assert (once, state_of(order)) == (State.UNKNOWN, State.INTENT)
    calls.drain(client)
    assert state_of(order) == State.CONFIRMED
    assert len(sim.devices()) == 1


def test_two_searches_at_once_count_one_absence(order, client, sim, settings):
    sim.faults.add("reset_before", match=NEW_DEVICE)
    calls.drain(client)
    settle(settings)

    search.search_unknown(client)
    search.search_unknown(client)

    order.refresh_from_db()
    assert order.times_absent == 1


def test_without_notes_the_search_takes_the_only_device_that_no_other_call_owns(order, client, sim, settings, rosa):
    """The vendor lost our note; another order of the same patient and type is confirmed."""
    calls.drain(client)
    other = activation.request_order(
        patient=rosa, device_type=order_type(order), gateway=None, ship_to=ADDRESS, by=order.requested_by
    )
    sim.faults.add("reset_after", match=NEW_DEVICE)
    calls.drain(client)
    forget_notes(sim)
    settle(settings)

    search.search_unknown(client)

    assert state_of(other) == State.CONFIRMED
    order.refresh_from_db()
    assert other.device != order.device


def test_an_order_never_takes_what_another_call_has_activated(order, client, sim, settings, rosa, scale, cora):
    """Both workers died: one before it wrote the order, the other after it handed over a gateway of the same name."""
    calls.claim_next()
    handed_over = activation.request_activation(
        patient=rosa, device_type=scale, hardware_uuid="A1B2-C3D4-E5F6", by=cora
    )
    sim.faults.add("reset_after", match=NEW_DEVICE)
    calls.drain(client)
    VendorCall.objects.filter(pk=order.pk).update(leased_until=timezone.now() - dt.timedelta(seconds=1))
    calls.expire_leases()
    VendorCall.objects.filter(pk=order.pk).update(search_after=timezone.now() - dt.timedelta(seconds=1))

    search.search_unknown(client)
    order.refresh_from_db()
    assert (order.state, order.device, order.times_absent) == (State.UNKNOWN, None, 1)

    settle(settings)
    search.search_unknown(client)
    assert state_of(handed_over) == State.CONFIRMED


def test_several_matches_go_to_a_person(order, client, sim, settings):
    sim.faults.add("reset_after", match=NEW_DEVICE)
    calls.drain(client)
    again = VendorCall.objects.get(pk=order.pk)
    calls.PERFORM[again.kind](client, again)
    settle(settings)

    search.search_unknown(client)

    assert state_of(order) == State.NEEDS_HUMAN


def test_a_vendor_that_gives_no_answer_proves_nothing_absent(order, client, sim, settings):
    sim.faults.add("reset_before", match=NEW_DEVICE)
    calls.drain(client)
    sim.faults.add("status", status=500, match={"method": "GET"}, times=None)
    for _ in range(3):
        settle(settings)
        search.search_unknown(client)

    order.refresh_from_db()
    assert (order.state, order.times_absent) == (State.UNKNOWN, 0)


def test_four_settle_times_without_an_answer_go_to_a_person(order, client, sim, settings):
    sim.faults.add("reset_before", match=NEW_DEVICE)
    calls.drain(client)
    sim.faults.add("status", status=500, match={"method": "GET"}, times=None)
    long_ago = timezone.now() - 4 * calls.settle_time()
    VendorCall.objects.update(unknown_since=long_ago)
    settle(settings)

    search.search_unknown(client)

    assert state_of(order) == State.NEEDS_HUMAN


# --- endings ------------------------------------------------------------------------------------------------------


def test_unlinking_ends_the_assignment_and_asks_for_a_second_reading(device, client, cora):
    call = endings.request(CallKind.UNLINK, device=device, by=cora)

    calls.drain(client)

    device.refresh_from_db()
    assert state_of(call) == State.CONFIRMED
    assert device.state == DeviceState.UNLINKED
    assert device.reread_at is not None
    assert Assignment.objects.get(device=device).ended_at == device.unlinked_on


def test_two_people_ending_at_once_send_one_call(device, client, sim, cora):
    calls_made = {endings.request(CallKind.UNLINK, device=device, by=cora).pk for _ in range(2)}

    calls.drain(client)

    assert len(calls_made) == 1
    assert len(sim.requests.matching("GET", "unlink-gateway")) == 1


def test_a_lost_unlink_is_found_done(device, client, sim, cora, settings):
    call = endings.request(CallKind.UNLINK, device=device, by=cora)
    sim.faults.add("reset_after", match={"path_contains": "unlink-gateway"})
    calls.drain(client)
    settle(settings)

    search.search_unknown(client)

    assert state_of(call) == State.CONFIRMED
    assert Device.objects.get().state == DeviceState.UNLINKED


def test_cancelling_before_it_ships_deletes_it_at_the_vendor(device, client, sim, cora):
    call = endings.request(CallKind.DELETE, device=device, by=cora)

    calls.drain(client)

    device.refresh_from_db()
    assert state_of(call) == State.CONFIRMED
    assert device.state == DeviceState.CANCELLED
    assert Assignment.objects.get(device=device).ended_at is not None
    assert sim.devices() == []


def test_a_delete_of_what_is_gone_already_is_done(device, client, sim, cora):
    client.delete_device(device.hwi_id)
    call = endings.request(CallKind.DELETE, device=device, by=cora)

    calls.drain(client)

    assert state_of(call) == State.CONFIRMED


def test_a_refused_delete_says_why(device, client, sim, cora):
    sim.ship(str(device.hwi_id))
    call = endings.request(CallKind.DELETE, device=device, by=cora)

    calls.drain(client)

    assert state_of(call) == State.REJECTED
    assert "Unlink it instead" in call.reason


def order_type(call):
    return Device.objects.get(pk=VendorCall.objects.get(pk=call.pk).device_id).device_type


def forget_notes(sim):
    with sim.world.change():
        for document in sim.devices():
            document["device"]["fulfillment_request"]["client_notes"] = ""
            sim.world.store.put("device", document["id"], document)
