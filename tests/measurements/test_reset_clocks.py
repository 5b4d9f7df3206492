"""Readings of a reset device clock, stamped years before the others: marked, visible, and no first day of anything."""

import datetime as dt
from html import unescape

import pytest

from devices.inbox.payload_parsing import parse_item
from measurements.chart import panels
from measurements.ingest import pipeline
from measurements.models import Measurement, ReadingDay
from tests.factories import MeasurementFactory
from tests.measurements.page_setup import NOW
from tests.measurements.webhook_items import measurement_item, receive_and_ingest
from tests.page_texts import page_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_noon")]
MARK = "the device's clock was reset: the day is not known"
DAY = dt.timedelta(days=1)
RESET = dt.datetime(2016, 1, 1, 12, tzinfo=dt.UTC)


def item(device, taken, **changes):
    times = {"timestamp": taken.isoformat(), "created": taken.isoformat()}
    return measurement_item(device, metric="weight", value_2="0.00", **{"value_1": "180.00"} | times | changes)


def first_of_all(patient):
    return panels.local_days_for(patient, length=0, now=NOW).first


@pytest.mark.parametrize("reset_last", [True, False])
@pytest.mark.parametrize("resets", [1, 5])
def test_reset_clock_begins_no_range_no_day_and_no_device(cuff, rosa, reset_last, resets):
    """A device that was reset for days, whichever of its readings come first."""
    items = [item(cuff, RESET + n * DAY) for n in range(resets)], [item(cuff, NOW - n * DAY) for n in (3, 2, 0)]
    for body in items[::-1] if reset_last else items:
        receive_and_ingest(body)

    cuff.refresh_from_db()
    assert Measurement.objects.filter(clock_reset=True).count() == resets
    assert first_of_all(rosa) == (NOW - 3 * DAY).date()
    assert ReadingDay.objects.order_by("day").first().day == (NOW - 3 * DAY).date()
    assert (cuff.first_reading_at, cuff.last_reading_at) == (NOW - 3 * DAY, NOW)


def test_reset_clock_stays_visible_and_marked(as_nadia, cuff, rosa):
    receive_and_ingest([item(cuff, RESET, value_1="190.00"), item(cuff, NOW - DAY)])
    reading = Measurement.objects.get(value_1=190)
    page = f"/patients/{rosa.pk}/"

    for address in (f"{page}?days=0", f"{page}print/?days=0", f"{page}readings/{reading.pk}/"):
        text = unescape(page_text(as_nadia.get(address)))
        assert "190.0" in text, address
        assert MARK in text, address
        assert "came over 24 h late" not in text
    assert MARK in as_nadia.get(f"{page}readings.csv?days=0").content.decode()
    assert "190.0" not in page_text(as_nadia.get(f"{page}?days=30"))


def test_reset_clock_is_not_assumed_of_history_that_vendor_received_in_time(cuff, rosa):
    old = NOW - 1000 * DAY
    pipeline.ingest_pulled_items(
        [parse_item(item(cuff, taken) | {"created": (taken + DAY).isoformat()}) for taken in (old, NOW - DAY)]
    )

    assert not Measurement.objects.filter(clock_reset=True).exists()
    assert first_of_all(rosa) == old.date()
    assert ReadingDay.objects.count() == 2


def test_reset_clock_without_other_readings_has_nothing_to_be_compared_with(cuff, rosa):
    MeasurementFactory(device=cuff, taken_at=RESET)

    assert first_of_all(rosa) == RESET.date()


def test_reset_clock_does_not_hide_history_that_continues(cuff, rosa):
    for days in (3000, 1000, 700, 390, 300, 1):
        MeasurementFactory(device=cuff, taken_at=NOW - days * DAY)

    assert first_of_all(rosa) == (NOW - 1000 * DAY).date()
