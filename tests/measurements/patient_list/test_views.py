"""Patient list page and patient search: rows, audit events, query counts."""

import datetime as dt

import pytest
from django.utils import timezone

from patients.models import AuditEvent, Patient
from patients.search import parse_birth_dates
from tests.factories import DeviceFactory, OrderFactory, PatientFactory
from tests.measurements.page_setup import add_device_with_readings, add_reading, audited_patient_ids
from tests.page_texts import page_text

pytestmark = pytest.mark.usefixtures("clock_at_noon")


def test_patient_list_shows_name_age_condition_latest_readings_and_devices(as_nadia, rosa):
    add_device_with_readings(rosa)

    shown = page_text(as_nadia.get("/patients/"))

    assert "Delgado, Rosa 75 y F · Hypertension 163/106 5 h 171.0 5 h" in shown
    assert "1 of 1" in shown
    assert "1 connected" in shown


def test_patient_list_print_header_shows_clinic_local_time_and_user(client, nadia, olaf):
    for person, when in ((nadia, "12:00 PM, Eastern Time (New York)"), (olaf, "9:00 AM, Pacific Time (Los Angeles)")):
        client.force_login(person)
        assert f"As of Nov 21, 2026, {when}, for {person.name}" in page_text(client.get("/patients/"))
    olaf.clinics.clear()
    assert "As of Nov 21, 2026, 5:00 PM, UTC, for" in page_text(client.get("/patients/"))


def test_patient_list_writes_one_audit_event_with_ids_shown(as_nadia, nadia, rosa):
    other = PatientFactory(clinic=rosa.clinic)

    as_nadia.get("/patients/")

    event = AuditEvent.objects.get(action="list")
    assert (event.actor_id, set(event.patient_ids), event.route) == (nadia.pk, {rosa.pk, other.pk}, "patients:list")


def test_patient_list_hides_patients_of_another_clinic(client, olaf, rosa):
    client.force_login(olaf)

    response = client.get("/patients/")

    assert "Delgado" not in page_text(response)
    assert "No patients are enrolled yet." in page_text(response)
    assert audited_patient_ids("list") == [[]]


def test_patient_list_hides_discharged_patient_but_search_finds_them(as_nadia, rosa):
    Patient.objects.filter(pk=rosa.pk).update(discharged_at=timezone.now() + dt.timedelta(days=1))

    assert "Delgado" not in page_text(as_nadia.get("/patients/"))
    assert "Delgado, Rosa" in page_text(as_nadia.post("/patients/", {"q": "delgado"}, follow=True))


@pytest.mark.parametrize(
    "asked", ["rosa", "DELG", "rosa delgado", "Delgado, Rosa", "mrn-ros", "1951-04-09", "4/9/1951"]
)
def test_patient_search_finds_by_name_mrn_or_birth_date(as_nadia, rosa, asked):
    other = PatientFactory(
        clinic=rosa.clinic, given_name="Bela", family_name="Kiss", mrn="K-1", birth_date=dt.date(1960, 1, 1)
    )

    response = as_nadia.post("/patients/", {"q": asked}, follow=True)

    assert [row.patient for row in response.context["rows"]] == [rosa]
    assert audited_patient_ids("search") == [[rosa.pk]]
    assert other.family_name not in page_text(response)


@pytest.mark.parametrize("asked", ["garcia", "García", "GARCÍA jose", "núñez", "nunez", "jos", "garcía-nún", "soren"])
def test_patient_search_ignores_accents_in_names(as_nadia, rosa, asked):
    jose = PatientFactory(clinic=rosa.clinic, given_name="José Søren", family_name="García-Núñez", mrn="J-1")

    response = as_nadia.post("/patients/", {"q": asked}, follow=True)

    assert [row.patient for row in response.context["rows"]] == [jose]


@pytest.mark.parametrize("asked", ["Zoë", "o\u2019brien", "O'Brien", "ZOE"])
def test_patient_search_ignores_accents_and_apostrophe_style_in_query(as_nadia, rosa, asked):
    zoe = PatientFactory(clinic=rosa.clinic, given_name="Zoe", family_name="O'Brien", mrn="Z-1")

    response = as_nadia.post("/patients/", {"q": asked}, follow=True)

    assert [row.patient for row in response.context["rows"]] == [zoe]


