"""The list and a patient's page in a real browser: charts drawn, kept up to date, walked by keyboard."""

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from measurements.models import LatestReading
from tests.browser.pages import COUNT, bump, fits, reading
from tests.browser.vitals import drawn
from tests.browsers import DESKTOP, LIGHT_THEN_DARK, PHONE
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory

pytestmark = pytest.mark.django_db(transaction=True)

# A server that doesn't answer is a line in the console; that test wants one.
NO_ANSWER = "net::ERR_FAILED"


@LIGHT_THEN_DARK
def test_from_the_list_to_charts_that_are_drawn(browse, measured, rosa, viewport, theme):
    page = browse("/patients/", viewport=viewport, color_scheme=theme)
    assert fits(page)

    page.get_by_role("link", name="Delgado, Rosa").click()
    drawn(page, "spO2")

    assert fits(page)
    for code in ("blood_pressure", "pulse", "weight", "glucose", "spO2"):
        assert page.evaluate(COUNT, [f"#plot-{code} canvas", "--series-1"]) > 300, code
    assert page.evaluate(COUNT, ["#plot-blood_pressure canvas", "--series-2"]) > 300
    assert page.evaluate(COUNT, ["#strip", "--series-1"]) > 300


def test_a_year_and_everything_are_drawn_too(browse, measured, rosa):
    for days in (365, 0, 7):
        page = browse(f"/patients/{rosa.pk}/?days={days}")
        drawn(page)
        assert page.evaluate(COUNT, ["#plot-blood_pressure canvas", "--series-1"]) > 150, days


def test_a_new_reading_appears_by_itself_and_nothing_jumps(browse, measured, rosa):
    page = browse(f"/patients/{rosa.pk}/")
    page.get_by_text("Readings as a table").click()
    page.evaluate("document.querySelector('#plot-blood_pressure canvas').dataset.witness = 'the same canvas'")
    page.evaluate("window.scrollTo(0, 200)")

    newest = reading(measured, "blood_pressure", timezone.now(), 199, 111, index=999)
    newest.save()
    LatestReading.objects.filter(patient=rosa, metric="blood_pressure").update(
        measurement=newest, taken_at=newest.taken_at, value_1=199, value_2=111
    )
    bump(rosa)
    page.get_by_text("199/111").first.wait_for()

    assert page.locator(".latest-first").inner_text().startswith("199/111")
    assert page.locator("#readings").evaluate("el => el.open")
    assert page.evaluate("window.scrollY") == 200
    assert page.evaluate("document.querySelector('#plot-blood_pressure canvas').dataset.witness") == "the same canvas"
    assert page.evaluate("document.getElementById('live-trouble').hidden")


def test_the_list_follows_as_well(browse, rosa):
    page = browse("/patients/")
    assert page.get_by_text("never", exact=True).is_visible()

    LatestReadingFactory(measurement=MeasurementFactory(device=DeviceFactory(patient=rosa), value_1=171))
    bump(rosa)

    page.get_by_text("171.0").wait_for()


def test_somebody_signed_out_meanwhile_sees_no_patient_and_no_form_in_a_panel(browse, measured, rosa):
    page = browse(f"/patients/{rosa.pk}/")
    Session.objects.all().delete()

    page.get_by_text("You are signed out.").wait_for()

    assert "Delgado" not in page.inner_text("body")
    assert page.locator("form[action*=login]").count() == 0
    page.get_by_role("link", name="Sign in again").click()
    assert page.get_by_role("button", name="Sign in").is_visible()


def test_a_lost_connection_is_said_and_what_is_shown_stays(browse, measured, rosa, troubles):
    page = browse(f"/patients/{rosa.pk}/", stopped=True)
    page.route("**/live/**", lambda route: route.abort())

    page.clock.run_for(4000)
    page.get_by_text("No connection since").wait_for()
    assert page.get_by_text("Rosa Delgado").is_visible()

    page.unroute("**/live/**")
    page.clock.run_for(8000)  # it asks less often now
    page.locator("#live-trouble").wait_for(state="hidden")
    assert all(NO_ANSWER in line for line in troubles)
    troubles.clear()


def test_readings_are_walked_by_keyboard_and_read_out(browse, measured, rosa):
    page = browse(f"/patients/{rosa.pk}/")
    page.wait_for_selector("#plot-blood_pressure canvas")
    page.focus("#plot-blood_pressure")

    page.keyboard.press("ArrowLeft")
    last = page.inner_text("#readout-blood_pressure")
    page.keyboard.press("ArrowLeft")
    before = page.inner_text("#readout-blood_pressure")

    assert "mmHg · pulse" in last
    assert last != before
    assert page.locator("#plot-blood_pressure .tip").is_visible()


def test_the_table_is_one_key_away(browse, measured, rosa):
    page = browse(f"/patients/{rosa.pk}/")
    assert not page.locator("#readings").evaluate("el => el.open")

    page.keyboard.press("t")

    assert page.get_by_role("columnheader", name="Marks").is_visible()
    cut = "() => { const box = document.getElementById('readings-scroll'); return box.scrollWidth - box.clientWidth; }"
    for size in (DESKTOP, {"width": 1150, "height": 900}, PHONE):
        page.set_viewport_size(size)
        assert page.evaluate(cut) <= 0, f"the table is cut at {size['width']} px"


def test_the_chosen_colours_are_kept_without_a_flash(browse, rosa):
    page = browse("/patients/")
    page.locator("#account-menu summary").click()
    page.get_by_role("button", name="Dark").click()
    page.reload()

    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert "data-theme" in page.content().split("<head>")[0]


def test_search_is_a_slash_away(browse, rosa):
    page = browse("/patients/")

    page.keyboard.press("/")
    page.keyboard.type("delga")
    page.keyboard.press("Enter")

    page.get_by_text("1 found for").wait_for()
    assert page.url.endswith("/patients/")
