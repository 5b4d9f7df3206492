"""The inbox itself: how long a row that failed waits, and what a worker may still do that was too slow."""

import uuid

import pytest
from django.utils import timezone

from devices.inbox import processing
from devices.models import Delivery

pytestmark = pytest.mark.django_db
KIND = Delivery.Kind.FULFILLMENT


def received(count=1):
    return [processing.receive(kind=KIND, body=b"%d" % n) for n in range(count)]


def breaks(batch):
    raise RuntimeError


def waits():
    """Seconds until each is worked on again."""
    now = timezone.now()
    return [(row.next_attempt_at - now).total_seconds() for row in Delivery.objects.order_by("pk")]


@pytest.mark.parametrize(("attempts", "longest"), [(0, 15), (1, 30), (2, 60), (3, 120)])
def test_what_failed_waits_twice_as_long_each_time_and_no_two_wait_alike(attempts, longest):
    received(8)
    Delivery.objects.update(attempts=attempts)

    processing.drain(KIND, breaks)

    found = waits()
    assert all(longest / 2 - 5 < seconds <= longest for seconds in found)
    assert max(found) - min(found) > longest / 100


def test_a_worker_that_was_too_slow_settles_nothing():
    """Another one has the row by now, and what that one finds is what counts."""
    received()
    others = uuid.uuid4()

    def slow(batch):
        Delivery.objects.update(lease=others)
        return [processing.PLAIN] * len(batch)

    processing.drain(KIND, slow)

    row = Delivery.objects.get()
    assert (row.state, row.lease) == (Delivery.State.NEW, others)
