"""The list to live in: sorted, narrowed and turned over without losing one's place, and a look at one patient."""

import datetime as dt
import random
import re

import pytest
from django.utils import timezone

from devices.states import DeviceState
from fulfillment.models import LineStatus
from measurements import overviews
from measurements.arrays import bigints
from patients.models import AuditEvent, Patient
from patients.views import places
from tests.factories import (
    DeviceFactory,
    LatestReadingFactory,
    MeasurementFactory,
    OrderFactory,
    PatientFactory,
)
from tests.patients.test_patient_form import Inputs

pytestmark = pytest.mark.django_db
SORTS = ("name", "blood_pressure", "weight", "glucose", "spO2", "last", "days")


@pytest.fixture
def as_nadia(client, nadia):
    client.force_login(nadia)
    return client


def read(patient, code, value, *, hours_ago=5.0, **fields):
    device = patient.devices.first() or DeviceFactory(patient=patient)
    at = timezone.now() - dt.timedelta(hours=hours_ago)
    second = 80 if code == "blood_pressure" else None
    row = MeasurementFactory(device=device, code=code, value_1=value, value_2=second, taken_at=at, **fields)
    newest = patient.latest_readings.filter(metric=code).first()
    if newest is None or newest.taken_at <= at:
        patient.latest_readings.filter(metric=code).delete()
        LatestReadingFactory(measurement=row)
    overviews.follow(bigints([row.pk]), patients=[patient.pk], weighed=[patient.pk])
    return row


def arrange(client, **choice):
    response = client.post("/patients/arrange/", choice)
    assert (response.status_code, response["Location"]) == (302, "/patients/")
    return client.get("/patients/")


def names(response):
    return [row.patient.family_name for row in response.context["rows"]]


def turned(client, response, way):
    place = getattr(response.context["page"], way)
    return client.get("/patients/", {way: place}) if place else None


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
    monkeypatch.setattr(places, "PAGE_SIZE", 3)
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
    monkeypatch.setattr(places, "PAGE_SIZE", 2)
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


def test_lists_narrow_by_clinic_condition_and_provider_and_remember_it(as_nadia, nadia, elm, harbor):
    nadia.clinics.add(harbor)
    PatientFactory(clinic=elm, family_name="Al", conditions=["copd"], provider="Dr. Oak")
    PatientFactory(clinic=elm, family_name="Bo", conditions=["diabetes"], provider="Dr. Elm")
    PatientFactory(clinic=harbor, family_name="Di", conditions=["copd", "diabetes"], provider="Dr. Elm")

    assert names(arrange(as_nadia, condition="copd", clinic="", provider="")) == ["Al", "Di"]
    assert names(arrange(as_nadia, clinic=str(harbor.pk))) == ["Di"]
    assert names(arrange(as_nadia, clinic="", condition="", provider="Dr. Elm")) == ["Bo", "Di"]
    nadia.refresh_from_db()
    assert nadia.preferences["patient_list"]["provider"] == "Dr. Elm"
    assert names(arrange(as_nadia, everybody="1")) == ["Al", "Bo", "Di"]


def test_chips_count_what_a_click_on_them_shows(as_nadia, elm):
    def person(name, state=None, **line):
        patient = PatientFactory(clinic=elm, family_name=name)
        if state:
            DeviceFactory(patient=patient, state=state)
        if line:
            order = OrderFactory(patient=patient)
            order.lines.update(**line)
        return patient

    quiet = person("Connected", DeviceState.CONNECTED)
    read(quiet, "weight", 170, hours_ago=24 * 3)
    read(person("Held", DeviceState.ON_HOLD), "weight", 170)
    person("Waits", status=LineStatus.INTENT)
    person("Refused", status=LineStatus.REJECTED, closed_at=timezone.now())
    person("Travels", DeviceState.SHIPPED)
    person("Ended", DeviceState.UNLINKED)
    expected = {
        "": 6,
        "trouble": ["Held", "Refused"],
        "under_way": ["Travels", "Waits"],
        "connected": ["Connected"],
        "none": ["Ended", "Refused"],
    }

    chips = as_nadia.get("/patients/").context["device_chips"]
    assert {chip.value: chip.count for chip in chips} == {
        key: who if isinstance(who, int) else len(who) for key, who in expected.items()
    }
    for key in ("trouble", "under_way", "connected", "none"):
        assert names(arrange(as_nadia, devices=key)) == expected[key]
    assert names(arrange(as_nadia, devices="", silent="2")) == ["Connected", "Ended", "Refused", "Travels", "Waits"]
    assert names(arrange(as_nadia, silent="never")) == ["Ended", "Refused", "Travels", "Waits"]
    response = arrange(as_nadia, devices="trouble")
    assert names(response) == ["Refused"]
    assert [chip.count for chip in response.context["device_chips"]] == [4, 1, 2, 0, 2]
    assert [chip.count for chip in response.context["silence_chips"]] == [2, 1, 1, 1]


@pytest.mark.parametrize(
    "choice",
    [
        {"sort": "password"},
        {"clinic": "1 OR 1=1"},
        {"clinic": "9" * 30},
        {"provider": "x\x00"},
        {"provider": "x" * 500},
        {"condition": "gout"},
        {"silent": "-1"},
        {"devices": "__all__"},
    ],
)
def test_an_odd_choice_is_as_good_as_none(as_nadia, rosa, choice):
    assert names(arrange(as_nadia, **choice)) == ["Delgado"]


def test_another_clinics_number_shows_nobody_of_it(as_nadia, rosa, harbor):
    PatientFactory(clinic=harbor, family_name="Stranger")

    assert names(arrange(as_nadia, clinic=str(harbor.pk))) == []


def test_an_open_list_hears_of_a_new_arrangement(as_nadia, rosa):
    version = re.search(r'data-live-version="([^"]+)"', as_nadia.get("/patients/").content.decode())[1]
    assert as_nadia.get("/patients/live/", {"v": version}).status_code == 204

    arrange(as_nadia, sort="days")

    assert as_nadia.get("/patients/live/", {"v": version}).status_code == 200


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


def test_a_look_at_one_patient_is_written_down(as_nadia, rosa):
    read(rosa, "blood_pressure", 163)

    response = as_nadia.get(f"/patients/{rosa.pk}/peek/")

    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))
    assert "Rosa Delgado" in text
    assert "Blood pressure 163/80 mmHg 5 h above goal" in text
    assert "1 of 30" in text
    event = AuditEvent.objects.get(route="patients:peek")
    assert (event.action, event.patient_ids) == ("view", [rosa.pk])


def test_a_look_at_a_stranger_finds_nobody(client, olaf, rosa):
    client.force_login(olaf)

    assert client.get(f"/patients/{rosa.pk}/peek/").status_code == 404
    assert not AuditEvent.objects.filter(patient_ids__contains=[rosa.pk]).exists()


def test_a_look_says_the_patients_own_time_of_day(as_nadia, rosa):
    before = timezone.now()

    response = as_nadia.get(f"/patients/{rosa.pk}/peek/")

    around = [f"{at.astimezone(rosa.zone):%-I:%M %p} there" for at in (before, timezone.now())]
    assert any(words in response.content.decode() for words in around)
