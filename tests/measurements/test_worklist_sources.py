"""Exceptions of readings: when they begin, and when they are over."""

import datetime as dt

import pytest
from django.utils import timezone

from fulfillment.worklist.kinds import WORST_FIRST, kind_named, registry
from measurements import worklist_sources
from measurements.models import Measurement
from tests.factories import (
    DeviceFactory,
    HardwareChangeFactory,
    LatestReadingFactory,
    MeasurementFactory,
    PatientSummaryFactory,
)

pytestmark = pytest.mark.django_db


def ago(days):
    return timezone.now() - dt.timedelta(days=days)


def find_implausible():
    return list(worklist_sources.find_implausible_readings(timezone.now()))


def find_foreign():
    return list(worklist_sources.find_foreign_gateways(timezone.now()))


@pytest.mark.parametrize(("days", "begun"), [([1, 2, 3], True), ([1, 2], False), ([1, 2, 8], False)])
def test_three_implausible_readings_in_seven_days_are_an_exception(rosa, days, begun):
    device = DeviceFactory(patient=rosa)
    PatientSummaryFactory(patient=rosa, check_count=3)
    for day in days:
        MeasurementFactory(device=device, implausible=True, taken_at=ago(day))

    assert [(each.kind, each.device_id) for each in find_implausible()] == (
        [("implausible_readings", device.pk)] if begun else []
    )


def test_implausible_readings_are_over_when_one_is_excluded(rosa, nadia):
    device = DeviceFactory(patient=rosa)
    PatientSummaryFactory(patient=rosa, check_count=3)
    first, *_ = [MeasurementFactory(device=device, implausible=True, taken_at=ago(day)) for day in (1, 2, 3)]
    assert kind_named("implausible_readings").describe(find_implausible()[0].facts).meaning.startswith("3 readings")

    Measurement.objects.filter(pk=first.pk).update(excluded_at=timezone.now(), excluded_reason="x", excluded_by=nadia)

    assert find_implausible() == []


@pytest.mark.parametrize(("hardware", "begun"), [("AABBCCDDEEFF", True), ("", False), (None, False)])
def test_reading_by_another_gateway_is_an_exception(rosa, hardware, begun):
    device = DeviceFactory(patient=rosa)
    used = device.gateway.hardware_uuid.upper() if hardware is None else hardware
    reading = MeasurementFactory(device=device, taken_at=ago(1), hardware_uuid=used)
    LatestReadingFactory(measurement=reading)

    assert [each.kind for each in find_foreign()] == (["foreign_gateway"] if begun else [])


def test_reading_by_a_former_gateway_is_no_exception(rosa):
    device = DeviceFactory(patient=rosa)
    HardwareChangeFactory(device=device, old_hardware_uuid="AABBCCDDEEFF")
    LatestReadingFactory(measurement=MeasurementFactory(device=device, taken_at=ago(1), hardware_uuid="AABBCCDDEEFF"))

    assert find_foreign() == []


def test_every_kind_of_exception_has_a_place_in_the_order_of_urgency():
    assert set(registry.kinds) <= set(WORST_FIRST)
