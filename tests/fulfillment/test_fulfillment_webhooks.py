"""What the vendor may post about a device: each item is judged alone, and nothing is dropped in silence."""

import json
import uuid

import pytest

from devices.inbox import processing
from devices.models import Delivery, Device
from fulfillment import status_webhooks
from fulfillment.models import OrderEvent
from tests.factories import DeviceFactory

FULFILLMENT = Delivery.Kind.FULFILLMENT


def outcome_of(body):
    processing.receive(kind=FULFILLMENT, body=body if isinstance(body, bytes) else json.dumps(body).encode())
    processing.drain(FULFILLMENT, status_webhooks.take_in)
    return Delivery.objects.filter(parent=None).latest("pk")


def test_stray_spaces_in_keys_are_forgiven(device):
    outcome_of({"hwi_device_id ": str(device.hwi_id), "status ": "Shipped"})

    assert OrderEvent.objects.get(source="webhook").text == "Shipped"


def test_each_item_of_a_list_is_judged_alone(device):
    good = {"hwi_device_id": str(device.hwi_id), "status": "Shipped"}

    outcome_of([good, {"status": "Shipped"}, good | {"status": "Delivered"}])
    processing.drain(FULFILLMENT, status_webhooks.take_in)

    assert [event.text for event in OrderEvent.objects.filter(source="webhook").order_by("pk")] == [
        "Shipped",
        "Delivered",
    ]
    assert Delivery.objects.filter(state=Delivery.State.QUARANTINED).count() == 1


def test_a_device_that_we_do_not_know_yet_waits_and_is_told_when_it_comes(rosa):
    hwi_id = uuid.uuid4()
    waiting = outcome_of({"hwi_device_id": str(hwi_id), "status": "Shipped"})
    assert (waiting.state, waiting.hwi_id) == (Delivery.State.WAITING, hwi_id)

    DeviceFactory(patient=rosa, hwi_id=hwi_id)
    processing.wake(hwi_id)
    processing.drain(FULFILLMENT, status_webhooks.take_in)

    assert OrderEvent.objects.get().text == "Shipped"


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"",
        b"\xff\xfe{}",
        b"[" * 5000,
        {"status": "Shipped"},
        {"hwi_device_id": 7, "status": "Shipped"},
        {"hwi_device_id": "nobody", "status": "Shipped"},
        {"hwi_device_id": str(uuid.uuid4())},
        {"hwi_device_id": str(uuid.uuid4()), "status": None},
        {"hwi_device_id": str(uuid.uuid4()), "status": 5},
        {"hwi_device_id": str(uuid.uuid4()), "status": "x" * 10_000},
        {"hwi_device_id": str(uuid.uuid4()), "status": {"a": 1}},
        b'{"hwi_device_id": "a", "hwi_device_id": "b", "status": "Shipped"}',
        b'{"hwi_device_id": NaN, "status": "Shipped"}',
    ],
)
def test_what_can_not_be_used_is_quarantined_with_a_reason(db, body):
    kept = outcome_of(body)

    assert kept.state == Delivery.State.QUARANTINED
    assert kept.reason


def test_broken_text_is_repaired_and_flagged(device):
    kept = outcome_of(b'{"hwi_device_id": "%s", "status": "Ship\\u0000ped \\ud800"}' % str(device.hwi_id).encode())

    assert kept.flagged
    assert "\ufffd" in OrderEvent.objects.get(source="webhook").text


def test_a_link_that_is_no_text_is_dropped_and_flagged(device):
    kept = outcome_of({"hwi_device_id": str(device.hwi_id), "status": "Shipped", "tracking_link": {"href": "x"}})

    assert kept.flagged
    assert OrderEvent.objects.get(source="webhook").tracking_link == ""


def test_a_device_that_arrives_while_its_webhook_is_in_hand_leaves_nothing_waiting(rosa):
    """Our order's answer is stored between the look for the device and the commit of `waiting`."""
    hwi_id = uuid.uuid4()

    def take_in_while_it_arrives(deliveries):
        outcomes = status_webhooks.take_in(deliveries)
        if not Device.objects.filter(hwi_id=hwi_id).exists():
            DeviceFactory(patient=rosa, hwi_id=hwi_id)
        return outcomes

    processing.receive(kind=FULFILLMENT, body=json.dumps({"hwi_device_id": str(hwi_id), "status": "Shipped"}).encode())
    processing.drain(FULFILLMENT, take_in_while_it_arrives)

    assert Delivery.objects.get().state == Delivery.State.DONE
    assert OrderEvent.objects.get().text == "Shipped"
