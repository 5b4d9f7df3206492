import uuid
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from devices.models import Device, VendorCall
from devices.outbox import recovery, sending
from devices.webhooks import registration
from fulfillment import tracking
from fulfillment.models import LineStatus
from fulfillment.ordering import orders
from fulfillment.tasks import process_fulfillment_webhooks
from measurements.tasks import process_measurement_webhooks
from tests.factories import KitFactory
from tests.fulfillment.call_resolution_steps import DEVICE_READS
from tests.simulated_vendor import DEVICE_POSTS, SHIPPING_ADDRESS, client, cuff, kit, no_retry_delays, scale, sim

__all__ = ["client", "cuff", "kit", "no_retry_delays", "scale", "sim"]


@pytest.fixture
def order(place_order):
    return place_order()


@pytest.fixture
def place_order(rosa, kit, cora):
    def placed(**changes):
        asked = {"patient": rosa, "kit": kit, "ship_to": SHIPPING_ADDRESS, "by": cora, "submission_id": uuid.uuid4()}
        return orders.place(**(asked | changes))

    return placed


@pytest.fixture
def place_activation(rosa, scale, cora):
    def activated(hardware_uuid="a1b2-c3d4-e5f6", **changes):
        asked = {"patient": rosa, "device_type": scale, "by": cora, "submission_id": uuid.uuid4()}
        return orders.activate_on_site(hardware_uuid=hardware_uuid, **(asked | changes))

    return activated


@pytest.fixture
def place_one_line(place_order, elm, scale):
    """A scale alone: the line, not the order."""

    def placed(**changes):
        kit = KitFactory(clinic=elm, items=[(scale, 1)])
        return place_order(**({"kit": kit} | changes)).lines.get()

    return placed


@pytest.fixture
def device(place_one_line, client):
    """A scale that the vendor has confirmed."""
    place_one_line()
    sending.send_due_calls(client)
    tracking.update_order_lines()
    return Device.objects.get()


@pytest.fixture
def call_needing_review(place_one_line, client, sim):
    """Sent with a lost answer, then silence for four settle times: a person must look."""

    def after(fault):
        line = place_one_line()
        sim.faults.add(fault, match=DEVICE_POSTS)
        sending.send_due_calls(client)
        sim.faults.add("status", status=500, match=DEVICE_READS, times=None)
        long_ago = timezone.now() - 4 * sending.settle_time()
        VendorCall.objects.filter(pk=line.call_id).update(unknown_since=long_ago, search_after=long_ago)
        recovery.search_unknown_calls(client)
        sim.faults.clear()
        tracking.update_order_lines()
        line.refresh_from_db()
        assert line.status == LineStatus.NEEDS_REVIEW
        return line.call

    return after


@pytest.fixture
def receive(sim, client):
    """What the vendor sends waits; `receive()` posts it to our receiver and works on it."""
    registration.register_webhooks(client, site_url="https://rpm.example")

    def post(endpoint, headers, body):
        secret = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        return Client().generic("POST", urlsplit(endpoint).path, body, **secret).status_code

    sim.webhooks.sender = post

    def received():
        assert all(sent["answer"] == 204 for sent in sim.webhooks.deliver_waiting())
        process_measurement_webhooks()
        process_fulfillment_webhooks()

    return received
