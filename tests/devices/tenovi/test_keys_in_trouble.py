"""Keys that the vendor slows down (429) or refuses (401)."""

import datetime as dt

import pytest
from django.utils import timezone

from devices.tenovi import ApiKey, Misconfigured, TenoviClient, clear_bad
from tests.devices.tenovi.gates import KEYS, WSGI, a_gate, row
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("asked", "seconds"), [(7.0, 7), (None, 5), (10.0**8, 900)])
def test_429_moves_the_next_slot(asked, seconds):
    gate, began = a_gate(), timezone.now()
    gate.penalise(gate.take(max_wait=1), asked)

    assert began <= row().next_free_at - dt.timedelta(seconds=seconds) <= timezone.now()


def test_429_never_brings_a_slot_nearer():
    gate = a_gate(gap=30)
    slot = gate.take(max_wait=1)
    gate.penalise(slot, 0.0)

    assert row().next_free_at == slot.booked


def test_a_key_that_the_vendor_refused_is_used_no_more_until_an_operator_clears_it():
    gate = a_gate()
    gate.mark_bad(gate.take(max_wait=1), "status 401")

    assert (row().bad_since is not None, row().bad_reason) == (True, "status 401")
    with pytest.raises(Misconfigured):
        gate.take(max_wait=PATIENCE_SECONDS)
    clear_bad(KEYS[0].bucket)
    assert gate.take(max_wait=PATIENCE_SECONDS)


def test_a_lane_with_another_good_key_goes_on():
    gate = a_gate(*KEYS[:2], person=False)
    bad = gate.take(max_wait=1)
    gate.mark_bad(bad, "status 403")

    assert all(gate.take(max_wait=PATIENCE_SECONDS).key != bad.key for _ in range(2))


def test_a_new_key_in_the_environment_starts_good():
    gate = a_gate()
    gate.mark_bad(gate.take(max_wait=1), "status 401")

    assert a_gate(ApiKey("a new key")).take(max_wait=1)


def test_a_bad_key_stops_its_own_lane_only_in_a_shared_bucket():
    gate = a_gate(*KEYS[:2], person=False, shared=True)
    gate.mark_bad(gate.take(max_wait=1), "status 401")

    assert gate.take(max_wait=PATIENCE_SECONDS).key == KEYS[1]


def test_a_client_with_a_bad_key_holds_no_slot_and_claims_nothing():
    gate = a_gate()
    gate.mark_bad(gate.take(max_wait=1), "status 401")

    with TenoviClient(base_url="http://x.invalid", domain="x", gate=gate, max_wait=1, transport=WSGI) as client:
        assert client.take_slot() is False
