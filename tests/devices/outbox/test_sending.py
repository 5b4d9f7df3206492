"""The call that must be sent once: the real client on the simulator, and every way in which an answer gets lost."""

import datetime as dt

import pytest
from django.utils import timezone

from devices.models import VendorCall
from devices.outbox import requests, sending
from devices.statuses import DeviceState
from tests.devices.outbox.call_states import State, refreshed_state
from tests.simulated_vendor import DEVICE_POSTS, SHIPPING_ADDRESS, device_posts


def test_confirmed_order_links_its_device_and_assigns_the_patient(order, client, sim, rosa):
    sending.send_due_calls(client)

    assert refreshed_state(order) == State.CONFIRMED
    assert order.device.patient == rosa
    assert order.device.state == DeviceState.REQUESTED
    assert order.device.assignments.get().started_at is None
    assert len(device_posts(sim)) == 1


def test_order_payload_contains_only_what_shipping_needs(order, rosa):
    assert order.payload["patient"] == {
        "external_id": rosa.external_id, "name": "Rosa Delgado", "phone_number": rosa.phone, "sms_opt_in": False,
    }  # fmt: skip
    assert order.payload["ship_to"]["client_notes"] == order.reference
    assert "birth" not in str(order.payload)
    assert rosa.mrn not in str(order.payload)


def test_order_payload_allows_texts_only_with_sms_consent(rosa, scale, cora):
    rosa.sms_consent = True

    call = requests.request_order(patient=rosa, device_type=scale, gateway=None, ship_to=SHIPPING_ADDRESS, by=cora)

    assert call.payload["patient"]["phone_number"] == rosa.phone
    assert call.payload["patient"]["sms_opt_in"] is True


def test_activation_payload_contains_no_patient_name(rosa, scale, cora):
    call = requests.request_activation(patient=rosa, device_type=scale, hardware_uuid="a1b2-c3d4-e5f6", by=cora)

    assert call.payload["patient"] == {"external_id": rosa.external_id, "sms_opt_in": False}
    assert call.payload["gateway"] == "A1B2C3D4E5F6"


@pytest.mark.parametrize("fault", ["reset_after", "truncate", "html", "garbage"])
def test_call_with_a_lost_response_is_unknown_and_can_not_be_claimed_again(order, client, sim, fault):
    sim.faults.add(fault, match=DEVICE_POSTS)

    sending.send_due_calls(client)
    sending.send_due_calls(client)

    assert refreshed_state(order) == State.UNKNOWN
    assert sending.claim_next_call() is None
    assert len(device_posts(sim)) == 1


@pytest.mark.parametrize("status", [500, 502, 503])
def test_call_after_a_server_error_is_unknown(order, client, sim, status):
    sim.faults.add("status", status=status, match=DEVICE_POSTS)

    sending.send_due_calls(client)

    assert refreshed_state(order) == State.UNKNOWN


def test_call_after_429_is_requeued_with_the_retry_after_delay(order, client, sim):
    sim.faults.add("status", status=429, headers={"Retry-After": "7"}, match=DEVICE_POSTS)

    began = timezone.now()
    sending.send_due_calls(client)

    assert refreshed_state(order) == State.QUEUED
    assert began <= order.next_attempt_at - dt.timedelta(seconds=7) <= timezone.now()


def test_refused_api_key_requeues_the_call_and_stops_sending(order, client, sim, caplog):
    sim.faults.add("status", status=401, times=None)

    sending.send_due_calls(client)

    assert refreshed_state(order) == State.QUEUED
    assert order.reason == ""
    assert "operator" in caplog.text
    assert len(device_posts(sim)) == 1


def test_rejected_call_stores_the_vendor_errors_by_field(rosa, scale, cora, client, sim):
    scale.name = "Tenovi Abacus"
    call = requests.request_order(patient=rosa, device_type=scale, gateway=None, ship_to=SHIPPING_ADDRESS, by=cora)

    sending.send_due_calls(client)

    assert refreshed_state(call) == State.REJECTED
    assert "not a valid device type" in call.reason
    assert list(call.errors) == ["device.name"]


def test_call_with_an_expired_lease_is_unknown_and_not_requeued(order, client, sim):
    sending.claim_next_call()
    VendorCall.objects.update(leased_until=timezone.now() - dt.timedelta(seconds=1))

    sending.send_due_calls(client)

    assert refreshed_state(order) == State.UNKNOWN
    assert device_posts(sim) == []


def test_send_does_nothing_after_the_lease_has_expired(order, client, sim):
    call = sending.claim_next_call()
    call.leased_until = timezone.now() - dt.timedelta(seconds=1)

    sending.send_call(call, client)

    assert device_posts(sim) == []


def test_response_after_an_expired_lease_does_not_change_the_call(order, client, sim):
    call = sending.claim_next_call()
    VendorCall.objects.filter(pk=call.pk).update(leased_until=timezone.now() - dt.timedelta(seconds=1))
    sending.expire_call_leases()

    sending.send_call(call, client)

    assert refreshed_state(order) == State.UNKNOWN
    assert len(device_posts(sim)) == 1


def test_claim_next_claims_a_call_only_once(order):
    assert sending.claim_next_call() == order
    assert sending.claim_next_call() is None
