"""Stored readings are aligned with how a payload is read today, and a second run changes nothing."""

from decimal import Decimal

import pytest
from django.core.management import call_command

from measurements.models import LatestReading, Measurement
from tests.factories import MeasurementFactory, MetricFactory
from tests.measurements.page_setup import NOW

pytestmark = pytest.mark.django_db


def align(capsys):
    """Changed rows by step."""
    call_command("align_stored_rows", "--apply")
    lines = capsys.readouterr().out.splitlines()
    return {line.split(":")[0]: int(line.split()[1]) for line in lines}


def test_align_stored_rows_respells_the_words_of_readings(cuff, capsys):
    MetricFactory(code="SpO2", known=False)
    spelt = MeasurementFactory(device=cuff, code="SpO2", value_1=Decimal(84), taken_at=NOW, raw_metric="SpO2")
    fasting = MeasurementFactory(device=cuff, code="glucose", value_1=140, filter_params={"meal_context": "Fasting"})

    assert align(capsys)["measurements.vendor_words"] == 2

    spelt.refresh_from_db()
    fasting.refresh_from_db()
    assert (spelt.metric_id, spelt.raw_metric) == ("spO2", "SpO2")
    assert fasting.filter_params == {"meal_context": "fasting", "as_sent": {"meal_context": "Fasting"}}
    assert LatestReading.objects.get(metric="spO2").measurement == spelt
    assert set(align(capsys).values()) == {0}


def test_align_stored_rows_takes_the_number_from_readings_beyond_the_meter(cuff, capsys):
    MeasurementFactory(device=cuff, code="glucose", value_1=412, filter_params={"alert": "sensor_result_above_range"})

    align(capsys)

    reading = Measurement.objects.get()
    assert (reading.value_1, reading.beyond_meter) == (None, "above")
    assert reading.filter_params["as_sent"] == {"value_1": "412.00"}
    assert LatestReading.objects.get().beyond_meter == "above"
    assert set(align(capsys).values()) == {0}


def test_align_stored_rows_leaves_a_reading_that_is_stored_under_the_known_metric_as_well(cuff, capsys):
    MetricFactory(code="SPO2", known=False)
    for code in ("SPO2", "spO2"):
        MeasurementFactory(device=cuff, code=code, value_1=Decimal(84), taken_at=NOW)

    assert align(capsys)["measurements.vendor_words"] == 0
    assert Measurement.objects.count() == 2
