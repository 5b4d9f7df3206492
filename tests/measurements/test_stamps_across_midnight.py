"""A reading stamped up to five minutes ahead across local midnight is shown and counted at once, as one of today."""

import datetime as dt

import pytest

from measurements.chart.date_range import DateRange
from measurements.ingest.placement import AHEAD_AFTER
from measurements.models import PatientSummary
from tests.factories import DeviceFactory
from tests.measurements.webhook_items import measurement_item, receive_and_ingest

pytestmark = pytest.mark.django_db
BEFORE_MIDNIGHT = dt.datetime(2026, 11, 22, 4, 58, tzinfo=dt.UTC)  # Nov 21, 11:58 pm in New York
TODAY = dt.date(2026, 11, 21)
STAMPS = [dt.timedelta(days=-1), AHEAD_AFTER]


@pytest.fixture
def readings_ahead(time_machine, rosa):
    """One of yesterday and one of five minutes ahead, tomorrow at 12:03 am."""
    time_machine.move_to(BEFORE_MIDNIGHT, tick=False)
    cuff = DeviceFactory(patient=rosa)
    for ahead in STAMPS:
        stamp = (BEFORE_MIDNIGHT + ahead).isoformat()
        receive_and_ingest(measurement_item(cuff, timestamp=stamp, created=stamp, value_1="150.00", value_2="70.00"))


@pytest.mark.parametrize("choice", ["7", "0", "dates"])
def test_chart_table_and_file_have_reading_across_midnight(as_nadia, readings_ahead, rosa, choice):
    key = choice
    if choice == "dates":
        as_nadia.post(f"/patients/{rosa.pk}/dates/", {"first": "2026-11-20", "last": str(TODAY)})
        key = DateRange(dates=(dt.date(2026, 11, 20), TODAY)).key

    page = as_nadia.get(f"/patients/{rosa.pk}/?days={key}")
    file = as_nadia.get(f"/patients/{rosa.pk}/readings.csv?days={key}")

    charts, data = page.context["charts"], page.context["chart_data"]
    assert [len(panel.plot_data.points) for panel in charts.panels] == [2]
    assert data["panels"][0]["points"]["at"][-1] <= data["end"]
    assert (charts.days.last, charts.readings_per_day[-2:]) == (TODAY, [1, 1])
    assert charts.measured_days.measured == rosa.reading_days.count() == 2
    assert len(page.context["table"].rows) == 2
    assert file.content.decode().count("Blood pressure") == 2


def test_band_of_chart_opens_reading_across_midnight(as_nadia, readings_ahead, rosa):
    at = int((BEFORE_MIDNIGHT.timestamp() - 3600) * 1000)

    shown = as_nadia.post(f"/patients/{rosa.pk}/day/", {"at": at, "days": 1})

    assert len(shown.context["table"].rows) == 1


def test_list_and_week_count_reading_across_midnight(as_nadia, readings_ahead, rosa):
    row = as_nadia.get("/patients/").context["rows"][0]

    assert PatientSummary.objects.get().systolic_average == 150
    assert PatientSummary.objects.get().week["metrics"]["blood_pressure"]["averages"][0]["n"] == 2
    assert row.measured_days.measured == 2
    assert row.sparkline.path.count("L") == 1
