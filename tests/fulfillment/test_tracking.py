"""Tracking: with lost, repeated, late or unordered webhooks, lines end at the status of the vendor's record."""

import datetime as dt
import json
import random

import pytest
from django.utils import timezone

from devices import tenovi
from devices.inbox import maintenance, processing
from devices.models import Delivery, Device
from devices.statuses import DeviceState
from fulfillment import status_webhooks, tracking
from fulfillment.models import LineStatus, Order, OrderEvent
from tests.factories import DeviceFactory

FULFILLMENT = Delivery.Kind.FULFILLMENT


@pytest.fixture
def order(device):
    return Order.objects.get()


def process_webhook(device, status="Shipped", **fields):
    body = {"hwi_device_id": str(device.hwi_id), "status": status} | fields
    processing.receive_delivery(kind=FULFILLMENT, body=json.dumps(body).encode())
    processing.process_due_deliveries(FULFILLMENT, status_webhooks.process_status_deliveries)
    device.refresh_from_db()


def only_line_of(order):
    return order.lines.get()


def make_refreshes_due():
    """Whatever is booked for later is due now."""
    Device.objects.exclude(refresh_due_at=None).update(refresh_due_at=timezone.now() - dt.timedelta(seconds=1))


def test_tracking_shows_webhook_as_unconfirmed_without_changing_status(order, device):
    process_webhook(device, "Shipped", tracking_link="ups.com/1Z")

    event = OrderEvent.objects.get(source="webhook")
    assert (event.order, event.text, event.tracking_link) == (order, "Shipped", "ups.com/1Z")
    assert device.unconfirmed
    assert device.state == DeviceState.REQUESTED
    assert only_line_of(order).status == LineStatus.REQUESTED


def test_tracking_refreshes_device_at_once_after_first_webhook(device, client, sim):
    process_webhook(device)

    assert tracking.refresh_due_devices(client) == 1
    device.refresh_from_db()
    assert device.refresh_due_at is None
    assert not device.unconfirmed


def test_tracking_coalesces_later_webhooks_into_one_refresh(device, client, sim, settings):
    process_webhook(device, "Ready to Ship")
    tracking.refresh_due_devices(client)
    before = len(sim.requests.matching_lines("GET", str(device.hwi_id)))
    for status in ("Ready to Ship", "Shipped", "Shipped"):
        process_webhook(device, status)

    assert tracking.refresh_due_devices(client) == 0
    make_refreshes_due()
    tracking.refresh_due_devices(client)
    assert len(sim.requests.matching_lines("GET", str(device.hwi_id))) == before + 1


def test_tracking_updates_line_from_requested_to_connected(order, device, client, sim):
    seen = []
    for _ in range(5):
        sim.advance(21)
        process_webhook(device, sim.devices()[0]["status"])
        make_refreshes_due()
        tracking.refresh_due_devices(client)
        tracking.update_order_lines()
        seen.append(only_line_of(order).status)

    assert seen[:4] == ["ready", "shipped", "delivered", "connected"]
    assert only_line_of(order).closed_at is not None
    reread = order.events.filter(source="refresh").values_list("status", flat=True)
    assert list(reread) == ["ready", "shipped", "delivered", "connected"]


def test_tracking_sets_connected_on_first_reading_before_vendor_does(order, device):
    Device.objects.update(first_reading_at=timezone.now())

    tracking.update_order_lines()

    line = only_line_of(order)
    assert line.status == LineStatus.CONNECTED
    assert order.events.get(source="reading").text == "First reading received"


@pytest.mark.parametrize("seed", range(8))
def test_tracking_ends_at_vendor_status_after_lost_repeated_and_shuffled_webhooks(order, device, client, sim, seed):
    dice, history = random.Random(seed), []
    for _ in range(dice.randint(1, 4)):
        sim.advance(21)
        history += [sim.devices()[0]["status"]] * dice.randint(0, 3)
    dice.shuffle(history)

    for status in [*history, "Shipped"]:
        process_webhook(device, status)
        if dice.random() < 0.3:
            tracking.refresh_due_devices(client)
    make_refreshes_due()
    tracking.refresh_due_devices(client)
    tracking.update_order_lines()

    assert only_line_of(order).status == vendor_device_state(sim)


