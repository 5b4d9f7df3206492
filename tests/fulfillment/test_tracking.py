"""Webhooks are hints: lost, repeated, late or in any order, the timeline ends where the vendor's own record stands."""

import datetime as dt
import json
import random

import pytest
from django.utils import timezone

from devices import tenovi
from devices.inbox import processing
from devices.models import Delivery, Device
from devices.statuses import DeviceState
from fulfillment import status_webhooks, tracking
from fulfillment.models import LineStatus, Order, OrderEvent
from tests.factories import DeviceFactory

FULFILLMENT = Delivery.Kind.FULFILLMENT


@pytest.fixture
def order(device):
    return Order.objects.get()


def post(device, status="Shipped", **fields):
    body = {"hwi_device_id": str(device.hwi_id), "status": status} | fields
    processing.receive(kind=FULFILLMENT, body=json.dumps(body).encode())
    processing.drain(FULFILLMENT, status_webhooks.take_in)
    device.refresh_from_db()


def line_of(order):
    return order.lines.get()


def windows_pass():
    """Whatever is booked for later is due now."""
    Device.objects.exclude(reread_at=None).update(reread_at=timezone.now() - dt.timedelta(seconds=1))


def test_a_hint_shows_at_once_as_unconfirmed_and_is_not_believed(order, device):
    post(device, "Shipped", tracking_link="ups.com/1Z")

    event = OrderEvent.objects.get(source="webhook")
    assert (event.order, event.text, event.tracking_link) == (order, "Shipped", "ups.com/1Z")
    assert device.unconfirmed
    assert device.state == DeviceState.REQUESTED
    assert line_of(order).status == LineStatus.REQUESTED


def test_the_first_hint_is_followed_by_a_reading_at_once(device, client, sim):
    post(device)

    assert tracking.reread_due(client) == 1
    device.refresh_from_db()
    assert device.reread_at is None
    assert not device.unconfirmed


def test_later_hints_wait_together_for_the_end_of_the_window(device, client, sim, settings):
    post(device, "Ready to Ship")
    tracking.reread_due(client)
    before = len(sim.requests.matching("GET", str(device.hwi_id)))
    for status in ("Ready to Ship", "Shipped", "Shipped"):
        post(device, status)

    assert tracking.reread_due(client) == 0
    windows_pass()
    tracking.reread_due(client)
    assert len(sim.requests.matching("GET", str(device.hwi_id))) == before + 1


def test_the_line_walks_from_requested_to_connected(order, device, client, sim):
    seen = []
    for _ in range(5):
        sim.advance(21)
        post(device, sim.devices()[0]["status"])
        windows_pass()
        tracking.reread_due(client)
        tracking.catch_up()
        seen.append(line_of(order).status)

    assert seen[:4] == ["ready", "shipped", "delivered", "connected"]
    assert line_of(order).closed_at is not None
    reread = order.events.filter(source="reread").values_list("status", flat=True)
    assert list(reread) == ["ready", "shipped", "delivered", "connected"]


def test_a_reading_connects_though_the_vendors_word_lags(order, device):
    Device.objects.update(first_reading_at=timezone.now())

    tracking.catch_up()

    line = line_of(order)
    assert line.status == LineStatus.CONNECTED
    assert order.events.get(source="reading").text == "First reading received"


@pytest.mark.parametrize("seed", range(8))
def test_lost_repeated_and_shuffled_hints_end_at_the_vendors_state(order, device, client, sim, seed):
    dice, history = random.Random(seed), []
    for _ in range(dice.randint(1, 4)):
        sim.advance(21)
        history += [sim.devices()[0]["status"]] * dice.randint(0, 3)
    dice.shuffle(history)

    for status in [*history, "Shipped"]:
        post(device, status)
        if dice.random() < 0.3:
            tracking.reread_due(client)
    windows_pass()
    tracking.reread_due(client)
    tracking.catch_up()

    assert line_of(order).status == device_state(sim)


def device_state(sim):
    return tenovi.device_state(sim.devices()[0]["status"])


def test_replaying_every_delivery_changes_nothing(order, device, client, sim):
    sim.advance(45)
    for status in ("Ready to Ship", "Shipped", "Shipped"):
        post(device, status)
    windows_pass()
    tracking.reread_due(client)
    tracking.catch_up()
    before = snapshot(order)

    processing.replay(Delivery.objects.all())
    processing.drain(FULFILLMENT, status_webhooks.take_in)
    windows_pass()
    tracking.reread_due(client)
    tracking.catch_up()

    assert snapshot(order) == before


def snapshot(order):
    line = line_of(order)
    events = list(order.events.order_by("pk").values_list("pk", "source", "status", "text"))
    return line.status, line.closed_at, events, Device.objects.get().hinted_status


def test_catching_up_twice_writes_one_event(order):
    assert tracking.catch_up() == 0
    assert order.events.filter(status="requested").count() == 1


def test_a_late_hint_of_an_earlier_stage_is_told_but_not_shown(device):
    post(device, "Delivered")

    post(device, "Shipped")

    assert device.hinted_status == "Delivered"
    assert OrderEvent.objects.filter(source="webhook").count() == 2


def test_unknown_words_are_shown_as_they_are(device, order, client, sim):
    set_status(sim, "Held At Customs")
    post(device, "Held At Customs")
    tracking.reread_due(client)
    tracking.catch_up()

    assert line_of(order).status == LineStatus.OTHER
    assert order.events.get(source="reread").text == "Held At Customs"


def set_status(sim, word):
    with sim.world.change():
        document = sim.devices()[0]
        document["status"] = word
        sim.world.store.put("device", document["id"], document)


def test_a_replaced_gateway_has_all_its_devices_read_again(device, rosa):
    old = "0F9E8D7C6B5A"
    sibling, stranger = DeviceFactory(patient=rosa, gateway__hardware_uuid=old), DeviceFactory(patient=rosa)

    post(device, "Replaced", device_id=old.lower(), hardware_uuid="77AA88BB99CC")

    due = set(Device.objects.to_reread().values_list("pk", flat=True))
    assert due == {device.pk, sibling.pk}
    assert stranger.pk not in due


def test_a_hint_during_a_reading_is_not_lost(device, client):
    post(device, "Shipped")
    claimed, until = tracking._claim_next()
    post(device, "Delivered")

    tracking._reread(claimed, until, client)

    device.refresh_from_db()
    assert device.reread_at is not None


def test_a_reader_that_dies_is_followed_by_another(device, client, settings):
    post(device)
    tracking._claim_next()

    windows_pass()

    assert tracking.reread_due(client) == 1


def test_a_vendor_without_an_answer_is_asked_again_later(device, client, sim):
    post(device)
    sim.faults.add("status", status=500, times=None)

    tracking.reread_due(client)

    device.refresh_from_db()
    assert device.reread_at > timezone.now()
    assert device.unconfirmed


def test_a_device_that_the_vendor_deleted_is_cancelled(order, device, client, sim):
    client.delete_device(device.hwi_id)
    post(device, "Cancelled")

    tracking.reread_due(client)
    tracking.catch_up()

    assert line_of(order).status == LineStatus.CANCELLED
