"""The call that must be sent once: the real client on the simulator, and every way in which an answer gets lost."""

import datetime as dt

import pytest
from django.utils import timezone

from devices.models import VendorCall
from devices.outbox import requests, sending
from devices.statuses import DeviceState
from tests.devices.calls.states import State, state_of
from tests.vendor import HOME, NEW_DEVICE, posts


def test_a_confirmed_order_knows_its_device_and_the_device_its_patient(order, client, sim, rosa):
    sending.drain(client)

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

    call = requests.request_order(patient=rosa, device_type=scale, gateway=None, ship_to=HOME, by=cora)

    assert call.payload["patient"]["phone_number"] == rosa.phone
    assert call.payload["patient"]["sms_opt_in"] is True


def test_an_activation_says_no_name(rosa, scale, cora):
    call = requests.request_activation(patient=rosa, device_type=scale, hardware_uuid="a1b2-c3d4-e5f6", by=cora)

    assert call.payload["patient"] == {"external_id": rosa.external_id, "sms_opt_in": False}
    assert call.payload["gateway"] == "A1B2C3D4E5F6"


@pytest.mark.parametrize("fault", ["reset_after", "truncate", "html", "garbage"])
def test_a_lost_answer_leaves_the_call_unknown_and_opens_no_door(order, client, sim, fault):
    sim.faults.add(fault, match=NEW_DEVICE)

    sending.drain(client)
    sending.drain(client)

    assert state_of(order) == State.UNKNOWN
    assert sending.claim_next() is None
    assert len(posts(sim)) == 1


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_error_is_unknown_and_never_failed(order, client, sim, status):
    sim.faults.add("status", status=status, match=NEW_DEVICE)

    sending.drain(client)

    assert state_of(order) == State.UNKNOWN


def test_429_goes_back_to_intent_with_a_time(order, client, sim):
    sim.faults.add("status", status=429, headers={"Retry-After": "7"}, match=NEW_DEVICE)

    began = timezone.now()
    sending.drain(client)

    assert state_of(order) == State.INTENT
    assert began <= order.next_attempt_at - dt.timedelta(seconds=7) <= timezone.now()


def test_a_refused_key_blames_no_order_and_stops_the_lane(order, client, sim, caplog):
    sim.faults.add("status", status=401, times=None)

    sending.drain(client)

    assert state_of(order) == State.INTENT
    assert order.reason == ""
    assert "operator" in caplog.text
    assert len(posts(sim)) == 1


def test_a_refusal_is_kept_by_field_in_the_vendors_words(rosa, scale, cora, client, sim):
    scale.name = "Tenovi Abacus"
    call = requests.request_order(patient=rosa, device_type=scale, gateway=None, ship_to=HOME, by=cora)

    sending.drain(client)

    assert state_of(call) == State.REJECTED
    assert "not a valid device type" in call.reason
    assert list(call.errors) == ["device.name"]


def test_a_dead_workers_call_is_unknown_and_never_intent(order, client, sim):
    sending.claim_next()
    VendorCall.objects.update(leased_until=timezone.now() - dt.timedelta(seconds=1))

    sending.drain(client)

    assert state_of(order) == State.UNKNOWN
    assert posts(sim) == []


def test_a_worker_that_slept_past_its_lease_sends_nothing(order, client, sim):
    call = sending.claim_next()
    call.leased_until = timezone.now() - dt.timedelta(seconds=1)

    sending.send(call, client)

    assert posts(sim) == []


def test_an_answer_after_the_lease_changes_nothing(order, client, sim):
    call = sending.claim_next()
    VendorCall.objects.filter(pk=call.pk).update(leased_until=timezone.now() - dt.timedelta(seconds=1))
    sending.expire_leases()

    sending.send(call, client)

    assert state_of(order) == State.UNKNOWN
    assert len(posts(sim)) == 1


def test_a_claimed_call_is_claimed_once(order):
    assert sending.claim_next() == order
    assert sending.claim_next() is None