def vendor_device_state(sim):
    return tenovi.parse_device_state(sim.devices()[0]["status"])


def test_tracking_replay_of_all_deliveries_changes_nothing(order, device, client, sim):
    sim.advance(45)
    for status in ("Ready to Ship", "Shipped", "Shipped"):
        process_webhook(device, status)
    make_refreshes_due()
    tracking.refresh_due_devices(client)
    tracking.update_order_lines()
    before = tracking_snapshot(order)

    maintenance.replay_deliveries(Delivery.objects.all())
    processing.process_due_deliveries(FULFILLMENT, status_webhooks.process_status_deliveries)
    make_refreshes_due()
    tracking.refresh_due_devices(client)
    tracking.update_order_lines()

    assert tracking_snapshot(order) == before


def tracking_snapshot(order):
    line = only_line_of(order)
    events = list(order.events.order_by("pk").values_list("pk", "source", "status", "text"))
    return line.status, line.closed_at, events, Device.objects.get().unconfirmed_status


def test_update_order_lines_twice_writes_one_event(order):
    assert tracking.update_order_lines() == 0
    assert order.events.filter(status="requested").count() == 1


def test_tracking_records_late_webhook_of_earlier_status_without_showing_it(device):
    process_webhook(device, "Delivered")

    process_webhook(device, "Shipped")

    assert device.unconfirmed_status == "Delivered"
    assert OrderEvent.objects.filter(source="webhook").count() == 2


def test_tracking_shows_unknown_vendor_status_verbatim(device, order, client, sim):
    set_vendor_status(sim, "Held At Customs")
    process_webhook(device, "Held At Customs")
    tracking.refresh_due_devices(client)
    tracking.update_order_lines()

    assert only_line_of(order).status == LineStatus.OTHER
    assert order.events.get(source="refresh").text == "Held At Customs"


def set_vendor_status(sim, word):
    with sim.state.transaction():
        document = sim.devices()[0]
        document["status"] = word
        sim.state.store.put("device", document["id"], document)


def test_tracking_refreshes_all_devices_of_replaced_gateway(device, rosa):
    old = "0F9E8D7C6B5A"
    sibling, unrelated = DeviceFactory(patient=rosa, gateway__hardware_uuid=old), DeviceFactory(patient=rosa)

    process_webhook(device, "Replaced", device_id=old.lower(), hardware_uuid="77AA88BB99CC")

    due = set(Device.objects.refresh_due().values_list("pk", flat=True))
    assert due == {device.pk, sibling.pk}
    assert unrelated.pk not in due


def test_tracking_preserves_refresh_due_for_webhook_received_during_refresh(device, client):
    process_webhook(device, "Shipped")
    claimed, until = tracking.claim_next_device()
    process_webhook(device, "Delivered")

    tracking.refresh_device(claimed, until, client)

    device.refresh_from_db()
    assert device.refresh_due_at is not None


def test_tracking_refresh_is_retried_after_lease_of_dead_worker_expires(device, client, settings):
    process_webhook(device)
    tracking.claim_next_device()

    make_refreshes_due()

    assert tracking.refresh_due_devices(client) == 1


def test_tracking_reschedules_refresh_after_vendor_error(device, client, sim):
    process_webhook(device)
    sim.faults.add("status", status=500, times=None)

    tracking.refresh_due_devices(client)

    device.refresh_from_db()
    assert device.refresh_due_at > timezone.now()
    assert device.unconfirmed


def test_tracking_cancels_line_of_device_deleted_by_vendor(order, device, client, sim):
    client.delete_device(device.hwi_id)
    process_webhook(device, "Cancelled")

    tracking.refresh_due_devices(client)
    tracking.update_order_lines()

    assert only_line_of(order).status == LineStatus.CANCELLED
