"""Fragments as strings: each says what it needs, asks the database nothing, and has words for nothing to show."""

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from measurements.chart.date_range import Look, Span
from measurements.patient_list.columns import COLUMNS
from measurements.patient_list.filters import Chosen
from measurements.patient_list.rows import rows_of
from measurements.patient_page import views
from measurements.units import VENDORS
from patients.permissions import open_patient
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory, OrderLineFactory
from tests.source import ROOT

TEMPLATES = ROOT / "templates"
FRAGMENTS = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("_*.html"))
OF_THE_PAGE = ("_who", "_vitals", "_latest", "_goals", "_devices", "_table")


@pytest.mark.parametrize("name", FRAGMENTS)
def test_every_fragment_says_first_what_it_needs(name):
    assert (TEMPLATES / name).read_text().startswith("{# Needs: ")


def shown(rf, rosa, nadia):
    request = rf.get("/")
    request.user = nadia
    return views.shown(request, open_patient(rosa.pk, by=nadia), Look(Span())) | {"user": nadia}


@pytest.fixture
def measured(rosa):
    device = DeviceFactory(patient=rosa, first_reading_at=timezone.now(), last_reading_at=timezone.now())
    for code in ("blood_pressure", "weight", "glucose", "sparkle"):
        LatestReadingFactory(measurement=MeasurementFactory(device=device, code=code))
    OrderLineFactory(order__patient=rosa)
    return device


@pytest.mark.parametrize("name", OF_THE_PAGE)
def test_a_fragment_of_the_page_makes_no_query(rf, rosa, nadia, measured, name, django_assert_num_queries):
    context = shown(rf, rosa, nadia)

    with django_assert_num_queries(0):
        render_to_string(f"patients/{name}.html", context)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("_vitals", "No readings from Rosa Delgado yet."),
        ("_latest", "Nothing measured yet."),
        ("_goals", "Goals are shown here once readings arrive."),
        ("_devices", "No devices yet."),
        ("_table", "No readings in this range."),
    ],
)
def test_a_fragment_has_words_for_nothing_to_show(rf, rosa, nadia, name, words):
    assert words in render_to_string(f"patients/{name}.html", shown(rf, rosa, nadia))


def test_a_range_without_readings_says_when_the_last_one_was(rf, rosa, nadia):
    old = timezone.now().replace(year=2025, month=3, day=9, hour=17)
    row = MeasurementFactory(device=DeviceFactory(patient=rosa), code="weight", taken_at=old)
    LatestReadingFactory(measurement=row)

    text = render_to_string("patients/_vitals.html", shown(rf, rosa, nadia))

    assert "No weight in this range (30 days). The last one was taken Mar 9, 2025." in text


def test_the_rows_of_the_list_make_no_query(rosa, nadia, measured, django_assert_num_queries):
    context = {
        "rows": rows_of([rosa], now=timezone.now()),
        "page": {"has_other_pages": False},
        "total": 1,
        "measured_days": 30,
        "several_clinics": False,
        "asked": "",
        "chosen": Chosen(),
        "columns": COLUMNS,
        "units": VENDORS,
    }

    with django_assert_num_queries(0):
        text = render_to_string("patients/_rows.html", context)

    assert "Delgado, Rosa" in text
    assert "Tenovi" not in text
    assert "BPM L: Waiting to be sent" in text
