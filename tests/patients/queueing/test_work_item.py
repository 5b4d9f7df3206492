"""Work items: claims with leases, retries with backoff, and the loop that drains what is due."""

import datetime as dt
import uuid

import pytest
from django.utils import timezone

from devices.models import SyncRow
from patients.queueing import work_item
from patients.queueing.work_item import Drained, DrainEnd, drain
from tests.factories import SyncRowFactory, SyncRunFactory

HOUR = dt.timedelta(hours=1)


@pytest.mark.django_db
def test_claim_leases_due_rows_in_order_and_never_twice():
    run = SyncRunFactory()
    late, later = (SyncRowFactory(run=run, next_attempt_at=timezone.now() - hours * HOUR) for hours in (2, 1))
    SyncRowFactory(run=run, next_attempt_at=timezone.now() + HOUR)

    assert list(SyncRow.objects.due().claim()) == [late]
    assert list(SyncRow.objects.due().claim(5)) == [later]
    assert list(SyncRow.objects.due().claim(5)) == []


@pytest.mark.django_db
def test_claim_returns_rows_whose_lease_ran_out():
    row = SyncRowFactory(lease=uuid.uuid4(), leased_until=timezone.now() - HOUR)

    assert SyncRow.objects.due().claim().get() == row
    assert SyncRow.objects.get().lease != row.lease


@pytest.mark.django_db
def test_fail_counts_the_attempt_and_ends_the_lease():
    SyncRowFactory()
    row = SyncRow.objects.due().claim().get()

    assert row.fail(problem="no answer")

    row = SyncRow.objects.get()
    assert (row.attempts, row.lease, row.leased_until, row.problem) == (1, None, None, "no answer")
    assert row.next_attempt_at > timezone.now()


@pytest.mark.django_db
def test_release_with_a_lost_lease_changes_nothing():
    SyncRowFactory()
    row = SyncRow.objects.due().claim().get()
    SyncRow.objects.update(lease=uuid.uuid4())

    assert not row.release(problem="too late")

    assert SyncRow.objects.get().problem == ""


def test_backoff_doubles_to_its_maximum_with_jitter_above_the_half():
    for attempts, longest in ((1, 10), (2, 20), (3, 40), (4, 60), (1000, 60)):
        found = [work_item.backoff(attempts, first_seconds=10, max_seconds=60).total_seconds() for _ in range(50)]
        assert longest / 2 <= min(found) < max(found) <= longest


@pytest.mark.parametrize(
    ("stop_at", "seconds", "result"),
    [
        (None, 60, Drained(3, DrainEnd.EMPTY)),
        ("b", 60, Drained(1, DrainEnd.STOPPED)),
        (None, 0, Drained(0, DrainEnd.TIME_UP)),
    ],
)
def test_drain_reports_how_many_items_and_why_it_ended(stop_at, seconds, result):
    items = iter("abc")

    assert drain(lambda: next(items, None), lambda item: item != stop_at, seconds=seconds) == result
