"""API keys that the vendor throttles (429) or refuses (401)."""

import datetime as dt

import pytest
from django.utils import timezone

from devices.tenovi import ApiKey, Misconfigured, TenoviClient, clear_refused_key
from tests.devices.tenovi.rate_limiters import KEYS, WSGI, key_slot, make_rate_limiter
from tests.timeouts import WAIT_TIMEOUT_SECONDS

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("asked", "seconds"), [(7.0, 7), (None, 5), (10.0**8, 900)])
def test_rate_limiter_delays_the_next_slot_after_429(asked, seconds):
    limiter, began = make_rate_limiter(), timezone.now()
    limiter.apply_penalty(limiter.take_slot(max_wait=1), asked)

    assert began <= key_slot().next_free_at - dt.timedelta(seconds=seconds) <= timezone.now()


def test_rate_limiter_never_moves_the_next_slot_earlier_after_429():
    limiter = make_rate_limiter(gap=30)
    slot = limiter.take_slot(max_wait=1)
    limiter.apply_penalty(slot, 0.0)

    assert key_slot().next_free_at == slot.booked


def test_rate_limiter_does_not_use_a_refused_key_until_it_is_cleared():
    limiter = make_rate_limiter()
    limiter.mark_key_refused(limiter.take_slot(max_wait=1), "status 401")

    assert (key_slot().refused_since is not None, key_slot().refused_reason) == (True, "status 401")
    with pytest.raises(Misconfigured):
        limiter.take_slot(max_wait=WAIT_TIMEOUT_SECONDS)
    clear_refused_key(KEYS[0].bucket)
    assert limiter.take_slot(max_wait=WAIT_TIMEOUT_SECONDS)


def test_rate_limiter_uses_the_other_keys_after_one_is_refused():
    limiter = make_rate_limiter(*KEYS[:2], for_user=False)
    bad = limiter.take_slot(max_wait=1)
    limiter.mark_key_refused(bad, "status 403")

    assert all(limiter.take_slot(max_wait=WAIT_TIMEOUT_SECONDS).key != bad.key for _ in range(2))


def test_rate_limiter_accepts_a_new_key_after_another_was_refused():
    limiter = make_rate_limiter()
    limiter.mark_key_refused(limiter.take_slot(max_wait=1), "status 401")

    assert make_rate_limiter(ApiKey("a new key")).take_slot(max_wait=1)


def test_rate_limiter_with_a_shared_bucket_blocks_only_the_refused_key():
    limiter = make_rate_limiter(*KEYS[:2], for_user=False, shared=True)
    limiter.mark_key_refused(limiter.take_slot(max_wait=1), "status 401")

    assert limiter.take_slot(max_wait=WAIT_TIMEOUT_SECONDS).key == KEYS[1]


def test_client_take_slot_returns_false_with_a_refused_key():
    limiter = make_rate_limiter()
    limiter.mark_key_refused(limiter.take_slot(max_wait=1), "status 401")

    with TenoviClient(
        base_url="http://x.invalid", domain="x", rate_limiter=limiter, max_wait=1, transport=WSGI
    ) as client:
        assert client.take_slot() is False
