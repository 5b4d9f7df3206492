"""The vendor for tests of the domain: the simulator under the real client, without a socket and without waiting."""

import datetime as dt
import math
import time

import httpx2
import pytest
import stamina

from devices.simulator import Simulator
from devices.tenovi import ApiKey, RateLimiter, ShipTo, TenoviClient
from devices.tenovi.rate_limiter import Slot
from tests.factories import DeviceTypeFactory, KitFactory

DOMAIN = "vitals-test"
KEY = "people-key"
SHIPPING_ADDRESS = ShipTo(name="Rosa Delgado", address="12 Alder Street", city="Concord", state="NH", zip_code="03301")
DEVICE_POSTS = {"method": "POST", "path_contains": "hwi-devices"}  # for scripted faults


class UnlimitedRateLimiter(RateLimiter):
    """A rate limiter without a database: no pauses, and a record of slots, penalties and refused keys."""

    def __init__(self, key=KEY):
        super().__init__([ApiKey(key)], gap_seconds=0.0, for_user=True)
        self.taken, self.released, self.penalties, self.refusals = 0, [], [], []

    def take_slot(self, *, max_wait, prepare=None):
        """A slot that is never late, however busy the machine is."""
        self.taken += 1
        now = time.monotonic()
        return Slot(self.keys[0], self.keys[0].bucket, dt.datetime.now(dt.UTC), earliest=math.inf, opens=now)

    def release_slot(self, slot):
        self.released.append(slot)

    def apply_penalty(self, slot, seconds):
        self.penalties.append(seconds)

    def mark_key_refused(self, slot, reason):
        self.refusals.append(reason)


@pytest.fixture(autouse=True)
def no_retry_delays():
    stamina.set_testing(True, attempts=2, cap=True)
    yield
    stamina.set_testing(False)


@pytest.fixture
def sim():
    simulator = Simulator(domain=DOMAIN, keys=(KEY, "background-key"), gap_seconds=0.0)
    yield simulator
    simulator.close()


@pytest.fixture
def client(sim):
    with open_tenovi_client(sim) as made:
        yield made


def open_tenovi_client(sim, rate_limiter=None, max_wait=1.0):
    return TenoviClient(
        base_url="http://tenovi.invalid",
        domain=DOMAIN,
        rate_limiter=rate_limiter or UnlimitedRateLimiter(),
        max_wait=max_wait,
        transport=httpx2.WSGITransport(app=sim),
    )


def clear_client_notes(sim):
    """As if the vendor had lost our references."""
    with sim.state.transaction():
        for document in sim.devices():
            document["device"]["fulfillment_request"]["client_notes"] = ""
            sim.state.store.put("device", document["id"], document)


def device_posts(sim):
    """Every request for a device that reached the vendor."""
    return sim.requests.matching_lines("POST", "hwi-devices")


@pytest.fixture
def scale(db):
    return DeviceTypeFactory(name="Tenovi Scale", sensor_code="13")


@pytest.fixture
def cuff(db):
    return DeviceTypeFactory(name="Tenovi BPM - L", sensor_code="10")


@pytest.fixture
def kit(elm, scale, cuff):
    return KitFactory(clinic=elm, name="Heart failure kit", items=[(cuff, 1), (scale, 1)])
