"""Quality flags of readings: implausible, conflict, and probable duplicate."""

import datetime as dt
import itertools

import pytest
import time_machine

from devices.inbox.payload_parsing import parse_item
from measurements.ingest import pipeline
from measurements.models import LatestReading, Measurement, PatientSummary, ReadingDay
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
    ("changes", "flags"),
    [((ESTIMATED, KNOWN), [True, False]), ((KNOWN, LATER), [False, True]), ((ESTIMATED, LATER), [False, True])],
    ids=["the estimate was first", "the estimate comes later", "both are estimates"],
)
def test_quality_flag_duplicate_set_on_estimated_of_equal_values(cuff, changes, flags, at_once):
    items = [measurement_item(cuff, **fields) for fields in changes]
    for body in [items] if at_once else items:
        receive_and_ingest(body)

    assert list(Measurement.objects.order_by("pk").values_list("duplicate", flat=True)) == flags


@pytest.mark.parametrize("order", list(itertools.permutations((ESTIMATED, KNOWN, LATER))))
def test_quality_flag_duplicate_of_three_independent_of_order_of_arrival(cuff, order):
    for fields in order:
        receive_and_ingest(measurement_item(cuff, **fields))

    assert dict(Measurement.objects.values_list("estimated", "duplicate")) == {True: True, False: False}
    assert LatestReading.objects.get().taken_at == dt.datetime(2026, 9, 20, 14, 10, tzinfo=dt.UTC)


def test_day_of_estimate_not_counted_once_certain_time_on_next_day_is_known(cuff):
    receive_and_ingest(measurement_item(cuff, timestamp="2026-09-20T20:00:00Z", **ESTIMATED))
    receive_and_ingest(measurement_item(cuff, timestamp="2026-09-21T15:00:00Z"))

    assert [row.day for row in ReadingDay.objects.all()] == [dt.date(2026, 9, 21)]
    assert PatientSummary.objects.get().measured_days_mask == 1


def test_quality_flag_duplicate_set_across_change_of_assigned_patient(cuff, elm):
    """One value arrives twice; by its estimated time, the device was assigned to another patient."""
    bert, handover = PatientFactory(clinic=elm), dt.datetime(2026, 9, 20, 13, tzinfo=dt.UTC)
    cuff.assignments.update(ended_at=handover)
    AssignmentFactory(device=cuff, patient=bert, started_at=handover)

    receive_and_ingest(measurement_item(cuff, **ESTIMATED))
    receive_and_ingest(measurement_item(cuff, **KNOWN, patient_id=bert.external_id))

    assert list(Measurement.objects.order_by("pk").values_list("duplicate", flat=True)) == [True, False]
    assert [row.patient for row in ReadingDay.objects.all()] == [bert]


@pytest.mark.parametrize(
    "other",
    [{}, {"timestamp": "2026-09-21T12:30:01Z"}, {"value_1": "132.00"}, {"filter_params": {"measurement_index": 42}}],
    ids=["no estimate", "over a day apart", "another value", "another index"],
)
def test_quality_flag_duplicate_not_set_for_probably_distinct_readings(cuff, other):
    first = ESTIMATED if other else {}
    receive_and_ingest([measurement_item(cuff, **first), measurement_item(cuff, **(KNOWN | other))])

    assert Measurement.objects.filter(duplicate=False).count() == 2


def test_quality_flag_duplicate_set_for_values_taken_exactly_a_day_apart(cuff):
    receive_and_ingest([measurement_item(cuff, **ESTIMATED), measurement_item(cuff, timestamp="2026-09-21T12:30:00Z")])

    assert Measurement.objects.get(duplicate=True).estimated


@pytest.mark.parametrize(("hours", "flagged"), [(72, 1), (72.01, 0)])
def test_quality_flag_duplicate_set_for_values_received_within_three_days(cuff, hours, flagged):
    received_at = dt.datetime(2026, 9, 21, 12, tzinfo=dt.UTC)
    with time_machine.travel(received_at, tick=False):
        receive_and_ingest(measurement_item(cuff, **ESTIMATED))
    with time_machine.travel(received_at + dt.timedelta(hours=hours), tick=False):
        receive_and_ingest(measurement_item(cuff, **KNOWN))

    assert Measurement.objects.filter(duplicate=True).count() == flagged


def test_quality_flag_duplicate_set_for_pulled_value_that_vendor_got_in_time(cuff):
    """The vendor estimates a time anew, and the pull of a week later brings it with the time of the first receipt."""
    received_at = dt.datetime(2026, 9, 20, 12, 31, tzinfo=dt.UTC)
    with time_machine.travel(received_at, tick=False):
        receive_and_ingest(measurement_item(cuff, **ESTIMATED))
    again = measurement_item(cuff, **LATER | {"created": received_at.isoformat()})
    with time_machine.travel(received_at + dt.timedelta(days=7), tick=False):
        pipeline.ingest_pulled_items([parse_item(again)])

    assert list(Measurement.objects.order_by("pk").values_list("duplicate", flat=True)) == [False, True]


def test_quality_flag_duplicate_found_by_time_taken_where_one_stamp_is_ahead(cuff):
    received_at = dt.datetime(2026, 9, 20, 12, 30, tzinfo=dt.UTC)
    with time_machine.travel(received_at, tick=False):
        receive_and_ingest(measurement_item(cuff, timestamp="2026-09-21T12:00:00Z"))
        receive_and_ingest(measurement_item(cuff, timestamp="2026-09-20T10:00:00Z", **ESTIMATED))

    assert Measurement.objects.get(duplicate=True).estimated
