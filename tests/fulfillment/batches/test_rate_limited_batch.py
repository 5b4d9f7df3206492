"""200 orders of a batch through the real rate limiter under a mix of faults, on a compressed clock."""

import uuid
from collections import Counter
from itertools import pairwise

import pytest
from django.utils import timezone

from devices.models import ApiKeySlot, VendorCall
from devices.models.vendor_call import CallKind
from devices.outbox import recovery, sending
from devices.tenovi.client_factory import USER_MAX_WAIT_SECONDS
from fulfillment.batches import placing
from tests.compressed_clock import (
    OWN_GAP_SECONDS,
    VENDOR_GAP_SECONDS,
    compressed_clock,
    limited_sim,
    make_user_limiter,
)
from tests.factories import KitFactory, PatientFactory
from tests.simulated_vendor import DEVICE_POSTS, open_tenovi_client

__all__ = ["compressed_clock", "limited_sim"]

ORDER_COUNT, ROUNDS = 200, 2
RETRY_AFTER_SECONDS = 7
FAULTS = (
    {"kind": "delay_after", "seconds": 31.0},  # the vendor stored it, and we had stopped waiting
    {"kind": "status", "status": 500, "applied": True},
    {"kind": "status", "status": 503, "applied": False},
    {"kind": "status", "status": 429, "headers": {"Retry-After": str(RETRY_AFTER_SECONDS)}},
    {"kind": "status", "status": 429},
    {"kind": "reset_before"},
    {"kind": "reset_after"},  # the answer is lost
    {"kind": "truncate"},
    {"kind": "garbage"},
)


@pytest.fixture
def batch(elm, scale, cora):
    """Placed, and nothing sent yet. The patients' records at the vendor have tests of their own."""
    patients = PatientFactory.create_batch(ORDER_COUNT, clinic=elm)
    kit = KitFactory(clinic=elm, items=[(scale, 1)])
    placed = placing.place_batch(batch_id=uuid.uuid4(), kit=kit, patients=patients, by=cora)
    placing.place_due_orders(seconds=600)
    VendorCall.objects.filter(kind__in=CallKind.of_record()).delete()
    return placed


def work_until_nothing_is_open(client, clock):
    """Slices of the worker's, as it is woken; between them, the time until something is due."""
    for _ in range(100):
        while sending.send_due_calls(client):
            pass
        recovery.search_unknown_calls(client)
        unresolved = VendorCall.objects.unresolved()
        due = [each.search_after or each.next_attempt_at for each in unresolved]
        if not due:
            return
        clock.sleep_until(min(due))
    raise AssertionError("calls stay open")


def test_two_hundred_orders_of_a_batch_are_exactly_two_hundred_at_the_vendor(batch, compressed_clock, limited_sim):
    for fault in FAULTS * ROUNDS:
        limited_sim.faults.add(**fault, match=DEVICE_POSTS)
    begun = timezone.now()

    with open_tenovi_client(limited_sim, make_user_limiter(), USER_MAX_WAIT_SECONDS) as client:
        work_until_nothing_is_open(client, compressed_clock)

    assert batch.count_calls() == {"confirmed": ORDER_COUNT}
    ordered = Counter(device["patient"] for device in limited_sim.devices())
    assert ordered == dict.fromkeys(batch.items.values_list("patient__external_id", flat=True), 1)
    assert limited_sim.faults.pending_faults() == []
    assert_spacing_as_booked(limited_sim.requests)
    assert limited_sim.throttle.refusal_count == 0  # each 429 was one of the script's
    slot = ApiKeySlot.objects.get()
    assert (slot.next_free_at - begun).total_seconds() >= OWN_GAP_SECONDS * len(limited_sim.requests)


def assert_spacing_as_booked(requests):
    """Between all requests, searches included, the vendor's gap; after a 429 the pause it names, or five seconds."""
    gaps = [(earlier, later["at"] - earlier["at"]) for earlier, later in pairwise(requests)]
    assert len(requests) > ORDER_COUNT
    assert min(gap for _, gap in gaps) >= VENDOR_GAP_SECONDS
    after_429 = [gap for earlier, gap in gaps if earlier["status"] == 429]
    assert len(after_429) == 2 * ROUNDS
    assert min(after_429) >= 5
    assert sum(gap >= RETRY_AFTER_SECONDS for gap in after_429) >= ROUNDS
