import httpx2
import pytest

from devices import tenovi
from devices.simulator import Simulator
from devices.tenovi import client_factory
from devices.tenovi.rate_limiter import SHARED_BUCKET

pytestmark = pytest.mark.django_db


@pytest.fixture
def vendor(settings, monkeypatch):
    settings.TENOVI_API_KEYS = ["key-people", "key-1", " key-2 "]
    settings.TENOVI_CALL_GAP_SECONDS = 0.05
    settings.TENOVI_CLIENT_DOMAIN = "vitals-test"
    simulator = Simulator(domain="vitals-test", keys=("key-people", "key-1", "key-2"), gap_seconds=0)
    monkeypatch.setattr(client_factory, "new_transport", lambda: httpx2.WSGITransport(app=simulator))
    yield simulator
    simulator.close()


def keys_used(simulator, lane, calls=4):
    with lane() as client:
        for _ in range(calls):
            client.device_types()
    return {line["key"] for line in simulator.requests}


def test_the_first_key_serves_people(vendor):
    assert keys_used(vendor, tenovi.people_lane) == {"key-people"}


def test_the_others_serve_background(vendor):
    assert keys_used(vendor, tenovi.background_lane) == {"key-1", "key-2"}


def test_one_key_serves_both_and_people_come_first(vendor, settings):
    settings.TENOVI_API_KEYS = ["key-people"]

    assert keys_used(vendor, tenovi.background_lane, calls=1) == {"key-people"}
    with tenovi.people_lane() as person, tenovi.background_lane() as background:
        assert (person._gate.person, background._gate.person) == (True, False)


def test_one_bucket_for_all_keys_is_a_setting(vendor, settings):
    settings.TENOVI_SHARED_BUCKET = True

    with tenovi.background_lane() as client:
        client.take_slot()
        assert client._slot.bucket == SHARED_BUCKET


def test_without_keys_nothing_starts(settings):
    settings.TENOVI_API_KEYS = ["", " "]

    with pytest.raises(tenovi.Misconfigured, match="TENOVI_API_KEYS"), tenovi.people_lane():
        pass


def test_the_shape_that_senders_use(vendor, settings):
    """Slot, claim, send: the slot that was taken is the one that the request uses."""
    with tenovi.people_lane() as client:
        assert client.take_slot()
        held = client._slot
        client.device_types()

        assert client._slot is None
    assert vendor.requests[0]["key"] == held.key.secret
