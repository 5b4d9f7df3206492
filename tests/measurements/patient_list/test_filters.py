"""Patient list filters: clinic, condition, provider, devices and silence; facet counts; live version."""

import re

import pytest
from django.utils import timezone

from devices.statuses import DeviceState
from fulfillment.models import LineStatus
from fulfillment.worklist.refresh import refresh_worklist
from measurements.patient_list.filters import DEVICE_FILTERS, SILENCE_FILTERS
from patients.models import Patient, Practitioner
from tests.factories import DeviceFactory, OrderFactory, PatientFactory, PractitionerFactory
from tests.measurements.patient_list.list_page import add_reading, family_names, post_list_settings
from tests.page_texts import page_text

pytestmark = pytest.mark.django_db


def test_patient_list_filters_by_clinic_condition_and_provider_and_remembers_them(as_nadia, nadia, elm, harbor):
    nadia.clinics.add(harbor)
    PatientFactory(clinic=elm, family_name="Al", conditions=["copd"], provider="Dr. Oak")
    PatientFactory(clinic=elm, family_name="Bo", conditions=["diabetes"], provider="Dr. Elm")
    PatientFactory(clinic=harbor, family_name="Di", conditions=["copd", "diabetes"], provider="Dr. Elm")
    chosen = str(Practitioner.objects.get(clinic=elm, name="Dr. Elm").pk)

    assert family_names(post_list_settings(as_nadia, condition="copd", clinic="", provider="")) == ["Al", "Di"]
    assert family_names(post_list_settings(as_nadia, clinic=str(harbor.pk))) == ["Di"]
    assert family_names(post_list_settings(as_nadia, clinic="", condition="", provider=chosen)) == ["Bo"]
    nadia.refresh_from_db()
    assert nadia.preferences["patient_list"]["provider"] == chosen
    assert family_names(post_list_settings(as_nadia, everybody="1")) == ["Al", "Bo", "Di"]


def facet_counts(response, name):
    return {
        option.value: option.count
        for row in response.context["filter_rows"]
        for option in row.options
        if option.name == name
    }


def test_patient_list_facet_counts_match_filtered_results(as_nadia, elm):
    def person(name, state=None, **line):
        patient = PatientFactory(clinic=elm, family_name=name)
        if state:
            DeviceFactory(patient=patient, state=state)
        if line:
            order = OrderFactory(patient=patient)
            order.lines.update(**line)
        return patient

    quiet = person("Connected", DeviceState.CONNECTED)
    add_reading(quiet, "weight", 170, hours_ago=24 * 3)
    add_reading(person("Held", DeviceState.ON_HOLD), "weight", 170)
    person("Waits", status=LineStatus.QUEUED)
    person("Refused", status=LineStatus.REJECTED, closed_at=timezone.now())
    person("Travels", DeviceState.SHIPPED)
    person("Ended", DeviceState.UNLINKED)
    refresh_worklist()
    expected = {
        "": 6,
        "attention": ["Held", "Refused"],
        "under_way": ["Travels", "Waits"],
        "connected": ["Connected"],
        "none": ["Ended", "Refused"],
    }

    assert facet_counts(as_nadia.get("/patients/"), "devices") == {
        key: who if isinstance(who, int) else len(who) for key, who in expected.items()
    }
    for key in ("attention", "under_way", "connected", "none"):
        assert family_names(post_list_settings(as_nadia, devices=key)) == expected[key]
    assert family_names(post_list_settings(as_nadia, devices="", silence="2")) == [
        "Connected",
        "Ended",
        "Refused",
        "Travels",
        "Waits",
    ]
    assert family_names(post_list_settings(as_nadia, silence="never")) == ["Ended", "Refused", "Travels", "Waits"]
    response = post_list_settings(as_nadia, devices="attention")
    assert family_names(response) == ["Refused"]
    assert list(facet_counts(response, "devices").values()) == [4, 1, 2, 0, 2]
    assert list(facet_counts(response, "silence").values()) == [2, 1, 1, 1]


