"""A batch is worked off in portions, and what breaks costs nobody but itself."""

import pytest
from django.utils import timezone

from devices.inbox import processing
from devices.models import Delivery
from measurements.ingest import pipeline
from measurements.ingest import store as storing
from measurements.models import Measurement
from tests.factories import DeviceFactory
from tests.measurements.vendor import deliver, item, keep

pytestmark = pytest.mark.django_db


@pytest.fixture
def cuff(rosa):
    return DeviceFactory(patient=rosa)


@pytest.fixture
def small(monkeypatch):
    """Portions of one delivery each."""
    monkeypatch.setattr(processing, "PORTION_BYTES", 10)


@pytest.fixture
def strict(monkeypatch):
    """A body with a value of 666 breaks its judge."""
    judge = pipeline._judge_body

    def judged(body):
        if b'"666"' in body:  # with its quotes: an id may have these digits by chance
            raise RuntimeError
        return judge(body)

    monkeypatch.setattr(pipeline, "_judge_body", judged)


def stored():
    return sorted(Measurement.objects.values_list("value_1", flat=True))


def test_large_lists_are_stored_in_portions(monkeypatch):
    monkeypatch.setattr(processing, "PORTION_BYTES", 10)
    rows = [Delivery(body=b"x" * size) for size in (4, 6, 1, 30, 2, 2)]

    assert [[len(row.body) for row in portion] for portion in processing._portions(rows)] == [[4, 6], [1], [30], [2, 2]]


@pytest.mark.usefixtures("small", "strict")
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_body_that_breaks_its_judge_delays_nobody(cuff, place):
    values = ["120", "125"]
    values.insert(place, "666")
    for value in values:
        keep([item(cuff, value_1=value)])

    pipeline.ingest_waiting()

    assert stored() == [120, 125]
    broken = Delivery.objects.get(state=Delivery.State.NEW)
    assert broken.attempts == 1
    assert "RuntimeError" in broken.reason


def test_a_body_that_breaks_its_judge_costs_its_portion_nothing(cuff, strict):
    for value in ("120", "666", "130"):
        keep([item(cuff, value_1=value)])

    pipeline.ingest_waiting()

    assert stored() == [120, 130]
    assert Delivery.objects.get(state=Delivery.State.NEW).attempts == 1


def test_a_poison_row_delays_nobody_and_dies_in_the_end(cuff, monkeypatch):
    store = storing.store

    def poisoned(placed, **kwargs):
        if any(entry.reading.value_1 == 666 for entry in placed):
            raise RuntimeError
        return store(placed, **kwargs)

    monkeypatch.setattr(storing, "store", poisoned)
    for value in ("120", "666", "130"):
        keep(item(cuff, value_1=value))
    for _ in range(6):
        Delivery.objects.update(next_attempt_at=timezone.now())
        deliver(b"[]")

    assert sorted(Measurement.objects.values_list("value_1", flat=True)) == [120, 130]
    assert Delivery.objects.get(state=Delivery.State.DEAD).attempts == 5
