import pytest

from devices.outbox import requests, sending
from tests.vendor import HOME, client, cuff, no_pauses_between_tries, scale, sim

__all__ = ["client", "cuff", "no_pauses_between_tries", "scale", "sim"]


@pytest.fixture
def order(rosa, scale, cora):
    return requests.request_order(patient=rosa, device_type=scale, gateway=None, ship_to=HOME, by=cora)


@pytest.fixture
def device(order, client):
    """Ordered and confirmed."""
    sending.drain(client)
    order.refresh_from_db()
    return order.device
