"""Quality flags of readings: implausible, conflict, and probable duplicate."""

import datetime as dt

import pytest

from measurements.models import LatestReading, Measurement
from tests.factories import AssignmentFactory, PatientFactory
from tests.measurements.webhook_items import measurement_item, receive_and_ingest

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("metric", "value_1", "value_2"),
    [("blood_pressure", "301", "90"), ("blood_pressure", "39", "30"), ("blood_pressure", "90", "90"),
     ("blood_pressure", "120", "19"), ("pulse", "251", None), ("spO2", "49", None), ("glucose", "701", None),
     ("temperature", "79.9", None), ("weight", "1000.01", None)],
)  # fmt: skip
def test_quality_flag_implausible_set_outside_instrument_range(cuff, metric, value_1, value_2):
    receive_and_ingest(measurement_item(cuff, metric=metric, value_1=value_1, value_2=value_2))

    assert Measurement.objects.get().implausible


def test_quality_flag_implausible_not_set_for_extreme_but_possible_value(cuff):
    receive_and_ingest(measurement_item(cuff, value_1="238", value_2="141"))

    assert not Measurement.objects.get().implausible


PRESSURE, PULSE = {"metric": "blood_pressure"}, {"metric": "pulse", "value_1": "0.00", "value_2": "0.00"}


@pytest.mark.parametrize("order", [[[PRESSURE], [PULSE]], [[PULSE], [PRESSURE]], [[PRESSURE, PULSE]]])
@pytest.mark.parametrize("pulse", ["0.00", "19.00", "251.00"])
def test_quality_flag_implausible_set_on_pressure_with_impossible_pulse(cuff, order, pulse):
    for body in order:
        items = [measurement_item(cuff, **fields) for fields in body]
        receive_and_ingest([item | {"value_1": pulse} if item["metric"] == "pulse" else item for item in items])

    assert Measurement.objects.filter(implausible=True).count() == 2
    assert LatestReading.objects.get(metric="blood_pressure").implausible


@pytest.mark.parametrize(
    "pulse",
    [{"value_1": "70.00"}, {"timestamp": "2026-09-20T12:31:00Z"}, {"filter_params": {"measurement_index": 42}}],
    ids=["possible", "another time", "another index"],
)
def test_quality_flag_implausible_not_set_on_pressure_with_its_own_pulse(cuff, pulse):
    receive_and_ingest([measurement_item(cuff), measurement_item(cuff, **(PULSE | pulse))])

    assert not Measurement.objects.get(metric="blood_pressure").implausible


def test_quality_flag_conflict_set_on_both_values_of_same_time(cuff):
    receive_and_ingest(measurement_item(cuff, filter_params=None))
    receive_and_ingest(measurement_item(cuff, filter_params=None, value_1="151.00"))

    assert list(Measurement.objects.values_list("conflict", flat=True)) == [True, True]
    assert LatestReading.objects.get().conflict


def test_quality_flag_conflict_set_on_both_values_of_same_time_in_one_list(cuff):
    receive_and_ingest(
        [measurement_item(cuff, filter_params=None), measurement_item(cuff, filter_params=None, value_1="151.00")]
    )

    assert list(Measurement.objects.values_list("conflict", flat=True)) == [True, True]


def test_quality_flag_conflict_not_set_for_different_measurement_indices(cuff):
    receive_and_ingest(
        [measurement_item(cuff), measurement_item(cuff, value_1="151.00", filter_params={"measurement_index": 42})]
    )

    assert not Measurement.objects.filter(conflict=True).exists()


def test_quality_flag_conflict_not_set_for_refilled_pillbox(cuff):
    slots = [measurement_item(cuff, metric="pillbox_refilled", value_1=str(day), value_2="1") for day in range(1, 8)]
    receive_and_ingest(slots)

    assert Measurement.objects.filter(conflict=False).count() == 7


KNOWN, ESTIMATED = {"timestamp": "2026-09-20T14:10:00Z"}, {"estimated_timestamp": True}
LATER = {"timestamp": "2026-09-20T15:00:00Z", "estimated_timestamp": True}


@pytest.mark.parametrize("at_once", [False, True], ids=["one after the other", "in one list"])
@pytest.mark.parametrize(
    "changes",
    [(ESTIMATED, KNOWN), (KNOWN, LATER), (ESTIMATED, LATER)],
    ids=["the estimate was first", "the estimate comes later", "both are estimates"],
)
def test_quality_flag_duplicate_set_for_same_value_with_estimated_time(cuff, changes, at_once):
    items = [measurement_item(cuff, **fields) for fields in changes]
    for body in [items] if at_once else items:
        receive_and_ingest(body)

    assert list(Measurement.objects.order_by("pk").values_list("duplicate", flat=True)) == [False, True]


def test_quality_flag_duplicate_set_across_change_of_assigned_patient(cuff, elm):
    """One value arrives twice; by its estimated time, the device was assigned to another patient."""
    bert, handover = PatientFactory(clinic=elm), dt.datetime(2026, 9, 20, 13, tzinfo=dt.UTC)
    cuff.assignments.update(ended_at=handover)
    AssignmentFactory(device=cuff, patient=bert, started_at=handover)

    receive_and_ingest(
        [measurement_item(cuff, **ESTIMATED), measurement_item(cuff, **KNOWN, patient_id=bert.external_id)]
    )

    assert list(Measurement.objects.order_by("pk").values_list("duplicate", flat=True)) == [False, True]


@pytest.mark.parametrize(
    "other",
    [{}, {"timestamp": "2026-09-23T13:30:00Z"}, {"value_1": "132.00"}, {"filter_params": {"measurement_index": 42}}],
    ids=["no estimate", "days apart", "another value", "another index"],
)
def test_quality_flag_duplicate_not_set_for_probably_distinct_readings(cuff, other):
    first = ESTIMATED if other else {}
    receive_and_ingest([measurement_item(cuff, **first), measurement_item(cuff, **(KNOWN | other))])

    assert Measurement.objects.filter(duplicate=False).count() == 2
