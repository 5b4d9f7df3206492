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


def process_webhook(body):
    processing.receive_delivery(kind=FULFILLMENT, body=body if isinstance(body, bytes) else json.dumps(body).encode())
    processing.process_due_deliveries(FULFILLMENT, status_webhooks.process_status_deliveries)
    return Delivery.objects.filter(parent=None).latest("pk")


def test_status_webhook_accepts_keys_with_trailing_spaces(device):
    process_webhook({"hwi_device_id ": str(device.hwi_id), "status ": "Shipped"})

    assert OrderEvent.objects.get(source="webhook").text == "Shipped"


def test_status_webhook_list_quarantines_only_bad_item(device):
    good = {"hwi_device_id": str(device.hwi_id), "status": "Shipped"}

    process_webhook([good, {"status": "Shipped"}, good | {"status": "Delivered"}])
    processing.process_due_deliveries(FULFILLMENT, status_webhooks.process_status_deliveries)

    assert [event.text for event in OrderEvent.objects.filter(source="webhook").order_by("pk")] == [
        "Shipped",
        "Delivered",
    ]
    assert Delivery.objects.filter(state=Delivery.State.QUARANTINED).count() == 1


def test_status_webhook_for_unknown_device_waits_and_is_applied_later(rosa):
    hwi_id = uuid.uuid4()
    waiting = process_webhook({"hwi_device_id": str(hwi_id), "status": "Shipped"})
    assert (waiting.state, waiting.hwi_id) == (Delivery.State.WAITING, hwi_id)

    DeviceFactory(patient=rosa, hwi_id=hwi_id)
    processing.wake_waiting_deliveries(hwi_id)
    processing.process_due_deliveries(FULFILLMENT, status_webhooks.process_status_deliveries)

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
def test_status_webhook_with_unusable_body_is_quarantined_with_reason(db, body):
    delivery = process_webhook(body)

    assert delivery.state == Delivery.State.QUARANTINED
    assert delivery.reason


def test_status_webhook_with_invalid_text_is_repaired_and_flagged(device):
    delivery = process_webhook(
        b'{"hwi_device_id": "%s", "status": "Ship\\u0000ped \\ud800"}' % str(device.hwi_id).encode()
    )

    assert delivery.flagged
    assert "\ufffd" in OrderEvent.objects.get(source="webhook").text


def test_status_webhook_with_non_text_link_drops_link_and_is_flagged(device):
    delivery = process_webhook(
        {"hwi_device_id": str(device.hwi_id), "status": "Shipped", "tracking_link": {"href": "x"}}
    )

    assert delivery.flagged
    assert OrderEvent.objects.get(source="webhook").tracking_link == ""


def test_status_webhook_is_applied_if_device_appears_during_processing(rosa):
    """Our order's answer is stored between the query of the device and the commit of `waiting`."""
    hwi_id = uuid.uuid4()

    def take_in_while_it_arrives(deliveries):
        outcomes = status_webhooks.process_status_deliveries(deliveries)
        if not Device.objects.filter(hwi_id=hwi_id).exists():
            DeviceFactory(patient=rosa, hwi_id=hwi_id)
        return outcomes

    processing.receive_delivery(
        kind=FULFILLMENT, body=json.dumps({"hwi_device_id": str(hwi_id), "status": "Shipped"}).encode()
    )
    processing.process_due_deliveries(FULFILLMENT, take_in_while_it_arrives)

    assert Delivery.objects.get().state == Delivery.State.DONE
    assert OrderEvent.objects.get().text == "Shipped"
