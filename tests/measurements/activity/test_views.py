"""A watch's page: what it shows, from where it is reached, and that none of it is a vital sign."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from measurements.thresholds import evaluation
from measurements.weeks.week_figures import compute_week_figures
from tests.factories import DeviceFactory
from tests.measurements.page_setup import NOW, add_reading, audited_patient_ids
from tests.page_texts import missing_words, page_text

pytestmark = pytest.mark.usefixtures("clock_at_noon")
STATED = {"average_heart_rate": 81, "max_heart_rate": 104, "min_heart_rate": 61, "period": 60, "wearable_code": 0}


@pytest.fixture
def worn(rosa, clock_at_noon):
    """Two hours of yesterday and one of today; one value of sleep."""
    watch = DeviceFactory(patient=rosa, name="Tenovi Watch", sensor_code="15")
    for hours_ago, steps in ((3, 641), (26, 500), (27, 1200)):
        add_reading(watch, "steps", steps, 0, hours_ago=hours_ago, latest=hours_ago == 3)
        add_reading(
            watch, "heart_rate_statistics", 81, 104, hours_ago=hours_ago, latest=hours_ago == 3, filter_params=STATED
        )
    add_reading(watch, "sleep", "6.50", 0, hours_ago=29)
    return rosa


def test_watch_page_shows_steps_sleep_and_heart_rate_by_local_day_as_pictures_and_table(as_nadia, worn):
    page = as_nadia.get(f"/patients/{worn.pk}/watch/?days=7")

    assert not missing_words(
        page,
        "Days with values 2 of 7",
        "Steps a day 1,700 mean of 1 day, without today",
        "Heart rate 61 to 104 bpm",
        "Sat Nov 21, 2026 641 in 1 h 61 81 104",
        "Fri Nov 20, 2026 1,700 in 2 h 6.5 61 81 104",
    )
    titles = re.findall(r"<title id=[^>]*>([^<]*)<", page.content.decode())
    assert titles == ["Steps, steps", "Heart rate, bpm", "Sleep, h"]
    assert "2 days with a value, 641 to 1,700; the table has each." in page.content.decode()
    assert audited_patient_ids("view") == [[worn.pk]]


def test_watch_page_is_linked_where_the_patient_has_a_watch_or_readings_of_one(as_nadia, rosa, worn):
    DeviceFactory(patient=(other := DeviceFactory().patient), name="Tenovi Watch", sensor_code="15")
    other.clinic = rosa.clinic
    other.save()
    linked = [f'href="/patients/{each.pk}/watch/"' in patient_text(as_nadia, each) for each in (worn, other)]
    add_reading(cuff := DeviceFactory(patient__clinic=rosa.clinic), "weight", 171)

    assert linked == [True, True]
    assert "/watch/" not in patient_text(as_nadia, cuff.patient)


def patient_text(client, patient):
    return client.get(f"/patients/{patient.pk}/").content.decode()


def test_watch_readings_are_in_no_panel_average_week_or_measured_day(as_nadia, worn):
    cuff = DeviceFactory(patient=worn)
    add_reading(cuff, "pulse", 70, 0, hours_ago=4)
    page = as_nadia.get(f"/patients/{worn.pk}/")
    week = compute_week_figures([worn], thresholds={worn.pk: evaluation.thresholds_for(worn)}, now=NOW)[worn.pk]

    (panel,) = page.context["charts"].panels
    assert (panel.metric.pk, panel.summary.n, panel.summary.average) == ("pulse", 1, (70.0,))
    assert page.context["charts"].measured_days.measured == 1
    assert week.is_empty
    assert "heart" not in page_text(as_nadia.get(f"/patients/{worn.pk}/record-text/")).lower()


def test_watch_page_without_readings_says_so_and_an_unknown_range_is_ignored(as_nadia, rosa):
    page = as_nadia.get(f"/patients/{rosa.pk}/watch/?days=abc")

    assert "The watch has sent nothing in this range." in page_text(page)
    assert page.context["length"] == 30


def test_watch_page_uses_as_many_queries_for_every_range(as_nadia, worn):
    counts = []
    for days in (7, 365, 7, 365):  # the first round fills caches
        with CaptureQueriesContext(connection) as queries:
            as_nadia.get(f"/patients/{worn.pk}/watch/?days={days}")
        counts.append(len(queries))

    assert counts[2] == counts[3] < 30
