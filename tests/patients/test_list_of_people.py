"""The list of patients: who is on it, who is found, at which cost, and what is written down."""

import datetime as dt

import pytest
from django.utils import timezone

from patients.models import AuditEvent, Patient
from patients.search import birth_dates
from tests.factories import DeviceFactory, OrderFactory, PatientFactory
from tests.patients.pages import measured, read, seen
from tests.texts import text

pytestmark = pytest.mark.usefixtures("noon")


def test_the_list_answers_who_and_how(as_nadia, rosa):
    measured(rosa)

    shown = text(as_nadia.get("/patients/"))

    assert "Delgado, Rosa 75 F · Hypertension 163/106 ▲ above goal 5 h 171.0 5 h" in shown
    assert "1 of 30" in shown
    assert "1 connected" in shown


def test_on_paper_the_list_says_of_when_it_is_by_the_clinics_clock(client, nadia, olaf):
    for person, when in ((nadia, "12:00 PM, Eastern Time (New York)"), (olaf, "9:00 AM, Pacific Time (Los Angeles)")):
        client.force_login(person)
        assert f"As of Nov 21, 2026, {when}, for {person.name}" in text(client.get("/patients/"))
    olaf.clinics.clear()
    assert "As of Nov 21, 2026, 5:00 PM, UTC, for" in text(client.get("/patients/"))


def test_the_list_is_one_audit_row_with_the_ids_shown(as_nadia, nadia, rosa):
    other = PatientFactory(clinic=rosa.clinic)

    as_nadia.get("/patients/")

    event = AuditEvent.objects.get(action="list")
    assert (event.actor_id, set(event.patient_ids), event.route) == (nadia.pk, {rosa.pk, other.pk}, "patients:list")


def test_the_list_holds_nobody_of_another_clinic(client, olaf, rosa):
    client.force_login(olaf)

    response = client.get("/patients/")

    assert "Delgado" not in text(response)
    assert "No patients are enrolled yet." in text(response)
    assert seen("list") == [[]]


def test_discharged_patients_leave_the_list_but_can_be_found(as_nadia, rosa):
    Patient.objects.filter(pk=rosa.pk).update(discharged_at=timezone.now() + dt.timedelta(days=1))

    assert "Delgado" not in text(as_nadia.get("/patients/"))
    assert "Delgado, Rosa" in text(as_nadia.post("/patients/", {"q": "delgado"}))


@pytest.mark.parametrize(
    "asked", ["rosa", "DELG", "rosa delgado", "Delgado, Rosa", "mrn-ros", "1951-04-09", "4/9/1951"]
)
def test_a_patient_is_found_by_name_mrn_or_birth_date(as_nadia, rosa, asked):
    stranger = PatientFactory(
        clinic=rosa.clinic, given_name="Bela", family_name="Kiss", mrn="K-1", birth_date=dt.date(1960, 1, 1)
    )

    response = as_nadia.post("/patients/", {"q": asked})

    assert [row.patient for row in response.context["rows"]] == [rosa]
    assert seen("search") == [[rosa.pk]]
    assert stranger.family_name not in text(response)


@pytest.mark.parametrize("asked", ["garcia", "García", "GARCÍA jose", "núñez", "nunez", "jos", "garcía-nún", "soren"])
def test_names_are_found_with_and_without_their_accents(as_nadia, rosa, asked):
    jose = PatientFactory(clinic=rosa.clinic, given_name="José Søren", family_name="García-Núñez", mrn="J-1")

    response = as_nadia.post("/patients/", {"q": asked})

    assert [row.patient for row in response.context["rows"]] == [jose]


@pytest.mark.parametrize("asked", ["Zoë", "o\u2019brien", "O'Brien", "ZOE"])
def test_accents_that_only_the_asker_writes_find_the_plain_name(as_nadia, rosa, asked):
    zoe = PatientFactory(clinic=rosa.clinic, given_name="Zoe", family_name="O'Brien", mrn="Z-1")

    response = as_nadia.post("/patients/", {"q": asked})

    assert [row.patient for row in response.context["rows"]] == [zoe]


@pytest.mark.parametrize(
    "asked", ["AB 12 34", "ab1234", "AB-12-34", "ab 12", "MRN AB 1234", "mrn#ab1234", "rosa 4/9/1951", "4/9/51"]
)
def test_an_mrn_is_found_however_it_is_spaced_and_a_birth_date_beside_a_name(as_nadia, rosa, asked):
    Patient.objects.filter(pk=rosa.pk).update(mrn="AB 12-34")
    PatientFactory(clinic=rosa.clinic, given_name="Rosa", mrn="AC 1234", birth_date=dt.date(1960, 1, 1))

    response = as_nadia.post("/patients/", {"q": asked})

    assert [row.patient for row in response.context["rows"]] == [rosa]


def test_what_was_searched_for_stands_in_no_address_and_in_no_audit_row(as_nadia, rosa):
    response = as_nadia.post("/patients/", {"q": "Delgado"})

    assert response.status_code == 200
    assert "Delgado" not in str(list(AuditEvent.objects.values()))
    assert "q=" not in response.content.decode()


@pytest.mark.parametrize("asked", ["\x00", "%", "' OR 1=1 --", "x" * 5000, "31/31/1999", "  "])
def test_an_odd_search_finds_nobody_and_breaks_nothing(as_nadia, rosa, asked):
    response = as_nadia.post("/patients/", {"q": asked})

    assert response.status_code == 200
    assert "Delgado" not in text(response) or not asked.strip()


@pytest.mark.parametrize(
    ("said", "days"),
    [
        *((said, [dt.date(1951, 3, 14)]) for said in ("3/14/1951", "1951-03-14", "Mar 14, 1951", "14 March 1951")),
        *((said, [dt.date(1951, 3, 14)]) for said in ("03141951", "1951/3/14", "3.14.1951", "3/14/51")),
        ("3/14/15", [dt.date(1915, 3, 14), dt.date(2015, 3, 14)]),
        ("2/29/00", [dt.date(2000, 2, 29)]),
        *((said, []) for said in ("14/31/1951", "rosa", "", "1951")),
    ],
)
def test_birth_dates_are_read_as_people_write_them(said, days):
    assert birth_dates(said) == days


def test_the_list_costs_the_same_queries_for_one_patient_as_for_many(
    as_nadia, rosa, django_assert_max_num_queries, django_assert_num_queries
):
    def fill(patient):
        measured(patient)
        OrderFactory(patient=patient)

    fill(rosa)
    with django_assert_max_num_queries(20) as few:
        as_nadia.get("/patients/")
    for zone in ("America/Chicago", "America/New_York", "America/Denver"):
        fill(PatientFactory(clinic=rosa.clinic, time_zone=zone))

    with django_assert_num_queries(len(few)):
        as_nadia.get("/patients/")


def test_days_measured_are_the_patients_days(as_nadia, rosa):
    """11:30 pm and 12:30 am in New York are two days there, though one in UTC."""
    device = DeviceFactory(patient=rosa)
    read(device, "blood_pressure", 120, 80, hours_ago=36.5, latest=False)  # Nov 19, 11:30 pm
    read(device, "blood_pressure", 121, 80, hours_ago=35.5, latest=False)  # Nov 20, 12:30 am
    read(device, "blood_pressure", 121, 80, hours_ago=35.5, latest=False, index=2)
    read(device, "weight", 170, hours_ago=100, latest=False, control=True)

    assert "2 of 30" in text(as_nadia.get("/patients/"))
