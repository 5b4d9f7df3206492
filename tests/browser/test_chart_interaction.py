"""Chart interaction: shared cursor, days of a band, time of day, printing."""

import datetime as dt
import re

import pytest
from django.utils import timezone

from measurements import units
from measurements.models import Measurement
from measurements.units import DisplayUnits
from patients.models import User
from tests.browser.charts import CHART_DATA, SCREEN_POSITION, chart_tooltip, wait_for_chart
from tests.browser.page_helpers import COUNT_COLORED_PIXELS, build_reading, fits_viewport_width
from tests.browsers import DARK_THEN_LIGHT, LIGHT_THEN_DARK, PHONE, save_screenshot
from tests.factories import DeviceFactory, LatestReadingFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_chart_cursor_is_shared_by_all_charts_for_pointer_and_keys(open_as_clinician, device_with_readings, rosa):
    page = open_as_clinician(f"/patients/{rosa.pk}/", viewport={"width": 1280, "height": 1400})
    wait_for_chart(page)
    points = page.evaluate(f"{CHART_DATA}.panels[0].points")
    at, value = points["at"][-7], points["values"][0][-7]

    page.mouse.move(*page.evaluate(SCREEN_POSITION, ["blood_pressure", at, value]))
    shown = chart_tooltip(page, "blood_pressure").inner_text().splitlines()
    assert shown[0].startswith(f"{round(value)}/")
    for code in ("pulse", "weight", "spO2"):
        assert chart_tooltip(page, code).inner_text().splitlines()[1] == shown[1], code  # the same time
    glucose = [chart_tooltip(page, code).inner_text() for code in ("glucose", "glucose-fasting")]
    assert any(shown[1] in text for text in glucose)  # each other reading states a meal
    save_screenshot(page, "cursor")

    page.mouse.move(5, 5)
    assert not any(chart_tooltip(page, code).is_visible() for code in ("blood_pressure", "pulse", "spO2"))
    page.focus("#plot-weight")
    page.keyboard.press("ArrowLeft")
    newest = chart_tooltip(page, "weight").inner_text().splitlines()[1]
    assert [chart_tooltip(page, code).inner_text().splitlines()[1] for code in ("blood_pressure", "spO2")] == [
        newest
    ] * 2
    page.keyboard.press("Home")
    assert "lb" in page.inner_text("#readout-weight")
    page.keyboard.press("Tab")
    assert not chart_tooltip(page, "spO2").is_visible()


def test_chart_point_click_and_table_link_open_reading_panel(open_as_clinician, device_with_readings, rosa):
    page = open_as_clinician(f"/patients/{rosa.pk}/")
    wait_for_chart(page)
    points = page.evaluate(f"{CHART_DATA}.panels[0].points")

    page.mouse.click(*page.evaluate(SCREEN_POSITION, ["blood_pressure", points["at"][-3], points["values"][1][-3]]))
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


def test_reading_panel_failure_shows_message_and_page_link(open_as_clinician, device_with_readings, rosa, page_errors):
    page = open_as_clinician(f"/patients/{rosa.pk}/")
    wait_for_chart(page)
    page.route("**/readings/**", lambda route: route.abort())
    page.focus("#plot-blood_pressure")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")

    page.get_by_text("This can't be shown now").wait_for()
    assert re.search(r"/readings/\d+/$", page.get_by_role("link", name="Open it as a page").get_attribute("href"))
    page_errors.clear()


@pytest.fixture
def nine_hundred_readings(rosa):
    """More than a chart draws as single points: three a day for 300 days."""
    device = DeviceFactory(patient=rosa, first_reading_at=timezone.now(), last_reading_at=timezone.now())
    start = timezone.now() - dt.timedelta(days=300)
    rows = [
        build_reading(device, "blood_pressure", start + dt.timedelta(hours=8 * n), 118 + n % 10, 70 + n % 7, index=n)
        for n in range(900)
    ]
    Measurement.objects.bulk_create(rows)
    LatestReadingFactory(measurement=rosa.measurements.first())


