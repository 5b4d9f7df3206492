"""Webhooks are hints: lost, repeated, late or in any order, the timeline ends where the vendor's own record stands."""

import datetime as dt
import json
import random
import uuid

import pytest
from django.utils import timezone

from devices import calls, inbox
from devices.models import Delivery, Device
from devices.states import DeviceState
from devices.tenovi import ShipTo
from fulfillment import hints, orders, tracking
from fulfillment.models import LineStatus, OrderEvent
from tests.factories import DeviceFactory, KitFactory

FULFILLMENT = Delivery.Kind.FULFILLMENT


@pytest.fixture
def order(rosa, elm, scale, cora, client):
    """One scale, confirmed by the vendor."""
    home = ShipTo(name="Rosa Delgado", address="12 Alder Street", city="Concord", state="NH", zip_code="03301")
    kit = KitFactory(clinic=elm, items=[(scale, 1)])
    placed = orders.place(patient=rosa, kit=kit, ship_to=home, by=cora, submission_id=uuid.uuid4())
    calls.drain(client)
    tracking.catch_up()
    return placed


@pytest.fixture
def device(order):
    return Device.objects.get()


def post(device, status="Shipped", **fields):
    body = {"hwi_device_id": str(device.hwi_id), "status": status} | fields
    inbox.receive(kind=FULFILLMENT, body=json.dumps(body).encode())
    inbox.drain(FULFILLMENT, hints.take_in)
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
    from devices.tenovi import device_state as in_our_words

    return in_our_words(sim.devices()[0]["status"])


def test_replaying_every_delivery_changes_nothing(order, device, client, sim):
    sim.advance(45)
    for status in ("Ready to Ship", "Shipped", "Shipped"):
        post(device, status)
    windows_pass()
    tracking.reread_due(client)
    tracking.catch_up()
    before = snapshot(order)

    inbox.replay(Delivery.objects.all())
    inbox.drain(FULFILLMENT, hints.take_in)
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


# --- what the vendor may post -------------------------------------------------------------------------------------


def outcome_of(body):
    inbox.receive(kind=FULFILLMENT, body=body if isinstance(body, bytes) else json.dumps(body).encode())
    inbox.drain(FULFILLMENT, hints.take_in)
    return Delivery.objects.filter(parent=None).latest("pk")


def test_stray_spaces_in_keys_are_forgiven(device):
    outcome_of({"hwi_device_id ": str(device.hwi_id), "status ": "Shipped"})

    assert OrderEvent.objects.get(source="webhook").text == "Shipped"


def test_each_item_of_a_list_is_judged_alone(device):
    good = {"hwi_device_id": str(device.hwi_id), "status": "Shipped"}

    outcome_of([good, {"status": "Shipped"}, good | {"status": "Delivered"}])
    inbox.drain(FULFILLMENT, hints.take_in)

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
    inbox.wake(hwi_id)
    inbox.drain(FULFILLMENT, hints.take_in)

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
        outcomes = hints.take_in(deliveries)
        if not Device.objects.filter(hwi_id=hwi_id).exists():
            DeviceFactory(patient=rosa, hwi_id=hwi_id)
        return outcomes

    inbox.receive(kind=FULFILLMENT, body=json.dumps({"hwi_device_id": str(hwi_id), "status": "Shipped"}).encode())
    inbox.drain(FULFILLMENT, take_in_while_it_arrives)

    assert Delivery.objects.get().state == Delivery.State.DONE
    assert OrderEvent.objects.get().text == "Shipped"
