"""The list to live in: sorted, narrowed and turned over without losing one's place, and a look at one patient."""

import datetime as dt
import random
import re

import pytest
from django.utils import timezone

from measurements.patient_list import pagination
from patients.models import Patient
from tests.factories import OrderFactory, PatientFactory
from tests.patients.inputs import Inputs
from tests.patients.lists import SORTS, arrange, names, read, turned

pytestmark = pytest.mark.django_db


@pytest.fixture
def crowd(elm):
    """Eleven people, some without any reading, some with equal values and equal names."""
    chance = random.Random(11)
    people = [
        PatientFactory(clinic=elm, family_name=chance.choice(("Abe", "Ben", "Cid")), given_name=f"G{n % 4}")
        for n in range(11)
    ]
    for patient in people[:8]:
        for day in range(chance.randint(1, 8)):
            read(patient, "blood_pressure", chance.choice((120, 140)), hours_ago=1 + 24 * day)
            read(patient, "weight", chance.choice((170, 171, 180)), hours_ago=2 + 24 * day)
        if chance.random() < 0.6:
            read(patient, "glucose", chance.choice((90, 200)), hours_ago=24 * chance.randint(0, 20))
            read(patient, "spO2", chance.choice((90, 97)), hours_ago=3)
    return people


def value_of(row, sort):
    codes = {"blood_pressure": 0, "glucose": 2, "spO2": 3}
    if sort in codes:
        reading = row.cells[codes[sort]].reading
        return reading and reading.values[0]
    return {"weight": row.weight and row.weight.gain, "last": row.last_at, "days": row.days_measured}[sort]


@pytest.mark.parametrize("falling", [True, False])
@pytest.mark.parametrize("sort", SORTS)
def test_pages_of_any_sort_show_everybody_once_in_the_order_of_what_the_rows_show(
    as_nadia, nadia, crowd, monkeypatch, sort, falling
):
    monkeypatch.setattr(pagination, "PAGE_SIZE", 3)
    nadia.preferences["patient_list"] = {"sort": sort, "falling": falling}
    nadia.save()
    pages = [as_nadia.get("/patients/")]
    while following := turned(as_nadia, pages[-1], "after"):
        pages.append(following)

    rows = [row for page in pages for row in page.context["rows"]]
    assert [len(page.context["rows"]) for page in pages] == [3, 3, 3, 2]
    assert {row.patient.pk for row in rows} == {patient.pk for patient in crowd}
    assert [page.context["page"].number_of_first for page in pages] == [1, 4, 7, 10]
    by_name = sorted(rows, key=lambda row: (row.patient.family_name, row.patient.given_name, row.patient.pk))
    if sort == "name":
        assert rows == (by_name[::-1] if falling else by_name)
    else:
        having = [row for row in by_name if value_of(row, sort) is not None]
        having.sort(key=lambda row: value_of(row, sort), reverse=falling)
        assert rows == having + [row for row in by_name if value_of(row, sort) is None]

    back = [pages[-1]]
    while preceding := turned(as_nadia, back[-1], "before"):
        back.append(preceding)
    assert [names(page) for page in reversed(back)] == [names(page) for page in pages]
    assert [page.context["page"].number_of_first for page in reversed(back)] == [1, 4, 7, 10]


def test_a_click_puts_the_highest_on_top_and_a_second_one_the_lowest(as_nadia, elm):
    for name, value in (("Low", 100), ("High", 190), ("Middle", 130)):
        read(PatientFactory(clinic=elm, family_name=name), "blood_pressure", value)
    PatientFactory(clinic=elm, family_name="Nothing")

    response = arrange(as_nadia, sort="blood_pressure")
    assert names(response) == ["High", "Middle", "Low", "Nothing"]
    assert 'aria-sort="descending"' in response.content.decode()
    assert names(arrange(as_nadia, sort="blood_pressure")) == ["Low", "Middle", "High", "Nothing"]
    assert names(as_nadia.get("/patients/")) == ["Low", "Middle", "High", "Nothing"]


def test_a_narrow_screen_chooses_column_and_way_at_once_and_a_column_wins_over_it(as_nadia, elm):
    for name, value in (("Low", 100), ("High", 190)):
        read(PatientFactory(clinic=elm, family_name=name), "blood_pressure", value)

    for _ in range(2):
        assert names(arrange(as_nadia, order="blood_pressure rising")) == ["Low", "High"]
    assert names(arrange(as_nadia, order="blood_pressure falling")) == ["High", "Low"]
    assert names(arrange(as_nadia, order="blood_pressure falling", sort="blood_pressure")) == ["Low", "High"]
    assert names(arrange(as_nadia, order="password falling")) == ["Low", "High"]


