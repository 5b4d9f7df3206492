"""Patient list: sort columns, keyset pagination."""

import datetime as dt
import itertools
import random
import re
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from measurements import tasks
from measurements.patient_list import views
from measurements.weeks import week_figures
from patients.models import Patient
from tests.factories import OrderFactory, PatientFactory
from tests.form_fields import FormFieldParser
from tests.measurements.patient_list.list_page import (
    SORTS,
    add_reading,
    family_names,
    open_adjacent_page,
    post_list_settings,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def eleven_patients(elm):
    """Eleven people, some without any reading, some with equal values and equal names."""
    chance = random.Random(11)
    people = [
        PatientFactory(clinic=elm, family_name=chance.choice(("Abe", "Ben", "Cid")), given_name=f"G{n % 4}")
        for n in range(11)
    ]
    for patient in people[:8]:
        for day in range(chance.randint(1, 8)):
            add_reading(patient, "blood_pressure", chance.choice((120, 140)), hours_ago=1 + 24 * day)
            add_reading(patient, "weight", chance.choice((170, 171, 180)), hours_ago=2 + 24 * day)
        if chance.random() < 0.6:
            add_reading(patient, "glucose", chance.choice((90, 200)), hours_ago=24 * chance.randint(0, 20))
            add_reading(patient, "spO2", chance.choice((90, 97)), hours_ago=3)
    week_figures.refresh_due_weeks()
    return people


NONE_IS_LOWEST = ("last", "days")


def sort_position(row, *, sort, descending):
    """Recent values, older ones, none; a patient who never measured is before the oldest last reading."""
    place = {"blood_pressure": 0, "weight": 1, "glucose": 2, "spO2": 3}.get(sort)
    value = (
        row.weight_gain and row.weight_gain.values[0] if sort == "weight" else row.last_at and row.last_at.timestamp()
    )
    group = 0
    if sort == "days":
        value = None if row.last_at is None else row.measured_days.measured
    if place is not None:
        cell = row.cells[place]
        group = 2 if cell.reading is None else int(cell.is_old)
    if place is not None and sort != "weight":
        week = row.week.metrics.get(sort)
        value = week.mean if week else cell.reading and cell.reading.values[0]
    none_first = sort in NONE_IS_LOWEST and not descending
    return group, (value is None) != none_first, 0 if value is None else -value if descending else value


def test_patient_list_pagination_shows_everybody_once_in_sort_order_both_ways(
    as_nadia, nadia, eleven_patients, monkeypatch
):
    """One clinic for all columns and directions: making it takes longer than to turn its pages."""
    monkeypatch.setattr(views, "PAGE_SIZE", 3)
    for sort, descending in itertools.product(SORTS, (True, False)):
        case = f"{sort}, {'descending' if descending else 'ascending'}"
        nadia.preferences["patient_list"] = {"sort": sort, "descending": descending}
        nadia.save()
        pages = [as_nadia.get("/patients/")]
        while following := open_adjacent_page(as_nadia, pages[-1], "after"):
            pages.append(following)

        rows = [row for page in pages for row in page.context["rows"]]
        assert [len(page.context["rows"]) for page in pages] == [3, 3, 3, 2], case
        assert {row.patient.pk for row in rows} == {patient.pk for patient in eleven_patients}, case
        assert [page.context["page"].first_row_number for page in pages] == [1, 4, 7, 10], case
        by_name = sorted(rows, key=lambda row: (row.patient.family_name, row.patient.given_name, row.patient.pk))
        if sort == "name":
            assert rows == (by_name[::-1] if descending else by_name), case
        else:
            assert rows == sorted(by_name, key=partial(sort_position, sort=sort, descending=descending)), case

        back = [pages[-1]]
        while preceding := open_adjacent_page(as_nadia, back[-1], "before"):
            back.append(preceding)
        assert [family_names(page) for page in reversed(back)] == [family_names(page) for page in pages], case
        assert [page.context["page"].first_row_number for page in reversed(back)] == [1, 4, 7, 10], case


def test_patient_list_sort_column_first_click_descends_second_ascends(as_nadia, elm):
    for name, value in (("Low", 100), ("High", 190), ("Middle", 130)):
        add_reading(PatientFactory(clinic=elm, family_name=name), "blood_pressure", value)
    PatientFactory(clinic=elm, family_name="Nothing")

    response = post_list_settings(as_nadia, sort="blood_pressure")
    assert family_names(response) == ["High", "Middle", "Low", "Nothing"]
    assert 'aria-sort="descending"' in response.content.decode()
    assert family_names(post_list_settings(as_nadia, sort="blood_pressure")) == ["Low", "Middle", "High", "Nothing"]
    assert family_names(as_nadia.get("/patients/")) == ["Low", "Middle", "High", "Nothing"]


def test_patient_list_sort_menu_sets_column_and_direction_and_column_click_wins(as_nadia, elm):
    for name, value in (("Low", 100), ("High", 190)):
        add_reading(PatientFactory(clinic=elm, family_name=name), "blood_pressure", value)

    for _ in range(2):
        assert family_names(post_list_settings(as_nadia, order="blood_pressure ascending")) == ["Low", "High"]
    assert family_names(post_list_settings(as_nadia, order="blood_pressure descending")) == ["High", "Low"]
    assert family_names(post_list_settings(as_nadia, order="blood_pressure descending", sort="blood_pressure")) == [
        "Low",
        "High",
    ]
    assert family_names(post_list_settings(as_nadia, order="password descending")) == ["Low", "High"]


def test_patient_list_next_page_stays_stable_when_patients_come_and_go(as_nadia, elm, monkeypatch):
    monkeypatch.setattr(views, "PAGE_SIZE", 2)
    people = {name: PatientFactory(clinic=elm, family_name=name) for name in ("Bo", "Di", "Fu", "Hy")}
    first = as_nadia.get("/patients/")
    PatientFactory(clinic=elm, family_name="Al")
    Patient.objects.filter(pk=people["Di"].pk).update(discharged_at=timezone.now() + dt.timedelta(minutes=1))

    second = open_adjacent_page(as_nadia, first, "after")

    assert family_names(second) == ["Fu", "Hy"]
    assert second.context["page"].first_row_number == 3
    assert f"/patients/live/?after={people['Di'].pk}" in second.content.decode()


def test_patient_list_page_key_of_unknown_or_foreign_patient_shows_first_page(as_nadia, elm, harbor):
    PatientFactory(clinic=elm, family_name="Bo")
    foreign = PatientFactory(clinic=harbor, family_name="Al")

    for place in (foreign.pk, "00000000-0000-0000-0000-000000000000", "' OR 1=1", "\x00"):
        assert family_names(as_nadia.get("/patients/", {"after": place})) == ["Bo"]


def test_patient_list_query_count_is_independent_of_page_size(as_nadia, elm):
    def add(count):
        for _ in range(count):
            patient = PatientFactory(clinic=elm)
            for code in ("blood_pressure", "weight", "glucose", "spO2"):
                add_reading(patient, code, 120)
            OrderFactory(patient=patient)

    def count_queries():
        counts = {}
        for sort in SORTS:
            post_list_settings(as_nadia, sort=sort)
            with CaptureQueriesContext(connection) as made:
                as_nadia.get("/patients/")
            counts[sort] = len(made)
        return counts

    add(1)
    few = count_queries()
    add(5)

    assert count_queries() == few
    assert max(few.values()) <= 22


def test_patient_summary_days_follow_change_of_patient_time_zone(client, cora, rosa):
    noon = dt.datetime.combine(timezone.localdate(timezone=rosa.zone), dt.time(12), tzinfo=rosa.zone)
    add_reading(
        rosa, "weight", 170, hours_ago=(timezone.now() - noon + dt.timedelta(hours=9, days=1)).total_seconds() / 3600
    )
    before = rosa.summary.last_measured_on
    client.force_login(cora)
    page = f"/patients/{rosa.pk}/edit/"

    changed = {"time_zone": "Pacific/Honolulu", "zone_change": "wrong"}
    response = client.post(page, FormFieldParser(client.get(page).content.decode()).data | changed)

    assert response.status_code == 302
    tasks.rebuild_stale_summaries()  # the edit wakes it
    rosa.summary.refresh_from_db()
    assert rosa.summary.last_measured_on == before - dt.timedelta(days=1)


def test_patient_list_sort_menu_describes_direction_in_plain_words(as_nadia, rosa):
    page = as_nadia.get("/patients/").content.decode()
    offered = re.findall(r'<option value="(\w+ (?:ascending|descending))"[^>]*>([^<]+)</option>', page)

    assert offered[0] == ("name ascending", "Patient: A to Z"), "and that is how a first click sorts"
    assert dict(offered)["last descending"] == "Last reading: newest first"
    assert dict(offered)["blood_pressure descending"] == "Blood pressure: highest first"
    assert not any("ascending" in words or "descending" in words for _, words in offered)


@pytest.mark.parametrize("order", ["blood_pressure descending", "blood_pressure ascending"])
def test_patient_list_ranks_recent_values_before_older_ones_and_none_last(as_nadia, elm, order):
    """Week-old values don't rank among today's, and a patient who never measured is last in both directions."""
    for name, value, days in (
        ("Recent high", 150, 1),
        ("Recent low", 110, 6),
        ("Older high", 170, 8),
        ("Older low", 90, 9),
    ):
        add_reading(PatientFactory(clinic=elm, family_name=name), "blood_pressure", value, hours_ago=24 * days)
    PatientFactory(clinic=elm, family_name="A never")

    shown = family_names(post_list_settings(as_nadia, order=order))

    highest_first = [["Recent high", "Recent low"], ["Older high", "Older low"]]
    expected = [pair if "desc" in order else pair[::-1] for pair in highest_first]
    assert shown == [*expected[0], *expected[1], "A never"]


@pytest.mark.parametrize(
    ("now", "is_current"),
    [
        ("2026-03-14T23:59:59", True),  # over 169 hours later
        ("2026-03-15T00:00:00", False),
    ],
)
def test_weight_gain_is_recent_for_the_same_local_days_on_page_list_and_sort(
    as_nadia, elm, time_machine, now, is_current
):
    """Weighed on Mar 7 at 12:30 am, the day before summer time begins: of today and 7 days before until midnight."""
    zone = ZoneInfo("America/New_York")
    time_machine.move_to(dt.datetime(2026, 3, 7, 0, 30, tzinfo=zone), tick=False)
    gained, lost = (PatientFactory(clinic=elm, family_name=name, time_zone=str(zone)) for name in ("B", "A"))
    for patient, newest in ((gained, 178), (lost, 162)):
        for day in (4, 3, 2, 1):
            add_reading(patient, "weight", 170, hours_ago=24 * day)
        add_reading(patient, "weight", newest, hours_ago=0)
        add_reading(patient, "glucose", newest, hours_ago=0)
    time_machine.move_to(dt.datetime.fromisoformat(now).replace(tzinfo=zone), tick=False)
    week_figures.refresh_due_weeks()

    page = as_nadia.get(f"/patients/{gained.pk}/")
    listed = post_list_settings(as_nadia, order="weight descending")

    cells = [row.cells[1] for row in listed.context["rows"]]
    assert (page.context["weight"] is not None) == is_current
    assert [cell.gain is not None for cell in cells] == [is_current] * 2
    assert [cell.is_old for cell in cells] == [not is_current] * 2
    assert family_names(listed) == (["B", "A"] if is_current else ["A", "B"]), "by gain, else by name"
    status = "high" if is_current else ""
    assert gained.summary.week_status == status


def test_older_value_never_ranks_among_recent_ones_by_local_days_of_each_patient(as_nadia, elm, time_machine):
    """Seven days ago by the patient's calendar is recent all day, and at midnight no longer."""
    time_machine.move_to(dt.datetime(2026, 11, 21, 23, 0, tzinfo=dt.UTC), tick=False)
    for name, zone, value in (("Kolkata", "Asia/Kolkata", 400), ("Honolulu", "Pacific/Honolulu", 300)):
        add_reading(
            PatientFactory(clinic=elm, family_name=name, time_zone=zone), "glucose", value, hours_ago=24 * 7 + 6
        )

    rows = post_list_settings(as_nadia, order="glucose descending").context["rows"]

    assert [(row.patient.family_name, row.cells[2].is_old) for row in rows] == [("Honolulu", False), ("Kolkata", True)]


def test_patient_list_has_patients_who_never_measured_at_one_end(as_nadia, elm, monkeypatch):
    monkeypatch.setattr(views, "PAGE_SIZE", 2)
    for name in ("A", "B", "C"):
        PatientFactory(clinic=elm, family_name=name)
    for code in ("blood_pressure", "weight", "glucose", "spO2"):
        add_reading(PatientFactory(clinic=elm, family_name=f"Z {code}"), code, 95, hours_ago=24 * 20)

    for sort, direction in itertools.product(SORTS[1:], ("descending", "ascending")):
        page = post_list_settings(as_nadia, order=f"{sort} {direction}")
        names = family_names(page)
        while page := open_adjacent_page(as_nadia, page, "after"):
            names += family_names(page)

        assert len(names) == 7, (sort, direction)
        if sort in NONE_IS_LOWEST:
            never = names[:3] if direction == "ascending" else names[-3:]
            assert never == ["A", "B", "C"], f"{sort}: never comes before the oldest, and after the newest"
        else:
            assert names[0].startswith("Z"), (sort, direction)
