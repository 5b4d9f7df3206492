"""Priority of the rate limiter: users book ahead of background work, which shares several keys."""

import threading
import time

import pytest
from django.db import connection
from django.utils import timezone

from devices.models import ApiKeySlot
from devices.tenovi.rate_limiter import SHARED_BUCKET, NoSlotAvailable
from tests.devices.tenovi.rate_limiters import KEYS, make_rate_limiter, occupy_key, with_others
from tests.timeouts import WAIT_TIMEOUT_SECONDS

pytestmark = pytest.mark.django_db


def test_background_rate_limiter_takes_only_free_slots_and_never_books_ahead():
    background = make_rate_limiter(for_user=False, gap=30)
    background.take_slot(max_wait=0)

    with pytest.raises(NoSlotAvailable):
        background.take_slot(max_wait=0.1)
    occupy_key(seconds=0.1)
    assert background.take_slot(max_wait=WAIT_TIMEOUT_SECONDS)


@with_others
def test_user_rate_limiter_gets_its_slot_before_waiting_background_work():
    """Background work waits for the next free slot; a user who arrives meanwhile gets it."""
    order = []

    def take(name, limiter):
        try:
            limiter.take_slot(max_wait=WAIT_TIMEOUT_SECONDS)
            order.append(name)
        finally:
            connection.close()

    make_rate_limiter(gap=2).take_slot(max_wait=1)
    waiting = threading.Thread(target=take, args=("background", make_rate_limiter(for_user=False, gap=2)))
    waiting.start()
    time.sleep(0.1)
    take("person", make_rate_limiter(gap=2))
    waiting.join()

    assert order == ["person", "background"]


def test_background_rate_limiter_yields_to_a_user_who_found_no_slot():
    occupy_key(seconds=60)
    with pytest.raises(NoSlotAvailable):
        make_rate_limiter(gap=30).take_slot(max_wait=0.01)
    ApiKeySlot.objects.update(next_free_at=timezone.now())  # a minute later

    with pytest.raises(NoSlotAvailable):
        make_rate_limiter(for_user=False, gap=30).take_slot(max_wait=0)
    assert make_rate_limiter(gap=30).take_slot(max_wait=0)


def test_background_rate_limiter_gets_a_slot_after_user_calls():
    make_rate_limiter().take_slot(max_wait=1)

    assert make_rate_limiter(for_user=False).take_slot(max_wait=WAIT_TIMEOUT_SECONDS)


def test_background_rate_limiter_takes_the_free_key():
    occupy_key(KEYS[0])
    occupy_key(KEYS[2])

    assert make_rate_limiter(*KEYS, for_user=False).take_slot(max_wait=1).key == KEYS[1]


def test_background_rate_limiter_has_one_slot_per_key():
    limiter = make_rate_limiter(*KEYS, for_user=False, gap=30)

    assert {limiter.take_slot(max_wait=1).key for _ in KEYS} == set(KEYS)
    with pytest.raises(NoSlotAvailable):
        limiter.take_slot(max_wait=0.01)


def test_rate_limiter_shared_bucket_shares_slots_between_keys():
    make_rate_limiter(KEYS[0], shared=True, gap=30).take_slot(max_wait=1)

    with pytest.raises(NoSlotAvailable):
        make_rate_limiter(KEYS[1], for_user=False, shared=True, gap=30).take_slot(max_wait=0.01)
    assert ApiKeySlot.objects.filter(bucket=SHARED_BUCKET).exists()
