import pytest

from devices.outbox import requests, sending
from tests.simulated_vendor import SHIPPING_ADDRESS, client, cuff, no_retry_delays, scale, sim

__all__ = ["client", "cuff", "no_retry_delays", "scale", "sim"]


@pytest.fixture
def order(rosa, scale, cora):
    return requests.request_order(patient=rosa, device_type=scale, gateway=None, ship_to=SHIPPING_ADDRESS, by=cora)


@pytest.fixture
def confirmed_device(order, client):
    """Ordered and confirmed."""
    sending.send_due_calls(client)
    order.refresh_from_db()
    return order.device
