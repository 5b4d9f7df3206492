"""Table of readings: a line per physical reading, a column per value, filters by metric, goal and mark."""

import datetime as dt

import pytest

from measurements.models import Measurement
from measurements.readings.table import reading_notes
from tests.factories import DeviceFactory, MeasurementFactory
from tests.measurements.page_setup import NOW, add_reading
from tests.page_texts import missing_words, page_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_noon")]


@pytest.fixture
def device(rosa):
    return DeviceFactory(patient=rosa)


def open_table(client, patient, query=""):
    return client.get(f"/patients/{patient.pk}/?days=30{query}").context["table"]


def shown_rows(table):
    return [[judgement.text for _, judgement in sorted(row.cells.items())] for row in table.rows]


def create_pressure(device, systolic, diastolic, *, hours_ago, pulse=None, **fields):
    add_reading(device, "blood_pressure", systolic, diastolic, hours_ago=hours_ago, latest=False, **fields)
    if pulse:
        add_reading(device, "pulse", pulse, hours_ago=hours_ago, latest=False)


def test_table_has_one_line_per_reading_and_one_column_per_value(as_nadia, rosa, device):
    create_pressure(device, 163, 106, hours_ago=2, pulse=78)
    add_reading(device, "glucose", 148, hours_ago=3, latest=False, filter_params={"meal_context": "fasting"})
    create_pressure(device, 120, 70, hours_ago=4)

    table = open_table(as_nadia, rosa)

    assert [(column.label, column.unit) for column in table.columns] == [
        ("Systolic", "mmHg"),
        ("Diastolic", "mmHg"),
        ("Pulse", "bpm"),
        ("Glucose", "mg/dL"),
    ]
    assert shown_rows(table) == [["163", "106", "78"], ["148 fasting"], ["120", "70"]]


def test_table_flags_the_value_that_is_out_of_goal(as_nadia, rosa, device):
    create_pressure(device, 163, 70, hours_ago=2)
    create_pressure(device, 120, 95, hours_ago=3)

    rows = open_table(as_nadia, rosa).rows

    flags = [[judgement.words for _, judgement in sorted(row.cells.items())] for row in rows]
    assert flags == [["above goal", "in goal"], ["in goal", "above goal"]]


def test_table_names_the_value_to_be_checked_among_others_of_its_line(as_nadia, rosa, device):
    create_pressure(device, 120, 70, hours_ago=2)
    add_reading(device, "spO2", 0, hours_ago=2, latest=False, implausible=True)
    add_reading(device, "spO2", 0, hours_ago=3, latest=False, implausible=True)

    notes = [row.notes for row in open_table(as_nadia, rosa).rows]

    outside = "outside what the instrument measures"
    assert notes == [[f"check: SpO₂ is {outside}"], [f"check: {outside}"]]


@pytest.mark.parametrize(
    ("of_pressure", "of_pulse", "expected"),
    [
        ({"conflict": True}, {}, ["check: blood pressure has another value for the same time"]),
        ({}, {"conflict": True}, ["check: pulse has another value for the same time"]),
        ({}, {"duplicate": True}, ["pulse: probable duplicate, counts once"]),
        ({"duplicate": True}, {"duplicate": True}, ["probable duplicate, counts once"]),
        ({}, {"excluded_at": NOW, "excluded_reason": "test"}, ["pulse: excluded by None: test"]),
        ({"estimated": True}, {"estimated": True}, ["time estimated by the vendor"]),
        (
            {"conflict": True},
            {"conflict": True, "duplicate": True},
            [
                "check: blood pressure has another value for the same time",
                "check: pulse has another value for the same time",
                "pulse: probable duplicate, counts once",
            ],
        ),
    ],
)
def test_table_notes_of_several_readings_name_the_value_that_they_mean(
    as_nadia, rosa, device, of_pressure, of_pulse, expected
):
    create_pressure(device, 120, 70, hours_ago=2, **of_pressure)
    add_reading(device, "pulse", 70, hours_ago=2, latest=False, **of_pulse)

    (row,) = open_table(as_nadia, rosa).rows

    assert row.notes == expected


@pytest.mark.parametrize("flag", ["conflict", "duplicate", "control"])
def test_table_notes_of_a_single_reading_name_no_value(as_nadia, rosa, device, flag):
    add_reading(device, "spO2", 97, hours_ago=2, latest=False, **{flag: True})

    (row,) = open_table(as_nadia, rosa).rows

    assert "SpO₂" not in row.notes[0]