def test_a_page_keeps_its_place_when_others_come_and_go(as_nadia, elm, monkeypatch):
    monkeypatch.setattr(pagination, "PAGE_SIZE", 2)
    people = {name: PatientFactory(clinic=elm, family_name=name) for name in ("Bo", "Di", "Fu", "Hy")}
    first = as_nadia.get("/patients/")
    PatientFactory(clinic=elm, family_name="Al")
    Patient.objects.filter(pk=people["Di"].pk).update(discharged_at=timezone.now() + dt.timedelta(minutes=1))

    second = turned(as_nadia, first, "after")

    assert names(second) == ["Fu", "Hy"]
    assert second.context["page"].number_of_first == 3
    assert f"/patients/live/?after={people['Di'].pk}" in second.content.decode()


def test_a_place_of_another_clinic_or_of_nobody_shows_the_first_page(as_nadia, elm, harbor):
    PatientFactory(clinic=elm, family_name="Bo")
    stranger = PatientFactory(clinic=harbor, family_name="Al")

    for place in (stranger.pk, "00000000-0000-0000-0000-000000000000", "' OR 1=1", "\x00"):
        assert names(as_nadia.get("/patients/", {"after": place})) == ["Bo"]


@pytest.mark.parametrize("sort", SORTS)
def test_a_page_of_many_costs_the_queries_of_a_page_of_one(
    as_nadia, elm, sort, django_assert_num_queries, django_assert_max_num_queries
):
    def add(count):
        for _ in range(count):
            patient = PatientFactory(clinic=elm)
            for code in ("blood_pressure", "weight", "glucose", "spO2"):
                read(patient, code, 120)
            OrderFactory(patient=patient)

    add(1)
    arrange(as_nadia, sort=sort)
    with django_assert_max_num_queries(20) as few:
        as_nadia.get("/patients/")
    add(5)

    with django_assert_num_queries(len(few)):
        as_nadia.get("/patients/")


def test_a_month_is_a_line_that_gaps_break(as_nadia, rosa):
    for day, value in ((0, 120), (1, 140), (2, 130), (9, 150), (40, 200)):
        read(rosa, "blood_pressure", value, hours_ago=24 * day + 1)
    read(rosa, "blood_pressure", 250, hours_ago=30, conflict=True)

    spark = as_nadia.get("/patients/").context["rows"][0].spark

    assert spark.words == "Systolic, 30 days: 120 to 150 mmHg"
    assert re.sub(r"[\d. ]", "", spark.path) == "MhMhLL"
    assert spark.path.startswith("M65.4 2.0h0M87.7 ")
    assert spark.path.endswith("L94.0 22.0")


def test_days_follow_a_patient_who_moves_to_another_time_zone(client, cora, rosa):
    noon = dt.datetime.combine(timezone.localdate(timezone=rosa.zone), dt.time(12), tzinfo=rosa.zone)
    read(rosa, "weight", 170, hours_ago=(timezone.now() - noon + dt.timedelta(hours=9, days=1)).total_seconds() / 3600)
    before = rosa.overview.days_until
    client.force_login(cora)
    page = f"/patients/{rosa.pk}/edit/"

    response = client.post(page, Inputs(client.get(page).content.decode()).data | {"time_zone": "Pacific/Honolulu"})

    assert response.status_code == 302
    rosa.overview.refresh_from_db()
    assert rosa.overview.days_until == before - dt.timedelta(days=1)


def test_on_a_phone_each_way_to_sort_says_what_comes_first(as_nadia, rosa):
    page = as_nadia.get("/patients/").content.decode()
    offered = re.findall(r'<option value="(\w+ (?:rising|falling))"[^>]*>([^<]+)</option>', page)

    assert offered[0] == ("name rising", "Patient: A to Z"), "and that is how a first click sorts"
    assert dict(offered)["last falling"] == "Last reading: newest first"
    assert dict(offered)["blood_pressure falling"] == "Blood pressure: highest first"
    assert not any("rising" in words or "falling" in words for _, words in offered)
