"""Text for the record: every line computed by hand, and what must be said where readings are few or missing."""

import datetime as dt

import pytest

from measurements.chart.date_range import DateRange
from measurements.local_days import LocalDays
from measurements.reports.patient_report import build_report
from measurements.reports.text_record import write_record_text
from measurements.units import VENDOR_UNITS
from tests.factories import AlertEpisodeFactory, DeviceFactory
from tests.measurements.page_setup import NOW, add_reading, audited_patient_ids

pytestmark = pytest.mark.usefixtures("clock_at_noon")
DAY = 24


@pytest.fixture
def text_of(rosa):
    def write(*, first=None, last=None, length=30):
        days = DateRange(length).local_days(rosa, now=NOW)
        if first:
            days = LocalDays(rosa.zone, first, last, now=NOW)
        return write_record_text(build_report(rosa, days=days, units=VENDOR_UNITS, now=NOW), now=NOW)

    return write


@pytest.fixture
def measured_week(clock_at_noon, rosa):
    """Two blood pressures in each of seven days, at 7 AM and 7 PM, an irregular heartbeat and two marks."""
    device = DeviceFactory(patient=rosa)
    for day in range(7):
        for values, hours_ago in (((130 + day, 80), 5 + DAY * day), ((120 + day, 70), 17 + DAY * day)):
            received = NOW - dt.timedelta(hours=hours_ago)
            add_reading(
                device, "blood_pressure", *values, hours_ago=hours_ago, latest=hours_ago == 5, received_at=received
            )
    add_reading(device, "blood_pressure", 190, 100, hours_ago=6, latest=False, conflict=True)
    add_reading(device, "irregular_heartbeat", 1, hours_ago=5)
    add_reading(device, "spO2", 96, hours_ago=4, estimated=True)
    return device


@pytest.mark.usefixtures("measured_week")
def test_record_text_states_averages_range_goal_home_average_and_gaps(text_of, rosa):
    rosa.enrolled_at = NOW - dt.timedelta(days=60)
    rosa.save()
    AlertEpisodeFactory(patient=rosa, state="snoozed")

    assert text_of() == (
        "Rosa Delgado, born Apr 9, 1951, MRN MRN-ROSA\n"
        "Home readings, Oct 23 to Nov 21, 2026 (30 days), times in Eastern Time (New York)\n"
        "Readings on 8 of 30 days\n"
        "\n"
        "Blood pressure, mmHg, goal < 130/80\n"
        "  average 128/75, n 14; before noon 133/80, n 7; from noon 123/70, n 7\n"
        "  range systolic 120 to 136, diastolic 70 to 80\n"
        "  7 of 14 above goal\n"
        "  7-day home average, Nov 15 to Nov 21, 2026: 128/75, in goal; 13 readings on 7 days; first Nov 15, 2026, "
        "7:00 AM, last Nov 21, 2026, 7:00 AM; 1 reading left out\n"
        "  irregular heartbeat 1 time\n"
        "\n"
        "SpO2, %, goal >= 92\n"
        "  average 96, n 1; before noon 96, n 1\n"
        "  range 96\n"
        "  none of 1 out of goal\n"
        "\n"
        "Days without readings: 22 days: Oct 23 to Nov 13, 2026\n"
        "Quality marks\n"
        "  Blood pressure: 1 check: another value for the same time\n"
        "  SpO2: 1 time estimated by the vendor\n"
        "Alerts\n"
        "  Warning, high average blood pressure: Nov 21, 2026, 11:00 AM; worst 162/94 mmHg; snoozed\n"
        "\n"
        "Written Nov 21, 2026, 12:00 PM, Eastern Time (New York); Elm Street Clinic, Vitals at Home"
    )


@pytest.mark.usefixtures("measured_week")
def test_record_text_of_days_in_the_past_has_the_home_average_of_their_last_seven(text_of):
    text = text_of(first=dt.date(2026, 11, 14), last=dt.date(2026, 11, 16))

    assert "7-day home average, Nov 10 to Nov 16, 2026: 129/74; 5 readings on 3 days, not enough: 12 readings" in text
    assert "Home readings, Nov 14 to Nov 16, 2026 (3 days)" in text
    assert "Days without readings: none" in text


def test_record_text_without_readings_says_so(text_of):
    text = text_of(length=7)

    assert "\n\nDays without readings: " in text
    assert "average" not in text


def test_record_text_names_values_beyond_the_meter_and_the_last_reading_before_the_range(text_of, rosa):
    device = DeviceFactory(patient=rosa)
    add_reading(device, "glucose", None, hours_ago=3, beyond_meter="above", latest=False)
    add_reading(device, "glucose", 148, hours_ago=DAY * 40)
    add_reading(device, "weight", 171, hours_ago=DAY * 20)

    text = text_of(length=7)

    assert "  no readings that count in these days\n  the last one was taken Oct 12, 2026, 1:00 PM\n" in text
    assert "  beyond the meter, value not known, in no average: HI 1 time\n" in text


def test_record_text_names_the_longest_of_many_gaps(text_of, rosa):
    device = DeviceFactory(patient=rosa)
    for day in range(1, 60, 2):
        add_reading(device, "weight", 171, hours_ago=DAY * day + 5, latest=day == 1, index=day)
    rosa.enrolled_at = NOW - dt.timedelta(days=89)
    rosa.save()

    gaps = text_of(length=90).partition("Days without readings: ")[2].partition("\n")[0]

    assert gaps.startswith("59 days: Aug 24 to Sep 22, 2026; ")
    assert gaps.endswith("; and 22 shorter gaps")


@pytest.mark.usefixtures("measured_week")
def test_record_text_page_and_panel_show_the_range_of_the_page_and_are_audited(as_nadia, rosa):
    page = as_nadia.get(f"/patients/{rosa.pk}/record-text/?days=7")
    part = as_nadia.get(f"/patients/{rosa.pk}/record-text/?days=7&panel=1").content.decode()

    assert "Home readings, Nov 15 to Nov 21, 2026 (7 days)" in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert "<html" not in part
    assert "data-copy-record" in part
    assert audited_patient_ids("view") == [[rosa.pk], [rosa.pk]]


def test_record_text_of_dates_that_are_no_longer_remembered_is_not_found(as_nadia, rosa):
    assert as_nadia.get(f"/patients/{rosa.pk}/record-text/?days=d1234abcd").status_code == 404


@pytest.mark.usefixtures("measured_week")
def test_record_text_uses_as_many_queries_for_every_range(as_nadia, rosa, django_assert_num_queries):
    as_nadia.get(f"/patients/{rosa.pk}/record-text/?days=7")
    for days in (7, 365):
        with django_assert_num_queries(21):
            as_nadia.get(f"/patients/{rosa.pk}/record-text/?days={days}")