def test_patient_list_facet_counts_match_for_every_device_and_silence_pair(as_nadia, elm):
    """Twelve people, so spread that no two lengths of silence are of as many."""
    states = (DeviceState.CONNECTED, DeviceState.ON_HOLD, DeviceState.SHIPPED, DeviceState.UNLINKED)
    silent_for = (None, 24 * 20, 24 * 8, 24 * 8, 24 * 3, 24 * 3, 24 * 3, 1, 1, 1, 1, 1)
    for n, hours in enumerate(silent_for):
        patient = PatientFactory(clinic=elm)
        DeviceFactory(patient=patient, state=states[n % 4])
        if hours:
            add_reading(patient, "weight", 170, hours_ago=hours)
    refresh_worklist()

    shown = {
        (devices, silence): post_list_settings(as_nadia, devices=devices, silence=silence)
        for devices in DEVICE_FILTERS
        for silence in SILENCE_FILTERS
    }
    counts = {pair: len(family_names(response)) for pair, response in shown.items()}

    assert [counts["", silence] for silence in SILENCE_FILTERS] == [12, 7, 4, 1]
    for (devices, silence), response in shown.items():
        assert facet_counts(response, "devices") == {key: counts[key, silence] for key in DEVICE_FILTERS}
        assert facet_counts(response, "silence") == {key: counts[devices, key] for key in SILENCE_FILTERS}


@pytest.mark.parametrize(
    "choice",
    [
        {"sort": "password"},
        {"clinic": "1 OR 1=1"},
        {"clinic": "9" * 30},
        {"provider": "x\x00"},
        {"provider": "9" * 500},
        {"condition": "gout"},
        {"silence": "-1"},
        {"devices": "__all__"},
    ],
)
def test_patient_list_ignores_invalid_filter_values(as_nadia, rosa, choice):
    assert family_names(post_list_settings(as_nadia, **choice)) == ["Delgado"]


def test_patient_list_clinic_filter_shows_no_patients_of_foreign_clinic(as_nadia, rosa, harbor):
    PatientFactory(clinic=harbor, family_name="Stranger")

    assert family_names(post_list_settings(as_nadia, clinic=str(harbor.pk))) == ["Delgado"]


def test_patient_list_clinic_filter_is_dropped_after_user_leaves_clinic(as_nadia, nadia, rosa, harbor):
    nadia.clinics.add(harbor)
    assert family_names(post_list_settings(as_nadia, clinic=str(harbor.pk))) == []
    nadia.clinics.remove(harbor)

    page = as_nadia.get("/patients/")

    assert family_names(page) == ["Delgado"]
    assert "1 patient enrolled" in page_text(page)
    assert family_names(as_nadia.get("/patients/live/")) == ["Delgado"]


def test_patient_list_provider_filter_stays_selected_without_matches(as_nadia, rosa, elm):
    chosen = PractitionerFactory(clinic=elm, name="Dr. Elm")
    post_list_settings(as_nadia, provider=str(chosen.pk))

    page = as_nadia.get("/patients/")

    assert family_names(page) == []
    assert f'<option value="{chosen.pk}" selected>{chosen.name}</option>' in page.content.decode()


def test_patient_list_provider_filter_of_a_foreign_clinic_is_ignored(as_nadia, rosa, harbor):
    foreign = PractitionerFactory(clinic=harbor)

    assert family_names(post_list_settings(as_nadia, provider=str(foreign.pk))) == ["Delgado"]


def live_version_of(response):
    return re.search(r'data-live-version="([^"]+)"', response.content.decode())[1]


def test_patient_list_live_version_changes_only_for_patients_it_may_show(as_nadia, nadia, elm, harbor):
    nadia.clinics.add(harbor)
    mine, other = PatientFactory(clinic=elm, provider="Dr. Elm"), PatientFactory(clinic=harbor, provider="Dr. Oak")
    chosen = str(mine.practitioner_id)
    for choice in ({"clinic": str(elm.pk)}, {"provider": chosen, "clinic": ""}, {"silence": "never"}):
        version = live_version_of(post_list_settings(as_nadia, **choice))
        Patient.objects.touch_live_version([other.pk])
        assert as_nadia.get("/patients/live/", {"v": version}).status_code == 204
        Patient.objects.touch_live_version([mine.pk])
        assert as_nadia.get("/patients/live/", {"v": version}).status_code == 200


def test_patient_list_live_version_is_stable_after_user_leaves_filtered_clinic(as_nadia, nadia, elm, harbor):
    nadia.clinics.add(harbor)
    post_list_settings(as_nadia, clinic=str(harbor.pk))
    nadia.clinics.remove(harbor)

    version = live_version_of(as_nadia.get("/patients/"))

    assert as_nadia.get("/patients/live/", {"v": version}).status_code == 204


def test_patient_list_live_version_changes_with_sort_column(as_nadia, rosa):
    version = live_version_of(as_nadia.get("/patients/"))
    assert as_nadia.get("/patients/live/", {"v": version}).status_code == 204

    post_list_settings(as_nadia, sort="days")

    assert as_nadia.get("/patients/live/", {"v": version}).status_code == 200