@pytest.mark.parametrize(
    "asked", ["AB 12 34", "ab1234", "AB-12-34", "ab 12", "MRN AB 1234", "mrn#ab1234", "rosa 4/9/1951", "4/9/51"]
)
def test_patient_search_ignores_mrn_spacing_and_combines_name_with_birth_date(as_nadia, rosa, asked):
    rosa.mrn = "AB 12-34"
    rosa.save(update_fields=["mrn"])
    PatientFactory(clinic=rosa.clinic, given_name="Rosa", mrn="AC 1234", birth_date=dt.date(1960, 1, 1))

    response = as_nadia.post("/patients/", {"q": asked}, follow=True)

    assert [row.patient for row in response.context["rows"]] == [rosa]


def test_patient_search_query_stays_out_of_urls_and_audit(as_nadia, rosa):
    response = as_nadia.post("/patients/", {"q": "Delgado"}, follow=True)

    assert response.status_code == 200
    assert "Delgado" not in str(list(AuditEvent.objects.values()))
    assert "q=" not in response.content.decode()


@pytest.mark.parametrize("asked", ["\x00", "%", "' OR 1=1 --", "x" * 5000, "31/31/1999", "  "])
def test_patient_search_with_malformed_query_returns_no_patients(as_nadia, rosa, asked):
    response = as_nadia.post("/patients/", {"q": asked}, follow=True)

    assert response.status_code == 200
    assert "Delgado" not in page_text(response) or not asked.strip()


@pytest.mark.parametrize(
    ("said", "days"),
    [
        *((said, [dt.date(1951, 3, 14)]) for said in ("3/14/1951", "1951-03-14", "Mar 14, 1951", "14 March 1951")),
        *((said, [dt.date(1951, 3, 14)]) for said in ("03141951", "1951/3/14", "3.14.1951")),
        ("3/14/15", [dt.date(1915, 3, 14), dt.date(2015, 3, 14)]),
        ("2/29/00", [dt.date(2000, 2, 29)]),
        *((said, []) for said in ("14/31/1951", "rosa", "", "1951")),
    ],
)
def test_birth_dates_parses_common_date_formats(said, days):
    assert parse_birth_dates(said) == days


def test_patient_list_query_count_is_the_same_for_one_and_many_patients(
    as_nadia, rosa, django_assert_max_num_queries, django_assert_num_queries
):
    def fill(patient):
        add_device_with_readings(patient)
        OrderFactory(patient=patient)

    fill(rosa)
    with django_assert_max_num_queries(22) as few:
        as_nadia.get("/patients/")
    for zone in ("America/Chicago", "America/New_York", "America/Denver"):
        fill(PatientFactory(clinic=rosa.clinic, time_zone=zone))

    with django_assert_num_queries(len(few)):
        as_nadia.get("/patients/")


def test_patient_list_days_measured_count_patient_local_days(as_nadia, rosa):
    """11:30 pm and 12:30 am in New York are two days there, though one in UTC."""
    device = DeviceFactory(patient=rosa)
    add_reading(device, "blood_pressure", 120, 80, hours_ago=36.5, latest=False)  # Nov 19, 11:30 pm
    add_reading(device, "blood_pressure", 121, 80, hours_ago=35.5, latest=False)  # Nov 20, 12:30 am
    add_reading(device, "blood_pressure", 121, 80, hours_ago=35.5, latest=False, index=2)
    add_reading(device, "weight", 170, hours_ago=100, latest=False, control=True)

    assert "2 of 3" in page_text(as_nadia.get("/patients/"))


def test_patient_search_redirects_to_results_that_going_back_shows_again(as_nadia, nadia, client_of, rosa):
    PatientFactory(clinic=rosa.clinic, family_name="Kiss")

    answers = [as_nadia.post("/patients/", {"q": name}) for name in ("Delgado", "Kiss")]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert "elgado" not in answers[0]["Location"]
    shown = [as_nadia.get(answer["Location"]).context["rows"] for answer in answers]
    assert [[row.patient.family_name for row in rows] for rows in shown] == [["Delgado"], ["Kiss"]]
    assert len(client_of(nadia).get(answers[0]["Location"]).context["rows"]) == 2, "the whole list in another session"


def test_patient_search_without_words_shows_the_list(as_nadia, rosa):
    assert as_nadia.post("/patients/", {"q": "  "})["Location"] == "/patients/"


def test_patient_search_stores_the_last_searches_of_a_session(as_nadia, rosa):
    first, *_ = [as_nadia.post("/patients/", {"q": f"name {n}"})["Location"] for n in range(21)]

    assert len(as_nadia.session["searches"]) == 20
    assert as_nadia.get(first).context["search_text"] == ""
