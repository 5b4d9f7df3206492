"""Client factory: which API keys user actions and background work use."""

import httpx2
import pytest

from devices import tenovi
from devices.simulator import Simulator
from devices.tenovi import client_factory
from devices.tenovi.rate_limiter import SHARED_BUCKET

pytestmark = pytest.mark.django_db


@pytest.fixture
def simulated_vendor(settings, monkeypatch):
    settings.TENOVI_API_KEYS = ["key-people", "key-1", " key-2 "]
    settings.TENOVI_CALL_GAP_SECONDS = 0.05
    settings.TENOVI_CLIENT_DOMAIN = "vitals-test"
    simulator = Simulator(domain="vitals-test", keys=("key-people", "key-1", "key-2"), gap_seconds=0)
    monkeypatch.setattr(client_factory, "build_transport", lambda: httpx2.WSGITransport(app=simulator))
    yield simulator
    simulator.close()


def keys_used(simulator, open_client, calls=4):
    with open_client() as client:
        for _ in range(calls):
            client.list_device_types()
    return {line["key"] for line in simulator.requests}


def test_user_client_uses_the_first_key(simulated_vendor):
    assert keys_used(simulated_vendor, tenovi.user_client) == {"key-people"}


def test_background_client_uses_the_other_keys(simulated_vendor):
    assert keys_used(simulated_vendor, tenovi.background_client) == {"key-1", "key-2"}


def test_client_factory_with_one_key_shares_it_and_gives_users_priority(simulated_vendor, settings):
    settings.TENOVI_API_KEYS = ["key-people"]

    assert keys_used(simulated_vendor, tenovi.background_client, calls=1) == {"key-people"}
    with tenovi.user_client() as person, tenovi.background_client() as background:
        assert (person._rate_limiter.for_user, background._rate_limiter.for_user) == (True, False)


def test_client_factory_uses_one_shared_bucket_by_setting(simulated_vendor, settings):
    settings.TENOVI_SHARED_BUCKET = True

    with tenovi.background_client() as client:
        client.take_slot()
        assert client._slot.bucket == SHARED_BUCKET


def test_client_factory_without_keys_raises_misconfigured(settings):
    settings.TENOVI_API_KEYS = ["", " "]

    with pytest.raises(tenovi.Misconfigured, match="TENOVI_API_KEYS"), tenovi.user_client():
        pass


def test_client_sends_the_request_in_the_slot_taken_before(simulated_vendor, settings):
    """Slot, claim, send: the slot that was taken is the one that the request uses."""
    with tenovi.user_client() as client:
        assert client.take_slot()
        slot = client._slot
        client.list_device_types()

        assert client._slot is None
    assert simulated_vendor.requests[0]["key"] == slot.key.secret
