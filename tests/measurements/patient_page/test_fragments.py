"""Fragments as strings: each says what it needs, asks the database nothing, and has words for nothing to show."""

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from measurements.chart.date_range import ChartView, DateRange
from measurements.patient_list.columns import COLUMNS
from measurements.patient_list.filters import PatientListSettings
from measurements.patient_list.rows import patient_rows_for
from measurements.patient_page import views
from measurements.units import VENDOR_UNITS
from patients.context_processors import permission_flags
from patients.permissions import get_patient_audited
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory, OrderLineFactory
from tests.source_code import ROOT

TEMPLATES = ROOT / "templates"
FRAGMENTS = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("_*.html"))
PATIENT_PAGE_FRAGMENTS = (
    "measurements/_patient_header",
    "measurements/_chart_panels",
    "measurements/_latest_readings",
    "measurements/_thresholds",
    "fulfillment/_patient_equipment",
    "measurements/_reading_table",
)


@pytest.mark.parametrize("name", FRAGMENTS)
def test_fragment_templates_start_with_a_needs_comment(name):
    assert (TEMPLATES / name).read_text().startswith("{# Needs: ")


def patient_page_context(rf, rosa, nadia):
    request = rf.get("/")
    request.user = nadia
    patient = get_patient_audited(rosa.pk, by=nadia)
    return views.patient_page_context(request, patient, ChartView(DateRange())) | permission_flags(request)


@pytest.fixture
def device_with_readings(rosa):
    device = DeviceFactory(patient=rosa, first_reading_at=timezone.now(), last_reading_at=timezone.now())
    for code in ("blood_pressure", "weight", "glucose", "sparkle"):
        LatestReadingFactory(measurement=MeasurementFactory(device=device, code=code))
    OrderLineFactory(order__patient=rosa)
    return device


@pytest.mark.parametrize("name", PATIENT_PAGE_FRAGMENTS)
def test_patient_page_fragments_make_no_query(rf, rosa, nadia, device_with_readings, name, django_assert_num_queries):
    context = patient_page_context(rf, rosa, nadia)

    with django_assert_num_queries(0):
        render_to_string(f"{name}.html", context)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("measurements/_chart_panels", "No readings from Rosa Delgado yet."),
        ("measurements/_latest_readings", "Nothing measured yet."),
        ("measurements/_thresholds", "Goals are shown here once readings arrive."),
        ("fulfillment/_patient_equipment", "No devices yet."),
        ("measurements/_reading_table", "No readings in this range."),
    ],
)
def test_patient_page_fragments_show_empty_state_text(rf, rosa, nadia, name, words):
    assert words in render_to_string(f"{name}.html", patient_page_context(rf, rosa, nadia))


def test_chart_fragment_of_empty_range_shows_date_of_last_reading(rf, rosa, nadia):
    old = timezone.now().replace(year=2025, month=3, day=9, hour=17)
    row = MeasurementFactory(device=DeviceFactory(patient=rosa), code="weight", taken_at=old)
    LatestReadingFactory(measurement=row)

    text = render_to_string("measurements/_chart_panels.html", patient_page_context(rf, rosa, nadia))

    assert "No weight in this range (30 days). The last one was taken Mar 9, 2025." in " ".join(text.split())


def test_patient_list_rows_fragment_makes_no_query(rosa, nadia, device_with_readings, django_assert_num_queries):
    context = {
        "rows": patient_rows_for([rosa], now=timezone.now()),
        "page": {"has_other_pages": False, "total": 1},
        "several_clinics": False,
        "search_text": "",
        "settings": PatientListSettings(),
        "sort": PatientListSettings().sort_order,
        "columns": COLUMNS,
        "units": VENDOR_UNITS,
    }

    with django_assert_num_queries(0):
        text = render_to_string("measurements/_patient_rows.html", context)

    assert "Delgado, Rosa" in text
    assert "Tenovi" not in text
    assert "BPM L: Waiting to be sent" in text