def test_table_shows_values_in_conflict_on_a_line_each(as_nadia, rosa, device):
    create_pressure(device, 128, 80, hours_ago=2, pulse=70, conflict=True)
    create_pressure(device, 228, 80, hours_ago=2, conflict=True)

    assert shown_rows(open_table(as_nadia, rosa)) == [["128", "80", "70"], ["228", "80"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [["163", "106", "78"], ["171.0"], ["120", "70", "180"], ["118", "70"]]),
        ("&metric=weight", [["171.0"]]),
        ("&metric=blood_pressure", [["163", "106", "78"], ["120", "70", "180"], ["118", "70"]]),
        ("&shown=out", [["163", "106", "78"], ["120", "70", "180"]]),
        ("&metric=blood_pressure&shown=out", [["163", "106", "78"]]),
        ("&shown=marked", [["171.0"], ["118", "70"]]),
        ("&metric=weight&shown=out", []),
        ("&metric=no_such&shown=out", []),
        ("&metric=a%00b&shown=nonsense", [["163", "106", "78"], ["171.0"], ["120", "70", "180"], ["118", "70"]]),
    ],
)
def test_table_filters_choose_readings_with_what_was_taken_together(as_nadia, rosa, device, query, expected):
    create_pressure(device, 163, 106, hours_ago=2, pulse=78)
    add_reading(device, "weight", 171, hours_ago=3, latest=False, estimated=True)
    create_pressure(device, 120, 70, hours_ago=4, pulse=180)
    create_pressure(device, 118, 70, hours_ago=5, excluded_at=NOW, excluded_reason="test")

    assert shown_rows(open_table(as_nadia, rosa, query)) == expected


def test_table_filters_open_the_table_and_survive_pages_ranges_and_live_updates(as_nadia, rosa, device):
    for hour in range(65):
        create_pressure(device, 163, 106, hours_ago=hour)
    add_reading(device, "pulse", 70)

    html = as_nadia.get(f"/patients/{rosa.pk}/?days=14&shown=out").content.decode()

    assert '<details class="panel" id="readings" open>' in html
    for link in ("days=90&amp;view=time&amp;shown=out", "table=2#readings", "metric=pulse#readings"):
        assert link in html
    assert html.count("shown=out&amp;table=2#readings") == 1
    assert f'data-live-url="/patients/{rosa.pk}/live/?days=14&amp;view=time&amp;shown=out"' in html
    assert "readings.csv?days=14&amp;view=time&amp;shown=out" in html


def test_table_with_filters_takes_a_constant_number_of_queries(
    as_nadia, rosa, device, django_assert_num_queries, django_assert_max_num_queries
):
    address = f"/patients/{rosa.pk}/?days=30&shown=out"
    create_pressure(device, 163, 106, hours_ago=1)
    as_nadia.get(address)
    with django_assert_max_num_queries(33) as few:
        as_nadia.get(address)
    for hour in range(2, 30):
        create_pressure(device, 163, 106, hours_ago=hour, pulse=180)

    with django_assert_num_queries(len(few)):
        as_nadia.get(address)


MARKS = [
    {"estimated": True},
    {"conflict": True},
    {"duplicate": True},
    {"implausible": True},
    {"control": True},
    {"time_source": "created"},
    {"vendor_created_at": NOW + dt.timedelta(days=2)},
    {"stamped_at": NOW + dt.timedelta(hours=1)},
    {"taken_at": dt.datetime(2016, 1, 1, tzinfo=dt.UTC), "received_at": NOW},
    {"excluded_at": NOW, "excluded_reason": "test"},
]


def test_marked_readings_are_those_with_notes(device):
    for nth, mark in enumerate([{}, {"filter_params": {"meal_context": "fasting"}}, *MARKS]):
        MeasurementFactory(device=device, code="glucose", index=nth, **{"taken_at": NOW, "received_at": NOW} | mark)

    readings = Measurement.objects.select_related("metric", "excluded_by")
    assert {row.pk for row in readings if reading_notes(row)} == set(readings.marked().values_list("pk", flat=True))
    assert readings.marked().count() == len(MARKS)


def test_printed_page_has_absolute_times_signature_phone_and_provider(as_nadia, rosa, device):
    add_reading(device, "blood_pressure", 163, 106, hours_ago=0.12)
    add_reading(device, "weight", 171, hours_ago=3)

    page = as_nadia.get(f"/patients/{rosa.pk}/print/?shown=out")

    assert not missing_words(
        page,
        "163/106 mmHg, Nov 21, 2026, 11:52 AM",
        "171.0 lb Nov 21, 2026, 9:00 AM",
        "Day's weight 171.0 lb Nov 21, 2026",
        f"Provider {rosa.provider}; responsible clinician none; phone (603) 555-0142",
        "Reviewed by Signature Date",
        "Only: Out of goal.",
    )
    assert "data-age" not in page.content.decode()
    assert "7 min" not in page_text(page)
    assert "171.0" not in page_text(page).partition("Only: Out of goal.")[2]
