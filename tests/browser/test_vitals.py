"""What the patient page's charts do under a hand: one cursor for all, a day behind a band, hours of the day, paper."""

import datetime as dt
import re

import pytest
from django.utils import timezone

from measurements import units
from measurements.models import Measurement
from measurements.units import Units
from patients.models import User
from tests.browser.pages import COUNT, fits, reading
from tests.browser.vitals import DATA, PLACE, drawn, tip
from tests.browsers import DARK_THEN_LIGHT, LIGHT_THEN_DARK, PHONE, shot
from tests.factories import DeviceFactory, LatestReadingFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_pointer_and_the_keys_move_one_cursor_through_all_charts(browse, measured, rosa):
    page = browse(f"/patients/{rosa.pk}/", viewport={"width": 1280, "height": 1400})
    drawn(page)
    points = page.evaluate(f"{DATA}.panels[0].points")
    at, value = points["at"][-7], points["values"][0][-7]

    page.mouse.move(*page.evaluate(PLACE, ["blood_pressure", at, value]))
    shown = tip(page, "blood_pressure").inner_text().splitlines()
    assert shown[0].startswith(f"{round(value)}/")
    for code in ("pulse", "weight", "glucose", "spO2"):
        assert tip(page, code).inner_text().splitlines()[1] == shown[1], code  # the same moment
    shot(page, "cursor")

    page.mouse.move(5, 5)
    assert not any(tip(page, code).is_visible() for code in ("blood_pressure", "pulse", "spO2"))
    page.focus("#plot-weight")
    page.keyboard.press("ArrowLeft")
    newest = tip(page, "weight").inner_text().splitlines()[1]
    assert [tip(page, code).inner_text().splitlines()[1] for code in ("blood_pressure", "spO2")] == [newest] * 2
    page.keyboard.press("Home")
    assert "lb" in page.inner_text("#readout-weight")
    page.keyboard.press("Tab")
    assert not tip(page, "spO2").is_visible()


def test_a_click_on_a_point_opens_it_beside_the_charts_and_a_link_of_the_table_too(browse, measured, rosa):
    page = browse(f"/patients/{rosa.pk}/")
    drawn(page)
    points = page.evaluate(f"{DATA}.panels[0].points")

    page.mouse.click(*page.evaluate(PLACE, ["blood_pressure", points["at"][-3], points["values"][1][-3]]))
    panel = page.locator("#panel")
    value = f"{round(points['values'][0][-3])}/{round(points['values'][1][-3])}"
    panel.get_by_text(value).first.wait_for()
    assert page.url.endswith(f"/patients/{rosa.pk}/")
    panel.get_by_role("button", name="Close").click()

    page.keyboard.press("t")
    link = page.locator("#readings a[data-reading]").first
    link.focus()
    page.keyboard.press("Enter")
    panel.get_by_text("Received here").first.wait_for()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.hasAttribute('data-reading')")


def test_a_panel_that_cannot_be_fetched_says_so_and_offers_the_page(browse, measured, rosa, troubles):
    page = browse(f"/patients/{rosa.pk}/")
    drawn(page)
    page.route("**/readings/**", lambda route: route.abort())
    page.focus("#plot-blood_pressure")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")

    page.get_by_text("This can't be shown now").wait_for()
    assert re.search(r"/readings/\d+/$", page.get_by_role("link", name="Open it as a page").get_attribute("href"))
    troubles.clear()


@pytest.fixture
def thousands(rosa):
    """More than a chart draws singly: three a day for 300 days."""
    device = DeviceFactory(patient=rosa, first_reading_at=timezone.now(), last_reading_at=timezone.now())
    start = timezone.now() - dt.timedelta(days=300)
    rows = [
        reading(device, "blood_pressure", start + dt.timedelta(hours=8 * n), 118 + n % 10, 70 + n % 7, index=n)
        for n in range(900)
    ]
    Measurement.objects.bulk_create(rows)
    LatestReadingFactory(measurement=rosa.measurements.first())


def test_a_band_opens_its_day_and_the_day_its_readings(browse, thousands, rosa):
    page = browse(f"/patients/{rosa.pk}/?days=365")
    drawn(page)
    page.focus("#plot-blood_pressure")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    said = page.inner_text("#readout-blood_pressure")
    page.keyboard.press("Enter")

    panel = page.locator("#panel")
    panel.locator("a[data-reading]").first.wait_for()
    day, count = re.search(r"mmHg, (.*?), (\d{4})", said)[1], int(re.search(r"(\d+) readings?", said)[1])
    assert panel.locator("h2").inner_text().startswith(day.replace(",", ""))
    assert panel.locator("tbody tr").count() == count
    shot(page, "day")
    panel.locator("a[data-reading]").first.click()
    panel.get_by_text("Received here").first.wait_for()
    panel.get_by_role("button", name="Back").click()
    panel.locator("a[data-reading]").first.wait_for()
    assert panel.get_by_role("button", name="Back").is_hidden()


@LIGHT_THEN_DARK
def test_the_hours_of_the_day_are_drawn_and_read_out(browse, measured, rosa, viewport, theme):
    page = browse(f"/patients/{rosa.pk}/", viewport=viewport, color_scheme=theme)
    page.get_by_role("link", name="Time of day").click()
    drawn(page)

    assert page.evaluate(COUNT, ["#plot-blood_pressure canvas", "--series-1"]) > 300
    page.focus("#plot-blood_pressure")
    page.keyboard.press("ArrowLeft")
    said = page.inner_text("#readout-blood_pressure")
    assert re.fullmatch(
        r"median \d+(\.5)?/\d+ mmHg, \w+( [AP]M)? to \w+( [AP]M)?, middle half [\d to]+ over [\d to]+; \d+ readings",
        said,
    )
    assert tip(page, "glucose").is_visible()
    assert not tip(page, "weight").is_visible()  # its chart has days, not hours
    assert fits(page)
    shot(page, "clock")


@DARK_THEN_LIGHT
def test_dates_and_units_are_chosen_beside_the_charts(browse, measured, rosa, nadia, viewport, theme):
    page = browse(f"/patients/{rosa.pk}/", viewport=viewport, color_scheme=theme)
    today = timezone.now().astimezone(rosa.zone).date()
    if viewport is PHONE:
        assert min(chip.bounding_box()["height"] for chip in page.locator(".ranges .chip:visible").all()) >= 44
    page.locator("#dates-menu summary").click()
    page.get_by_label("From").fill((today - dt.timedelta(days=9)).isoformat())
    page.get_by_label("To", exact=True).fill((today + dt.timedelta(days=1)).isoformat())
    page.get_by_role("button", name="Show these days").click()
    page.get_by_text("This day is still to come").wait_for()
    assert fits(page)
    shot(page, "dates")
    page.get_by_label("To", exact=True).fill((today - dt.timedelta(days=3)).isoformat())
    page.get_by_role("button", name="Show these days").click()
    drawn(page)
    assert page.evaluate(f"{DATA}.days.counts.length") == 7

    page.locator("#units-menu summary").click()
    shot(page, "units")
    page.get_by_role("button", name="kg", exact=True).click()
    drawn(page, "weight")
    weight = page.evaluate(f"{DATA}.panels.find((panel) => panel.code === 'weight')")
    assert (weight["unit"], 76 < weight["points"]["values"][0][0] < 79) == ("kg", True)
    page.focus("#plot-weight")
    page.keyboard.press("ArrowLeft")
    assert re.match(r"7\d\.\d kg", page.inner_text("#readout-weight"))
    assert units.of(User.objects.get(pk=nadia.pk)) == Units.read("kg")
    assert fits(page)
