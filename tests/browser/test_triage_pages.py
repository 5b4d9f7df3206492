"""Morning round on the triage list by keyboard alone, then axe at both widths and in both themes."""

import datetime as dt

import pytest
from django.utils import timezone

from measurements.alerts.models import AlertEpisode, PatientReview
from measurements.models import Measurement
from patients.care.models import NoteVersion
from tests.browser.axe import find_axe_violations
from tests.browser.page_helpers import POLL_NOW, build_reading, fits_viewport_width
from tests.browsers import PHONE, save_screenshot
from tests.factories import DeviceFactory, PatientFactory
from tests.measurements.alerts.stored import ingest_pressure, only_episode
from tests.measurements.triage.clinic_morning import build_morning

pytestmark = pytest.mark.django_db(transaction=True)
FOCUSED_ROW = "document.activeElement.closest('tr')?.innerText ?? ''"
NOTICE = "#act-notice"


@pytest.fixture
def severe(elm, nadia):
    """A confirmed severe pressure of Rosa, above a patient in each section."""
    build_morning(elm, nadia)
    rosa = PatientFactory(clinic=elm, given_name="Rosa", family_name="Delgado", conditions=["hypertension"])
    cuff = DeviceFactory(patient=rosa)
    start = timezone.now() - dt.timedelta(days=20)
    rows = [build_reading(cuff, "blood_pressure", start + dt.timedelta(days=n), 128 + n, 80) for n in range(18)]
    Measurement.objects.bulk_create(rows)
    ingest_pressure(cuff, 192, 110, hours_ago=5)
    ingest_pressure(cuff, 194, 111, hours_ago=4.9, index=2)
    return only_episode(rosa)


def press_and_wait(page, key, words):
    page.keyboard.press(key)
    page.locator(NOTICE).get_by_text(words).wait_for()


def test_morning_round_by_keyboard_alone(browser_for, nadia, elm, severe):
    page = browser_for(nadia)
    page.goto("/triage/")
    save_screenshot(page, "triage")
    page.keyboard.press("a")  # the focus is in no row
    page.keyboard.press("j")
    assert "Delgado" in page.evaluate(FOCUSED_ROW)

    page.keyboard.press("p")
    page.locator("#preview:not([hidden])").wait_for()
    save_screenshot(page, "triage-preview")
    page.keyboard.press("Escape")
    press_and_wait(page, "a", "Acknowledged.")
    assert "Delgado" in page.evaluate(FOCUSED_ROW)
    severe.refresh_from_db()
    assert severe.is_acknowledged

    press_and_wait(page, "r", "reviewed.")
    assert PatientReview.objects.filter(patient=severe.patient_id, undone_at=None).exists()
    press_and_wait(page, "u", "taken back")
    assert not PatientReview.objects.filter(patient=severe.patient_id, undone_at=None).exists()

    page.keyboard.press("s")
    page.locator("#panel[open] textarea").wait_for()
    save_screenshot(page, "triage-snooze")
    page.keyboard.type("Asleep")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator(NOTICE).get_by_text("Snoozed.").wait_for()
    severe.refresh_from_db()
    assert severe.state == "snoozed"
    assert "Delgado" in page.evaluate(FOCUSED_ROW)

    page.keyboard.press("n")
    page.locator("#panel[open] textarea").wait_for()
    page.keyboard.type("Takes her pills in the evening")
    page.locator("#panel").get_by_role("button", name="Save").focus()
    page.keyboard.press("Enter")
    page.locator(NOTICE).get_by_text("The note is saved.").wait_for()
    assert NoteVersion.objects.get().text == "Takes her pills in the evening"

    page.keyboard.press("j")
    assert "Critical" in page.evaluate(FOCUSED_ROW)

    row = page.locator("tr", has=page.get_by_role("link", name="Critical", exact=True))
    top = row.bounding_box()["y"]
    arrived = PatientFactory(clinic=elm, family_name="Abel", conditions=["hypertension"])
    ingest_pressure(DeviceFactory(patient=arrived), 201, 118)
    page.evaluate(POLL_NOW)
    page.locator("#critical-count", has_text="2").wait_for()
    assert page.get_by_role("button", name="moved: show").is_visible()
    assert abs(row.bounding_box()["y"] - top) <= 1

    page.keyboard.press("?")
    assert page.get_by_text("act on the row with the focus only").is_visible()
    page.reload()
    page.set_viewport_size(PHONE)
    save_screenshot(page, "triage")
    assert fits_viewport_width(page)
    assert find_axe_violations(page, "triage") == []
    page.goto(f"/triage/episodes/{severe.pk}/")
    save_screenshot(page, "alert")
    assert find_axe_violations(page, "alert") == []
    page.goto(f"/triage/episodes/{severe.pk}/snooze/")
    assert find_axe_violations(page, "snooze") == []
    save_screenshot(page, "alert-dark")
    assert AlertEpisode.objects.filter(state="snoozed").exists()


def test_button_of_a_row_is_pressed_with_the_pointer(browser_for, nadia, severe):
    """The name is a link over the whole row in the list of patients only; here it would lie over the buttons."""
    page = browser_for(nadia)
    page.goto("/triage/")

    page.locator("tr", has_text="Delgado").get_by_role("button", name="Acknowledge").click()
    page.get_by_text("Acknowledged.").wait_for()

    severe.refresh_from_db()
    assert severe.is_acknowledged
    assert page.url.endswith("/triage/")
