"""Readings that are kept and marked: out of the instrument's range, in conflict, or probably told twice."""

import pytest

from measurements.models import LatestReading, Measurement
from tests.measurements.vendor import deliver, item

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("metric", "value_1", "value_2"),
    [("blood_pressure", "301", "90"), ("blood_pressure", "39", "30"), ("blood_pressure", "90", "90"),
     ("blood_pressure", "120", "19"), ("pulse", "251", None), ("spO2", "49", None), ("glucose", "701", None),
     ("temperature", "79.9", None), ("weight", "1000.01", None)],
)  # fmt: skip
def test_what_the_instrument_cannot_measure_is_kept_and_marked(cuff, metric, value_1, value_2):
    deliver(item(cuff, metric=metric, value_1=value_1, value_2=value_2))

    assert Measurement.objects.get().implausible


def test_what_is_only_alarming_is_not_marked(cuff):
    deliver(item(cuff, value_1="238", value_2="141"))

    assert not Measurement.objects.get().implausible


def test_two_values_at_one_moment_are_kept_and_both_marked(cuff):
    deliver(item(cuff, filter_params=None))
    deliver(item(cuff, filter_params=None, value_1="151.00"))

    assert list(Measurement.objects.values_list("conflict", flat=True)) == [True, True]
    assert LatestReading.objects.get().conflict


def test_two_values_at_one_moment_of_one_list_are_both_marked(cuff):
    deliver([item(cuff, filter_params=None), item(cuff, filter_params=None, value_1="151.00")])

    assert list(Measurement.objects.values_list("conflict", flat=True)) == [True, True]


def test_two_indices_are_two_readings(cuff):
    deliver([item(cuff), item(cuff, value_1="151.00", filter_params={"measurement_index": 42})])

    assert not Measurement.objects.filter(conflict=True).exists()


def test_a_refilled_pillbox_is_no_conflict(cuff):
    slots = [item(cuff, metric="pillbox_refilled", value_1=str(day), value_2="1") for day in range(1, 8)]
    deliver(slots)

    assert Measurement.objects.filter(conflict=False).count() == 7


def test_the_same_value_under_an_estimated_time_is_a_probable_duplicate(cuff):
    deliver(item(cuff, estimated_timestamp=True))
    deliver(item(cuff, timestamp="2026-09-20T14:10:00Z"))

    assert list(Measurement.objects.order_by("pk").values_list("duplicate", flat=True)) == [False, True]
