"""Patient list: keyboard, preview and layout in both themes at both widths."""

import datetime as dt

import pytest
from django.utils import timezone

from fulfillment.worklist.refresh import refresh_worklist
from measurements.ingest import patient_summaries
from measurements.ingest.pg_arrays import format_bigint_array
from patients.models import Practitioner, User
from tests.browsers import DARK_THEN_LIGHT, DESKTOP, save_screenshot, wait_until_true
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory, PatientFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def four_patients(elm):
    for n, (family, given, high) in enumerate((("Abbot", "Ida", 128), ("Brook", "Sam", 186), ("Clay", "Joan", 141))):
        patient = PatientFactory(clinic=elm, family_name=family, given_name=given, provider=f"Dr. {family}")
        device = DeviceFactory(patient=patient, state="on_hold" if n == 2 else "connected")
        rows = []
        for day in range(12):
            at = timezone.now() - dt.timedelta(days=2 * day, hours=n)
            rows.append(
                MeasurementFactory(device=device, code="blood_pressure", value_1=high + day, value_2=80, taken_at=at)
            )
            rows.append(MeasurementFactory(device=device, code="weight", value_1=180 - day, taken_at=at))
        LatestReadingFactory(measurement=rows[0])
        LatestReadingFactory(measurement=rows[1])
        patient_summaries.update_patient_summaries(
            format_bigint_array(row.pk for row in rows), patients=[patient.pk], weighed=[patient.pk]
        )
    PatientFactory(clinic=elm, family_name="Dunn", given_name="Eve")
    refresh_worklist()


def focused_text(page):
    return page.evaluate("document.activeElement.textContent")


def test_patient_list_keyboard_moves_previews_and_opens_patients(open_as_clinician):
    page = open_as_clinician("/patients/", viewport=DESKTOP)

    page.keyboard.press("j")
    assert focused_text(page) == "Abbot, Ida"
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert focused_text(page) == "Brook, Sam"

    page.keyboard.press("p")
    page.locator("#preview").get_by_text("186/80").wait_for()
    page.keyboard.press("j")
    page.locator("#preview").get_by_text("Joan Clay").wait_for()
    assert focused_text(page) == "Clay, Joan"
    page.keyboard.press("Escape")
    assert page.locator("#preview").is_hidden()
    assert focused_text(page) == "Clay, Joan"

    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Joan Clay").wait_for()


def test_patient_list_sort_and_filters_are_saved_for_the_user(open_as_clinician, nadia):
    page = open_as_clinician("/patients/", viewport=DESKTOP)
    names = page.locator(".patient-name")

    page.get_by_role("button", name="Blood pressure").click()
    wait_until_true(lambda: names.all_inner_texts() == ["Brook, Sam", "Clay, Joan", "Abbot, Ida", "Dunn, Eve"])
    page.get_by_role("button", name="Needs attention 1").click()
    wait_until_true(lambda: names.all_inner_texts() == ["Clay, Joan"])
    page.get_by_role("button", name="Everybody").click()
    wait_until_true(lambda: names.count() == 4)
    page.get_by_label("Provider").select_option(label="Dr. Brook")
    page.get_by_text("1 patient as narrowed above").wait_for()
    assert names.all_inner_texts() == ["Brook, Sam"]
    assert page.url.endswith("/patients/")
    chosen = User.objects.get(pk=nadia.pk).preferences["patient_list"]["provider"]
    assert chosen == str(Practitioner.objects.get(name="Dr. Brook").pk)


def test_patient_preview_failure_shows_message(open_as_clinician, page_errors):
    page = open_as_clinician("/patients/", viewport=DESKTOP)
    page.route("**/preview/", lambda route: route.abort())

    page.keyboard.press("j")
    page.keyboard.press("p")

    page.get_by_text("This patient can't be shown now.").wait_for()
    page_errors.clear()


@DARK_THEN_LIGHT
def test_patient_list_fits_both_widths_without_overflow(open_as_clinician, rosa, device_with_readings, viewport, theme):
    """With averages, glucose by meal, a gain, a sparkline and a device on its way. Rows have five lines at most."""
    DeviceFactory(patient=rosa, name="Tenovi Pulse Ox", state="shipped")
    patient_summaries.rebuild_patient_summaries([rosa.pk])
    page = open_as_clinician("/patients/", viewport=viewport, color_scheme=theme)
    page.keyboard.press("j")
    page.keyboard.press("p")
    page.locator("#preview").get_by_text("128/80").wait_for()

    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.get_by_text("fasting or before").is_visible()
    assert page.evaluate("""document.querySelector("#patient-scroll table").scrollWidth
        <= document.getElementById("patient-scroll").clientWidth""")
    heights = page.evaluate("[...document.querySelectorAll('tbody tr')].map((row) => row.offsetHeight)")
    assert viewport != DESKTOP or max(heights) <= 120, heights
    save_screenshot(page, "list")


def test_patient_list_print_fits_landscape_and_shows_time(open_as_clinician):
    page = open_as_clinician(
        "/patients/", viewport={"width": 979, "height": 750}
    )  # US letter paper without its margins
    page.emulate_media(media="print")

    assert page.evaluate("document.documentElement.scrollWidth") <= 979
    assert page.get_by_text("As of").is_visible()
    assert page.get_by_role("columnheader", name="Devices").is_visible()
