"""Patient page in a browser: charts are drawn, updated live and operated by keyboard."""

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from measurements.models import LatestReading
from tests.browser.charts import wait_for_chart
from tests.browser.page_helpers import COUNT_COLORED_PIXELS, build_reading, fits_viewport_width, touch_live_version
from tests.browsers import DESKTOP, LIGHT_THEN_DARK, PHONE
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory

pytestmark = pytest.mark.django_db(transaction=True)

# A server that doesn't answer is an error in the console, which that test provokes.
NO_ANSWER = "net::ERR_FAILED"


@LIGHT_THEN_DARK
def test_patient_page_opened_from_list_draws_all_charts(open_as_clinician, device_with_readings, rosa, viewport, theme):
    page = open_as_clinician("/patients/", viewport=viewport, color_scheme=theme)
    assert fits_viewport_width(page)

    page.get_by_role("link", name="Delgado, Rosa").click()
    wait_for_chart(page, "spO2")
    assert page.locator(".picture").count() == 0, "scripts have replaced what the server drew"

    assert fits_viewport_width(page)
    for code in ("blood_pressure", "pulse", "weight", "glucose", "spO2"):
        assert page.evaluate(COUNT_COLORED_PIXELS, [f"#plot-{code} canvas", "--series-1"]) > 300, code
    assert page.evaluate(COUNT_COLORED_PIXELS, ["#plot-blood_pressure canvas", "--series-2"]) > 300
    assert page.evaluate(COUNT_COLORED_PIXELS, ["#strip", "--series-1"]) > 300


def test_patient_page_draws_charts_for_year_all_and_week_ranges(open_as_clinician, device_with_readings, rosa):
    for days in (365, 0, 7):
        page = open_as_clinician(f"/patients/{rosa.pk}/?days={days}")
        wait_for_chart(page)
        assert page.evaluate(COUNT_COLORED_PIXELS, ["#plot-blood_pressure canvas", "--series-1"]) > 150, days


def test_patient_page_live_update_adds_reading_without_moving_the_page(open_as_clinician, device_with_readings, rosa):
    page = open_as_clinician(f"/patients/{rosa.pk}/")
    page.get_by_text("Readings as a table").click()
    page.evaluate("document.querySelector('#plot-blood_pressure canvas').dataset.witness = 'the same canvas'")
    page.evaluate("window.scrollTo(0, 200)")

    newest = build_reading(device_with_readings, "blood_pressure", timezone.now(), 199, 111, index=999)
    newest.save()
    LatestReading.objects.filter(patient=rosa, metric="blood_pressure").update(
        measurement=newest, taken_at=newest.taken_at, value_1=199, value_2=111
    )
    touch_live_version(rosa)
    page.get_by_text("199/111").first.wait_for()

    assert page.locator(".latest-first").inner_text().startswith("199/111")
    assert page.locator("#readings").evaluate("el => el.open")
    assert page.evaluate("window.scrollY") == 200
    assert page.evaluate("document.querySelector('#plot-blood_pressure canvas').dataset.witness") == "the same canvas"
    assert page.evaluate("document.getElementById('live-notice').hidden")


def test_patient_list_live_update_shows_new_reading(open_as_clinician, rosa):
    page = open_as_clinician("/patients/")
    assert page.get_by_text("never", exact=True).is_visible()

    LatestReadingFactory(measurement=MeasurementFactory(device=DeviceFactory(patient=rosa), value_1=171))
    touch_live_version(rosa)

    page.get_by_text("171.0", exact=True).wait_for()


def test_patient_page_live_update_after_sign_out_hides_patient(open_as_clinician, device_with_readings, rosa):
    page = open_as_clinician(f"/patients/{rosa.pk}/")
    Session.objects.all().delete()

    page.get_by_text("You are signed out.").wait_for()

    assert "Delgado" not in page.inner_text("body")
    assert page.locator("form[action*=login]").count() == 0
    page.get_by_role("link", name="Sign in again").click()
    page.get_by_role("button", name="Sign in").wait_for()


def test_patient_page_live_update_reports_a_server_that_never_answers(open_as_clinician, device_with_readings, rosa):
    page = open_as_clinician(f"/patients/{rosa.pk}/", stopped=True)
    page.route("**/live/**", lambda _route: None)

    page.clock.run_for(4_000)
    assert page.locator("#live-notice").is_hidden()
    page.clock.run_for(10_000)

    page.get_by_text("No connection since").wait_for()


def test_patient_page_live_update_reports_lost_connection_and_recovers(
    open_as_clinician, device_with_readings, rosa, page_errors
):
    page = open_as_clinician(f"/patients/{rosa.pk}/", stopped=True)
    page.route("**/live/**", lambda route: route.abort())

    page.clock.run_for(4000)
    page.get_by_text("No connection since").wait_for()
    assert page.get_by_text("Rosa Delgado").is_visible()

    page.unroute("**/live/**")
    page.clock.run_for(8000)  # it polls less often now
    page.locator("#live-notice").wait_for(state="hidden")
    assert all(NO_ANSWER in line for line in page_errors)
    page_errors.clear()


def test_chart_arrow_keys_step_through_readings_with_readout(open_as_clinician, device_with_readings, rosa):
    page = open_as_clinician(f"/patients/{rosa.pk}/")
    page.wait_for_selector("#plot-blood_pressure canvas")
    page.focus("#plot-blood_pressure")

    page.keyboard.press("ArrowLeft")
    last = page.inner_text("#readout-blood_pressure")
    page.keyboard.press("ArrowLeft")
    before = page.inner_text("#readout-blood_pressure")

    assert "mmHg · pulse" in last
    assert last != before
    assert page.locator("#plot-blood_pressure .tip").is_visible()


def test_readings_table_opens_with_one_key_and_fits_width(open_as_clinician, device_with_readings, rosa):
    page = open_as_clinician(f"/patients/{rosa.pk}/")
    assert not page.locator("#readings").evaluate("el => el.open")

    page.keyboard.press("t")

    page.get_by_role("columnheader", name="Marks").wait_for()
    cut = "() => { const box = document.getElementById('readings-scroll'); return box.scrollWidth - box.clientWidth; }"
    for size in (DESKTOP, {"width": 1150, "height": 900}, PHONE):
        page.set_viewport_size(size)
        assert page.evaluate(cut) <= 0, f"the table is cut at {size['width']} px"


def test_theme_choice_is_saved_and_rendered_by_server(open_as_clinician, rosa):
    page = open_as_clinician("/patients/")
    page.locator("#account-menu summary").click()
    page.get_by_role("button", name="Dark").click()
    page.reload()

    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert "data-theme" in page.content().split("<head>")[0]


def test_patient_search_is_focused_by_slash_key(open_as_clinician, rosa):
    page = open_as_clinician("/patients/")

    page.keyboard.press("/")
    page.keyboard.type("delga")
    page.keyboard.press("Enter")

    page.get_by_text("1 found for").wait_for()
    assert "?search=" in page.url
    assert "delgado" not in page.url.lower()