def test_chart_band_opens_day_panel_and_its_readings(open_as_clinician, nine_hundred_readings, rosa):
    page = open_as_clinician(f"/patients/{rosa.pk}/?days=365")
    wait_for_chart(page)
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
    save_screenshot(page, "day")
    panel.locator("a[data-reading]").first.click()
    panel.get_by_text("Received here").first.wait_for()
    panel.get_by_role("button", name="Back").click()
    panel.locator("a[data-reading]").first.wait_for()
    assert panel.get_by_role("button", name="Back").is_hidden()


def test_chart_tooltip_names_a_band_of_equal_ends_by_one_value(open_as_clinician, device_with_readings, rosa):
    page = open_as_clinician(f"/patients/{rosa.pk}/")
    wait_for_chart(page)
    panel = {
        "unit": "mmHg",
        "decimals": 0,
        "buckets": {"at": [0], "n": [2], "low": [[120], [79]], "mid": [[125], [79]], "high": [[130], [79]]},
        "clock": {"banded": [True], "labels": ["6 AM to 9 AM"]},
    }

    said = page.evaluate("(panel) => ['band', 'hours'].map((name) => ChartWords[name](panel, 0, String)[2])", panel)

    assert said == ["120 to 130, 79; 2 readings", "middle half 120 to 130 over 79; 2 readings"]


@LIGHT_THEN_DARK
def test_time_of_day_chart_is_drawn_with_readout(open_as_clinician, device_with_readings, rosa, viewport, theme):
    page = open_as_clinician(f"/patients/{rosa.pk}/", viewport=viewport, color_scheme=theme)
    page.get_by_role("link", name="Time of day").click()
    wait_for_chart(page)

    assert page.evaluate(COUNT_COLORED_PIXELS, ["#plot-blood_pressure canvas", "--series-1"]) > 300
    page.focus("#plot-blood_pressure")
    page.keyboard.press("ArrowLeft")
    said = page.inner_text("#readout-blood_pressure")
    assert re.fullmatch(
        r"median \d+(\.5)?/\d+ mmHg, \w+( [AP]M)? to \w+( [AP]M)?, middle half [\d to]+ over [\d to]+; \d+ readings",
        said,
    )
    assert chart_tooltip(page, "glucose").is_visible()
    assert not chart_tooltip(page, "weight").is_visible()  # its chart has days, not hours
    assert fits_viewport_width(page)
    save_screenshot(page, "clock")


@DARK_THEN_LIGHT
def test_date_range_and_units_are_chosen_beside_charts(
    open_as_clinician, device_with_readings, rosa, nadia, viewport, theme
):
    page = open_as_clinician(f"/patients/{rosa.pk}/", viewport=viewport, color_scheme=theme)
    today = timezone.now().astimezone(rosa.zone).date()
    if viewport is PHONE:
        assert min(choice.bounding_box()["height"] for choice in page.locator(".ranges .chip:visible").all()) >= 44
    page.locator("#dates-menu summary").click()
    page.get_by_label("From").fill((today - dt.timedelta(days=9)).isoformat())
    page.get_by_label("To", exact=True).fill((today + dt.timedelta(days=1)).isoformat())
    page.get_by_role("button", name="Show these days").click()
    page.get_by_text("This day is still to come").wait_for()
    assert fits_viewport_width(page)
    save_screenshot(page, "dates")
    page.get_by_label("To", exact=True).fill((today - dt.timedelta(days=3)).isoformat())
    page.get_by_role("button", name="Show these days").click()
    wait_for_chart(page)
    assert page.evaluate(f"{CHART_DATA}.days.counts.length") == 7

    page.locator("#units-menu summary").click()
    save_screenshot(page, "units")
    page.get_by_role("button", name="kg", exact=True).click()
    wait_for_chart(page, "weight")
    weight = page.evaluate(f"{CHART_DATA}.panels.find((panel) => panel.code === 'weight')")
    assert (weight["unit"], 76 < weight["points"]["values"][0][0] < 79) == ("kg", True)
    page.focus("#plot-weight")
    page.keyboard.press("ArrowLeft")
    assert re.match(r"7\d\.\d kg", page.inner_text("#readout-weight"))
    assert units.units_for(User.objects.get(pk=nadia.pk)) == DisplayUnits.from_code("kg")
    assert fits_viewport_width(page)
