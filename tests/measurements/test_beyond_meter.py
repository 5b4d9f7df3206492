"""A glucose beyond the meter: shown wherever readings are, with its side and without a value, and in no average."""

import csv
import datetime as dt
import io

import pytest
from django.db.models import Avg

from measurements.chart import panels
from measurements.models import LatestReading, Measurement, PatientSummary
from measurements.readings import latest_judged
from measurements.thresholds import evaluation
from tests.factories import MeasurementFactory
from tests.measurements.page_setup import NOW
from tests.measurements.webhook_items import measurement_item, receive_and_ingest
from tests.page_texts import page_text

pytestmark = pytest.mark.usefixtures("clock_at_noon", "db")
WORDS = "beyond the meter, value not known"


def glucose(device, value, *, hours_ago=1, **changes):
    at = (NOW - dt.timedelta(hours=hours_ago)).isoformat()
    return measurement_item(
        device, metric="glucose", value_1=value, value_2="0.00", timestamp=at, created=at,
        **({"filter_params": None} | changes),
    )  # fmt: skip


def fetch_glucose_panel(patient):
    bounds = evaluation.thresholds_for(patient)
    latest = latest_judged.latest_readings(patient, thresholds=bounds)
    days = panels.local_days_for(patient, length=7, now=NOW)
    return panels.build_panels(patient, days=days, thresholds=bounds, latest=latest, now=NOW)


@pytest.mark.parametrize("text", ["HI", "LO"])
def test_beyond_meter_reading_is_on_page_table_print_and_list(as_nadia, cuff, rosa, text):
    receive_and_ingest([glucose(cuff, "140", hours_ago=3), glucose(cuff, text)])

    page = page_text(as_nadia.get(f"/patients/{rosa.pk}/"))
    reading = Measurement.objects.get(value_1=None)
    assert f"Latest {text} 1 h ago" in page
    assert page.count(WORDS) >= 3, "latest, chart and table"
    for address in (f"/patients/{rosa.pk}/print/", f"/patients/{rosa.pk}/readings/{reading.pk}/"):
        shown = page_text(as_nadia.get(address))
        assert text in shown, address
        assert WORDS in shown, address
    listed = page_text(as_nadia.get("/patients/"))
    assert text in listed
    assert WORDS in listed


def test_beyond_meter_reading_is_in_the_file_without_a_number(as_nadia, cuff, rosa):
    alert = {"alert": "sensor_result_above_range", "meal_context": "Fasting"}
    receive_and_ingest(glucose(cuff, "412.00", filter_params=alert))

    content = as_nadia.get(f"/patients/{rosa.pk}/readings.csv?days=7").content.decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(content))

    assert (row["value"], row["against_goal"], row["counts"]) == ("HI", WORDS, "no")
    assert "412" not in content


def test_beyond_meter_reading_is_in_no_average_or_chart_but_counts_its_day(cuff, rosa):
    receive_and_ingest([glucose(cuff, "100", hours_ago=30), glucose(cuff, "HI")])

    drawn = fetch_glucose_panel(rosa)
    (panel,) = drawn.panels
    assert (panel.summary.n, panel.summary.average) == (1, (100.0,))
    assert [point.values for point in panel.plot_data.points] == [(100.0,)]
    assert [reading.text for reading in panel.beyond_meter] == ["HI"]
    assert sum(count > 0 for count in drawn.readings_per_day) == 2
    assert Measurement.objects.aggregate(mean=Avg("value_1"))["mean"] == 100


def test_beyond_meter_reading_alone_has_a_panel_without_a_chart(as_nadia, cuff, rosa):
    receive_and_ingest(glucose(cuff, "HI"))

    page = page_text(as_nadia.get(f"/patients/{rosa.pk}/"))

    assert "HI Nov 21, 11:00 AM: beyond the meter, value not known, in no average" in page
    assert "No glucose in this range" not in page


def test_beyond_meter_reading_is_named_with_its_meal_in_the_panel_of_other_meals(as_nadia, cuff, rosa):
    fasting, bedtime = ({"meal_context": context} for context in ("Fasting", "Bedtime"))
    receive_and_ingest(
        [glucose(cuff, "100", hours_ago=5, filter_params=fasting), glucose(cuff, "HI", filter_params=bedtime)]
    )

    for address in ("", "print/"):
        page = page_text(as_nadia.get(f"/patients/{rosa.pk}/{address}"))
        assert "Glucose, other or no meal stated mg/dL HI Bedtime Nov 21, 11:00 AM: beyond the meter" in page


def test_beyond_meter_reading_is_the_latest_and_sorts_beyond_all_values(cuff, rosa):
    receive_and_ingest([glucose(cuff, "600", hours_ago=2), glucose(cuff, "HI")])

    latest = LatestReading.objects.get(metric="glucose")
    assert (latest.value_1, latest.beyond_meter) == (None, "above")
    assert PatientSummary.objects.get(patient=rosa).glucose > 600
    (judged,) = latest_judged.latest_readings(rosa, thresholds=evaluation.thresholds_for(rosa))
    assert (judged.text, judged.words, judged.threshold_status) == ("HI", WORDS, "very_high")


def test_later_value_replaces_beyond_meter_reading_as_the_latest(cuff, rosa):
    receive_and_ingest(glucose(cuff, "HI", hours_ago=2))
    receive_and_ingest(glucose(cuff, "220"))

    latest = LatestReading.objects.get(metric="glucose")
    assert (latest.value_1, latest.beyond_meter) == (220, "")


def test_beyond_meter_reading_is_stored_once_and_conflicts_with_other_values_of_its_time(cuff):
    for _ in range(2):
        receive_and_ingest(glucose(cuff, "HI"))
    assert Measurement.objects.get().conflict is False

    receive_and_ingest(glucose(cuff, "LO"))

    assert Measurement.objects.filter(conflict=True).count() == 2
    assert LatestReading.objects.get().conflict


def test_control_solution_beyond_the_meter_is_no_latest_reading(cuff):
    receive_and_ingest(glucose(cuff, "HI", filter_params={"measurement_location": "Control Solution"}))

    assert Measurement.objects.get().control
    assert not LatestReading.objects.exists()


def test_excluded_beyond_meter_reading_has_no_flag(as_nadia, cuff, rosa):
    device = cuff
    MeasurementFactory(
        device=device, code="glucose", value_1=None, beyond_meter="above", taken_at=NOW - dt.timedelta(hours=1),
        excluded_at=NOW, excluded_reason="a test",
    )  # fmt: skip

    page = page_text(as_nadia.get(f"/patients/{rosa.pk}/?excluded=1"))

    assert "HI" in page
    assert "▲ beyond" not in page


def test_device_page_names_the_time_of_a_reading_beyond_the_meter(as_nadia, cuff):
    receive_and_ingest([glucose(cuff, "140", hours_ago=3), glucose(cuff, "HI")])

    assert "Glucose Nov 21, 2026, 11:00 AM" in page_text(as_nadia.get(f"/devices/{cuff.hwi_id}/"))
