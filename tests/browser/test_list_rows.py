"""Rows of a live list stay where they are while the list is used; going back continues at the row one came from."""

import pytest
from django.utils import timezone

from measurements.ingest import patient_summaries
from patients.models import Patient
from tests.browser.page_helpers import POLL_NOW
from tests.browsers import DESKTOP
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory, PatientFactory

pytestmark = pytest.mark.django_db(transaction=True)


def add_pressure(patient, systolic):
    device = patient.devices.first() or DeviceFactory(patient=patient)
    row = MeasurementFactory(
        device=device, code="blood_pressure", value_1=systolic, value_2=70, taken_at=timezone.now()
    )
    patient.latest_readings.filter(metric="blood_pressure").delete()
    LatestReadingFactory(measurement=row)
    patient_summaries.rebuild_patient_summaries([patient.pk])
    Patient.objects.touch_live_version([patient.pk])


@pytest.fixture
def three_patients(elm, nadia):
    nadia.preferences["patient_list"] = {"sort": "blood_pressure", "descending": True}
    nadia.save()
    people = [PatientFactory(clinic=elm, family_name=name) for name in ("Abbot", "Brook", "Clay")]
    for patient, systolic in zip(people, (140, 130, 120), strict=True):
        add_pressure(patient, systolic)
    return people


def names_of(page):
    return [name.split(",")[0] for name in page.locator(".patient-name").all_inner_texts()]


def test_list_rows_stay_in_place_while_the_pointer_is_in_them(open_as_clinician, three_patients):
    page = open_as_clinician("/patients/", viewport=DESKTOP)
    assert names_of(page) == ["Abbot", "Brook", "Clay"]
    row = page.locator("tbody tr").nth(1)
    row.hover()
    top = row.bounding_box()["y"]

    add_pressure(three_patients[2], 176)  # an average of 148 makes Clay the first
    page.evaluate(POLL_NOW)
    page.get_by_text("148/70").wait_for()

    assert names_of(page) == ["Abbot", "Brook", "Clay"], "the value is refreshed in place"
    assert page.locator("tbody tr").nth(1).bounding_box()["y"] == top
    page.get_by_role("button", name="1 row moved: show").click()
    assert names_of(page) == ["Clay", "Abbot", "Brook"]
    assert page.get_by_role("button", name="moved: show").count() == 0

    page.keyboard.press("j")  # the keyboard focus holds the rows as well
    page.mouse.move(5, 5)
    add_pressure(three_patients[1], 190)
    page.evaluate(POLL_NOW)
    page.get_by_role("button", name="1 row moved: show").wait_for()
    assert names_of(page) == ["Clay", "Abbot", "Brook"]


def test_list_rows_take_the_new_order_when_the_list_is_not_used(open_as_clinician, three_patients):
    page = open_as_clinician("/patients/", viewport=DESKTOP)

    add_pressure(three_patients[2], 176)
    page.evaluate(POLL_NOW)
    page.get_by_text("148/70").wait_for()

    assert names_of(page) == ["Clay", "Abbot", "Brook"]


def test_going_back_from_a_search_result_continues_at_its_row(open_as_clinician, three_patients):
    page = open_as_clinician("/patients/", viewport=DESKTOP)
    page.locator("#find").fill("o")
    page.keyboard.press("Enter")
    page.get_by_text("found for").wait_for()
    assert "search=" in page.url
    found = names_of(page)
    for _ in range(2):
        page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.locator("#latest").wait_for()

    page.go_back()

    page.get_by_text("found for").wait_for()
    assert page.evaluate("document.activeElement.textContent").startswith(found[1])
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.textContent").startswith(found[0])
