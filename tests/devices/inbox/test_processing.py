"""The inbox itself: how long a row that failed waits, and what a worker may still do that was too slow."""

import uuid

import pytest
from django.utils import timezone

from devices.inbox import leases, processing
from devices.models import Delivery

pytestmark = pytest.mark.django_db
KIND = Delivery.Kind.FULFILLMENT


def receive_deliveries(count=1):
    return [processing.receive_delivery(kind=KIND, body=b"%d" % n) for n in range(count)]


def raise_error(batch):
    raise RuntimeError


def seconds_until_next_attempt():
    """Seconds until each is worked on again."""
    now = timezone.now()
    return [(row.next_attempt_at - now).total_seconds() for row in Delivery.objects.order_by("pk")]


@pytest.mark.parametrize(("attempts", "longest"), [(0, 15), (1, 30), (2, 60), (3, 120)])
def test_failed_delivery_backoff_doubles_per_attempt_and_has_jitter(attempts, longest):
    receive_deliveries(8)
    Delivery.objects.update(attempts=attempts)

    processing.process_due_deliveries(KIND, raise_error)

    found = seconds_until_next_attempt()
    assert all(longest / 2 - 5 < seconds <= longest for seconds in found)
    assert max(found) - min(found) > longest / 100


def test_inbox_worker_with_a_lost_lease_does_not_change_the_delivery():
    """Another one has the row by now, and what that one finds is what counts."""
    receive_deliveries()
    others = uuid.uuid4()

    def slow(batch):
        Delivery.objects.update(lease=others)
        return [processing.DONE_OUTCOME] * len(batch)

    processing.process_due_deliveries(KIND, slow)

    row = Delivery.objects.get()
    assert (row.state, row.lease) == (Delivery.State.NEW, others)


def test_inbox_claims_no_more_bytes_than_a_worker_holds(monkeypatch):
    """At least one: a body is never too large to be worked on."""
    monkeypatch.setattr(leases, "MAX_BATCH_BYTES", 3)
    for body in (b"1111", b"22", b"33", b"44"):
        processing.receive_delivery(kind=KIND, body=body)

    claimed = [[bytes(row.body) for row in leases.claim_due_deliveries(KIND)] for _ in range(3)]

    assert claimed == [[b"1111"], [b"22", b"33"], [b"44"]]
