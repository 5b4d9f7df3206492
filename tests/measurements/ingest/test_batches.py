"""Batches of deliveries: processed in portions, where a failing delivery affects no other."""

import pytest
from django.utils import timezone

from devices.inbox import processing
from devices.models import Delivery
from measurements.ingest import pipeline
from measurements.ingest import store as storing
from measurements.models import Measurement
from tests.factories import DeviceFactory
from tests.measurements.webhook_items import measurement_item, receive_and_ingest, receive_delivery

pytestmark = pytest.mark.django_db


@pytest.fixture
def cuff(rosa):
    return DeviceFactory(patient=rosa)


@pytest.fixture
def one_delivery_per_batch(monkeypatch):
    """Portions of one delivery each."""
    monkeypatch.setattr(processing, "MAX_TRANSACTION_BYTES", 10)


@pytest.fixture
def failing_parser(monkeypatch):
    """A body with a value of 666 breaks its judge."""
    judge = pipeline.parse_body_items

    def judged(body):
        if b'"666"' in body:  # with its quotes: an id may have these digits by chance
            raise RuntimeError
        return judge(body)

    monkeypatch.setattr(pipeline, "parse_body_items", judged)


def stored_values():
    return sorted(Measurement.objects.values_list("value_1", flat=True))


def test_inbox_splits_deliveries_into_batches_by_size(monkeypatch):
    monkeypatch.setattr(processing, "MAX_TRANSACTION_BYTES", 10)
    rows = [Delivery(body=b"x" * size) for size in (4, 6, 1, 30, 2, 2)]

    assert [[len(row.body) for row in portion] for portion in processing.split_batch(rows)] == [
        [4, 6],
        [1],
        [30],
        [2, 2],
    ]


@pytest.mark.usefixtures("one_delivery_per_batch", "failing_parser")
@pytest.mark.parametrize("place", [0, 1, 2])
def test_ingest_continues_with_other_batches_after_parser_error(cuff, place):
    values = ["120", "125"]
    values.insert(place, "666")
    for value in values:
        receive_delivery([measurement_item(cuff, value_1=value)])

    pipeline.ingest_waiting_deliveries()

    assert stored_values() == [120, 125]
    broken = Delivery.objects.get(state=Delivery.State.NEW)
    assert broken.attempts == 1
    assert "RuntimeError" in broken.reason


def test_ingest_stores_rest_of_batch_after_parser_error(cuff, failing_parser):
    for value in ("120", "666", "130"):
        receive_delivery([measurement_item(cuff, value_1=value)])

    pipeline.ingest_waiting_deliveries()

    assert stored_values() == [120, 130]
    assert Delivery.objects.get(state=Delivery.State.NEW).attempts == 1


def test_ingest_retries_failing_delivery_and_marks_it_dead_after_five_attempts(cuff, monkeypatch):
    store = storing.store_readings

    def poisoned(placed, **kwargs):
        if any(entry.reading.value_1 == 666 for entry in placed):
            raise RuntimeError
        return store(placed, **kwargs)

    monkeypatch.setattr(storing, "store_readings", poisoned)
    for value in ("120", "666", "130"):
        receive_delivery(measurement_item(cuff, value_1=value))
    for _ in range(6):
        Delivery.objects.update(next_attempt_at=timezone.now())
        receive_and_ingest(b"[]")

    assert sorted(Measurement.objects.values_list("value_1", flat=True)) == [120, 130]
    assert Delivery.objects.get(state=Delivery.State.DEAD).attempts == 5
