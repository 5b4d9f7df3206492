"""Which readings are included, counted, evaluated and trusted: in the ORM, on an object and in raw SQL alike."""

import datetime as dt
from itertools import product

import pytest
from django.db import connection
from django.utils import timezone

from measurements.models import Measurement
from measurements.models.reading_rules import COUNTED, CREDIBLE, EVALUABLE, INCLUDED, TRUSTED
from tests.factories import DeviceFactory, MeasurementFactory

pytestmark = pytest.mark.django_db
FLAGS = ("conflict", "duplicate", "implausible", "control")
NOW = dt.datetime(2026, 11, 21, 17, 0, tzinfo=dt.UTC)


@pytest.fixture
def readings_of_every_flag_combination():
    device = DeviceFactory()
    for n, (*flags, excluded) in enumerate(product((False, True), repeat=len(FLAGS) + 1)):
        exclusion = {"excluded_at": timezone.now(), "excluded_reason": "test"} if excluded else {}
        taken_at = NOW - dt.timedelta(hours=n)
        given = dict(zip(FLAGS, flags, strict=True)) | exclusion
        MeasurementFactory(device=device, taken_at=taken_at, **given)
        MeasurementFactory(
            device=device, taken_at=taken_at, code="glucose", value_1=None, beyond_meter="above", **given
        )
    return list(Measurement.objects.order_by("pk"))


def ids_by_sql(rule):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM measurements_measurement AS reading WHERE {rule.sql('reading')}")
        return {pk for (pk,) in cursor.fetchall()}


@pytest.mark.parametrize("rule", [INCLUDED, COUNTED, EVALUABLE, CREDIBLE, TRUSTED])
def test_reading_rule_is_same_as_condition_on_object_and_in_sql(readings_of_every_flag_combination, rule):
    on_objects = {row.pk for row in readings_of_every_flag_combination if rule.holds_for(row)}

    assert {row.pk for row in Measurement.objects.filter(rule.condition)} == on_objects
    assert ids_by_sql(rule) == on_objects


def test_measurement_querysets_and_properties_follow_reading_rules(readings_of_every_flag_combination):
    rows = readings_of_every_flag_combination

    assert set(Measurement.objects.included()) == {row for row in rows if row.is_included}
    assert set(Measurement.objects.left_out()) == {row for row in rows if not row.is_included}
    assert set(Measurement.objects.counted()) == {row for row in rows if row.is_included and not row.duplicate}
    assert set(Measurement.objects.trusted()) == {row for row in rows if row.is_trusted}
    known = [row for row in rows if row.value_1 is not None]
    assert set(Measurement.objects.with_value()) == set(known)
    assert set(Measurement.objects.beyond_meter()) == set(rows).difference(known)
    assert [row for row in rows if row.is_trusted] == [
        row for row in known if row.is_evaluable and not row.duplicate
    ], "a probable duplicate has a threshold status, and is left out of averages alone"
