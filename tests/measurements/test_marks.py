"""Readings that are kept and marked: out of the instrument's range, in conflict, or probably told twice."""

import datetime as dt

import pytest

from measurements.models import LatestReading, Measurement
from tests.factories import AssignmentFactory, PatientFactory
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


KNOWN, ESTIMATED = {"timestamp": "2026-09-20T14:10:00Z"}, {"estimated_timestamp": True}
LATER = {"timestamp": "2026-09-20T15:00:00Z", "estimated_timestamp": True}


@pytest.mark.parametrize("at_once", [False, True], ids=["one after the other", "in one list"])
@pytest.mark.parametrize(
    "changes",
    [(ESTIMATED, KNOWN), (KNOWN, LATER), (ESTIMATED, LATER)],
    ids=["the estimate was first", "the estimate comes later", "both are estimates"],
)
def test_the_same_value_under_an_estimated_time_is_a_probable_duplicate(cuff, changes, at_once):
    items = [item(cuff, **fields) for fields in changes]
    for body in [items] if at_once else items:
        deliver(body)

    assert list(Measurement.objects.order_by("pk").values_list("duplicate", flat=True)) == [False, True]


def test_a_duplicate_is_told_across_a_handover(cuff, elm):
    """The device told one value twice; by its estimated time, somebody else held it then."""
    bert, handover = PatientFactory(clinic=elm), dt.datetime(2026, 9, 20, 13, tzinfo=dt.UTC)
    cuff.assignments.update(ended_at=handover)
    AssignmentFactory(device=cuff, patient=bert, started_at=handover)

    deliver([item(cuff, **ESTIMATED), item(cuff, **KNOWN, patient_id=bert.external_id)])

    assert list(Measurement.objects.order_by("pk").values_list("duplicate", flat=True)) == [False, True]


@pytest.mark.parametrize(
    "other",
    [{}, {"timestamp": "2026-09-23T13:30:00Z"}, {"value_1": "132.00"}, {"filter_params": {"measurement_index": 42}}],
    ids=["no estimate", "days apart", "another value", "another index"],
)
def test_what_may_well_be_two_readings_is_not_marked(cuff, other):
    first = ESTIMATED if other else {}
    deliver([item(cuff, **first), item(cuff, **(KNOWN | other))])

    assert Measurement.objects.filter(duplicate=False).count() == 2
