"""Fixtures: the simulator under an HTTP client without a socket; its webhooks are collected in a list."""

import json

import httpx2
import pytest

from devices.simulator import Simulator

KEY = "key-people"
BASE = "https://api2.tenovi.com/clients/acme-rpm/hwi/"
SHIP_TO = {
    "shipping_name": "Rosa Quill",
    "shipping_address": "9 Elm Ct Apt 2",
    "shipping_city": "Dover",
    "shipping_state": "NH",
    "shipping_zip_code": "03820",
}


class WebhookReceiver(list):
    """(endpoint, headers, body) of each webhook; `status` is its response."""

    status = 204

    def __call__(self, endpoint, headers, body):
        self.append((endpoint, headers, json.loads(body)))
        return self.status

    @property
    def bodies(self):
        return [body for _, _, body in self]


@pytest.fixture
def sim():
    simulator = Simulator(gap_seconds=0)
    simulator.webhooks.sender = WebhookReceiver()
    yield simulator
    simulator.close()


@pytest.fixture
def received_webhooks(sim):
    return sim.webhooks.sender


@pytest.fixture
def vendor_api(sim):
    """A client with an API key."""
    with create_client(sim) as client:
        yield client


@pytest.fixture
def control_api(sim):
    transport = httpx2.WSGITransport(app=sim)
    with httpx2.Client(
        transport=transport, base_url="https://vendor/_control/", headers={"X-Control": "control"}
    ) as client:
        yield client


def create_client(sim, key=KEY):
    headers = {"Authorization": f"Api-Key {key}"}
    return httpx2.Client(transport=httpx2.WSGITransport(app=sim), base_url=BASE, headers=headers)


class ManualClock:
    """Monotonic clock of the rate limit, set by the test."""

    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def manual_clock(sim, monkeypatch):
    clock = ManualClock()
    monkeypatch.setattr(sim.throttle, "_monotonic", clock)
    return clock


@pytest.fixture
def order_device(vendor_api):
    """Dropship one device; the answer's JSON."""

    def place(name="Tenovi Scale", *, hardware_uuid=None, patient="pt-7f3c", **ship_to):
        device = {"name": name, "hardware_uuid": hardware_uuid, "fulfillment_request": {**SHIP_TO, **ship_to}}
        answer = vendor_api.post("hwi-devices/", json={"device": device, "patient": {"external_id": patient}})
        assert answer.status_code == 201
        return answer.json()

    return place


@pytest.fixture
def activate_device(vendor_api):
    """Activate on site; the response."""

    def post(name="Tenovi BPM - L", hardware_uuid="A1B2C3D4E5F6", patient="pt-7f3c", **device):
        body = {"device": {"name": name, "hardware_uuid": hardware_uuid, **device}}
        return vendor_api.post("hwi-devices/", json={**body, "patient": {"external_id": patient}})

    return post


@pytest.fixture
def register_webhook(vendor_api):
    """Register a webhook; its JSON."""

    def register(event="MEASUREMENT", **fields):
        body = {"endpoint": f"https://rpm.example/{event.lower()}/", "event": event, "auth_header": "Token s"}
        return vendor_api.post("webhooks/", json={**body, **fields}).json()

    return register
