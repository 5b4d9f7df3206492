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


@pytest.mark.parametrize(
    ("readings", "count"),
    [
        ([(1, True), (2, True)], 2),
        ([(1, True), (2, True), (3, True)], 3),
        ([(1, True), (2, False), (3, True)], 0),
        ([(1, False), (2, True), (3, True)], 0),
        ([(1, True), (8, True)], 0),
        ([(1, True), (1, True)], 0),
    ],
    ids=["two", "three", "plausible between", "plausible since", "a week apart", "conflict at one time"],
)
def test_two_implausible_readings_in_a_row_of_a_device_are_an_exception(rosa, readings, count):
    device = DeviceFactory(patient=rosa)
    PatientSummaryFactory(patient=rosa, check_count=3)
    now = timezone.now()
    for n, (days, implausible) in enumerate(readings):
        at = now - dt.timedelta(days=days)
        MeasurementFactory(device=device, implausible=implausible, taken_at=at, value_1=310 + n, value_2=80)
        MeasurementFactory(device=device, code="pulse", taken_at=at, value_1=70, index=5 + n)
    MeasurementFactory(device=DeviceFactory(patient=rosa), taken_at=now)

    found = [(each.kind, each.device_id, each.facts["count"]) for each in find_implausible()]

    assert found == ([("implausible_readings", device.pk, count)] if count else [])


def test_implausible_readings_are_named_but_to_administrators_and_over_when_one_is_excluded(rosa, nadia):
    device = DeviceFactory(patient=rosa)
    PatientSummaryFactory(patient=rosa, check_count=3)
    first, _ = (
        MeasurementFactory(device=device, implausible=True, taken_at=ago(days), code="weight", value_1=value)
        for days, value in ((1, 1.4), (2, 1.6))
    )
    kind, facts = kind_named("implausible_readings"), find_implausible()[0].facts
    assert kind.describe(facts).meaning == "Its last 2 readings can't be right: 1.6 lb, 1.4 lb."
    assert kind.describe_to_administrators(facts).meaning == "Its last 2 readings can't be right."

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
