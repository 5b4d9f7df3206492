import uuid

import pytest
from django.utils import timezone

from devices.models import Device, VendorCall
from devices.outbox import recovery, sending
from fulfillment import tracking
from fulfillment.models import LineStatus
from fulfillment.ordering import orders
from tests.factories import KitFactory
from tests.fulfillment.undecided import READS
from tests.vendor import HOME, NEW_DEVICE, client, cuff, kit, no_pauses_between_tries, scale, sim

__all__ = ["client", "cuff", "kit", "no_pauses_between_tries", "scale", "sim"]


@pytest.fixture
def order(place):
    return place()


@pytest.fixture
def place(rosa, kit, cora):
    def placed(**changes):
        asked = {"patient": rosa, "kit": kit, "ship_to": HOME, "by": cora, "submission_id": uuid.uuid4()}
        return orders.place(**(asked | changes))

    return placed


@pytest.fixture
def activate(rosa, scale, cora):
    def activated(hardware_uuid="a1b2-c3d4-e5f6", **changes):
        asked = {"patient": rosa, "device_type": scale, "by": cora, "submission_id": uuid.uuid4()}
        return orders.activate(hardware_uuid=hardware_uuid, **(asked | changes))

    return activated


@pytest.fixture
def place_one(place, elm, scale):
    """A scale alone: the line, not the order."""

    def placed(**changes):
        kit = KitFactory(clinic=elm, items=[(scale, 1)])
        return place(**({"kit": kit} | changes)).lines.get()

    return placed


@pytest.fixture
def device(place_one, client):
    """A scale that the vendor has confirmed."""
    place_one()
    sending.drain(client)
    tracking.catch_up()
    return Device.objects.get()


@pytest.fixture
def stuck(place_one, client, sim):
    """Sent with a lost answer, then silence for four settle times: a person must look."""

    def after(fault):
        line = place_one()
        sim.faults.add(fault, match=NEW_DEVICE)
        sending.drain(client)
        sim.faults.add("status", status=500, match=READS, times=None)
        long_ago = timezone.now() - 4 * sending.settle_time()
        VendorCall.objects.filter(pk=line.call_id).update(unknown_since=long_ago, search_after=long_ago)
        recovery.search_unknown(client)
        sim.faults.clear()
        tracking.catch_up()
        line.refresh_from_db()
        assert line.status == LineStatus.NEEDS_HUMAN
        return line.call

    return after
