"""The list narrowed by clinic, condition, provider, devices and silence."""

import re

import pytest
from django.utils import timezone

from devices.statuses import DeviceState
from fulfillment.models import LineStatus
from measurements.patient_list.filters import DEVICES, SILENT
from patients.models import Patient
from tests.factories import DeviceFactory, OrderFactory, PatientFactory
from tests.patients.lists import arrange, names, read
from tests.texts import text

pytestmark = pytest.mark.django_db


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


def test_each_pair_of_chips_counts_what_it_shows(as_nadia, elm):
    """Twelve people, so spread that no two lengths of silence are of as many."""
    states = (DeviceState.CONNECTED, DeviceState.ON_HOLD, DeviceState.SHIPPED, DeviceState.UNLINKED)
    silent_for = (None, 24 * 20, 24 * 8, 24 * 8, 24 * 3, 24 * 3, 24 * 3, 1, 1, 1, 1, 1)
    for n, hours in enumerate(silent_for):
        patient = PatientFactory(clinic=elm)
        DeviceFactory(patient=patient, state=states[n % 4])
        if hours:
            read(patient, "weight", 170, hours_ago=hours)

    shown = {
        (devices, silent): arrange(as_nadia, devices=devices, silent=silent) for devices in DEVICES for silent in SILENT
    }
    counts = {pair: len(names(response)) for pair, response in shown.items()}

    assert [counts["", silent] for silent in SILENT] == [12, 7, 4, 1]
    for (devices, silent), response in shown.items():
        for chip in response.context["device_chips"]:
            assert chip.count == counts[chip.value, silent]
        for chip in response.context["silence_chips"]:
            assert chip.count == counts[devices, chip.value]


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

    assert names(arrange(as_nadia, clinic=str(harbor.pk))) == ["Delgado"]


def test_a_clinic_that_the_person_has_left_narrows_the_list_no_more(as_nadia, nadia, rosa, harbor):
    nadia.clinics.add(harbor)
    assert names(arrange(as_nadia, clinic=str(harbor.pk))) == []
    nadia.clinics.remove(harbor)

    page = as_nadia.get("/patients/")

    assert names(page) == ["Delgado"]
    assert "1 patient enrolled" in text(page)
    assert names(as_nadia.get("/patients/live/")) == ["Delgado"]


def test_a_provider_who_has_left_still_shows_as_what_narrows_the_list(as_nadia, rosa):
    arrange(as_nadia, provider="Dr. Elm")

    page = as_nadia.get("/patients/")

    assert names(page) == []
    assert "<option selected>Dr. Elm</option>" in page.content.decode()


def version_of(response):
    return re.search(r'data-live-version="([^"]+)"', response.content.decode())[1]


def test_an_open_list_hears_of_whom_it_may_show_and_of_nobody_else(as_nadia, nadia, elm, harbor):
    nadia.clinics.add(harbor)
    mine, other = PatientFactory(clinic=elm, provider="Dr. Elm"), PatientFactory(clinic=harbor, provider="Dr. Oak")
    for choice in ({"clinic": str(elm.pk)}, {"provider": "Dr. Elm", "clinic": ""}, {"silent": "never"}):
        version = version_of(arrange(as_nadia, **choice))
        Patient.objects.bump([other.pk])
        assert as_nadia.get("/patients/live/", {"v": version}).status_code == 204
        Patient.objects.bump([mine.pk])
        assert as_nadia.get("/patients/live/", {"v": version}).status_code == 200


def test_an_open_list_stays_quiet_when_the_clinic_that_it_shows_was_left(as_nadia, nadia, elm, harbor):
    nadia.clinics.add(harbor)
    arrange(as_nadia, clinic=str(harbor.pk))
    nadia.clinics.remove(harbor)

    version = version_of(as_nadia.get("/patients/"))

    assert as_nadia.get("/patients/live/", {"v": version}).status_code == 204


def test_an_open_list_hears_of_a_new_arrangement(as_nadia, rosa):
    version = version_of(as_nadia.get("/patients/"))
    assert as_nadia.get("/patients/live/", {"v": version}).status_code == 204

    arrange(as_nadia, sort="days")

    assert as_nadia.get("/patients/live/", {"v": version}).status_code == 200
