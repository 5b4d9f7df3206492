"""What the patient page's charts do under a hand: one cursor for all, a day behind a band, hours of the day, paper."""

import datetime as dt
import os
import re

import pytest
from django.utils import timezone

from measurements import units
from measurements.models import Measurement
from measurements.units import Units
from patients.models import AuditEvent, User
from tests.browser.test_patient_pages import (  # noqa: F401 - fixtures
    COUNT,
    browse,
    measured,
    reading,
    viewport,
    vocabulary,
)
from tests.browsers import DESKTOP, PHONE
from tests.factories import DeviceFactory, LatestReadingFactory

pytestmark = pytest.mark.django_db(transaction=True)
SHOTS = os.environ.get("SCREENSHOTS")  # a folder, for people who look at pages
DATA = "JSON.parse(document.getElementById('vitals-data').textContent)"
# Where a point of a chart stands on the screen.
PLACE = """([code, at, value]) => {
  const box = document.querySelector(`#plot-${code} .u-over`).getBoundingClientRect();
  const data = JSON.parse(document.getElementById("vitals-data").textContent);
  const panel = data.panels.find((panel) => panel.code === code);
  const [low, high] = panel.limits;
  return [box.left + box.width * (at - data.start) / (data.end - data.start),
          box.top + box.height * (high - value) / (high - low)];
}"""


def shot(page, name):
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def drawn(page, code="blood_pressure"):
    page.wait_for_selector(f"#plot-{code} canvas")
    page.wait_for_timeout(200)


def tip(page, code):
    return page.locator(f"#plot-{code} .tip")


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_pointer_and_the_keys_move_one_cursor_through_all_charts(browse, measured, rosa):  # noqa: F811
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


def test_a_click_on_a_point_opens_it_beside_the_charts_and_a_link_of_the_table_too(browse, measured, rosa):  # noqa: F811
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


def test_a_panel_that_cannot_be_fetched_says_so_and_offers_the_page(browse, measured, rosa, troubles):  # noqa: F811
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


def test_a_band_opens_its_day_and_the_day_its_readings(browse, thousands, rosa):  # noqa: F811
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


@pytest.mark.parametrize(
    ("viewport", "theme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop light", "phone dark"]
)
def test_the_hours_of_the_day_are_drawn_and_read_out(browse, measured, rosa, viewport, theme):  # noqa: F811
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
    shot(page, f"clock-{viewport['width']}-{theme}")


@pytest.mark.parametrize(
    ("viewport", "theme"), [(DESKTOP, "dark"), (PHONE, "light")], ids=["desktop dark", "phone light"]
)
def test_dates_and_units_are_chosen_beside_the_charts(browse, measured, rosa, nadia, viewport, theme):  # noqa: F811
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
    shot(page, f"dates-{viewport['width']}-{theme}")
    page.get_by_label("To", exact=True).fill((today - dt.timedelta(days=3)).isoformat())
    page.get_by_role("button", name="Show these days").click()
    drawn(page)
    assert page.evaluate(f"{DATA}.days.counts.length") == 7

    page.locator("#units-menu summary").click()
    shot(page, f"units-{viewport['width']}-{theme}")
    page.get_by_role("button", name="kg", exact=True).click()
    drawn(page, "weight")
    weight = page.evaluate(f"{DATA}.panels.find((panel) => panel.code === 'weight')")
    assert (weight["unit"], 76 < weight["points"]["values"][0][0] < 79) == ("kg", True)
    page.focus("#plot-weight")
    page.keyboard.press("ArrowLeft")
    assert re.match(r"7\d\.\d kg", page.inner_text("#readout-weight"))
    assert units.of(User.objects.get(pk=nadia.pk)) == Units.read("kg")
    assert fits(page)


# Every pixel of a canvas without a colour of its own.
GREY = """(selector) => {
  const canvas = document.querySelector(selector);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  for (let i = 0; i < data.length; i += 4) {
    const [r, g, b, seen] = data.subarray(i, i + 4);
    if (seen > 8 && Math.max(r, g, b) - Math.min(r, g, b) > 12) return false;
  }
  return true;
}"""


def test_paper_is_black_and_white_and_says_what_it_shows(browse, measured, rosa, nadia):  # noqa: F811
    page = browse(f"/patients/{rosa.pk}/", color_scheme="dark")
    page.get_by_role("link", name="Print").click()
    drawn(page)

    shot(page, "paper-screen")
    for code in ("blood_pressure", "weight", "glucose"):
        assert page.evaluate(GREY, f"#plot-{code} canvas"), code
    assert page.evaluate(COUNT, ["#plot-blood_pressure canvas", "--series-1"]) > 300
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.emulate_media(media="print")
    assert page.get_by_text("Printed by Nadia Haddad").is_visible()
    assert not page.get_by_role("button", name="Print").is_visible()
    shot(page, "paper")
    if SHOTS:
        page.pdf(path=f"{SHOTS}/paper.pdf", format="Letter")
    assert AuditEvent.objects.filter(action="print", actor_id=nadia.pk).count() == 1


def test_a_print_of_the_open_page_is_written_down_and_drawn_for_paper(browse, measured, rosa):  # noqa: F811
    page = browse(f"/patients/{rosa.pk}/")
    drawn(page)

    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.wait_for_timeout(300)
    assert page.evaluate(GREY, "#plot-blood_pressure canvas")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.wait_for_timeout(300)
    assert not page.evaluate(GREY, "#plot-blood_pressure canvas")
    assert [event.route for event in AuditEvent.objects.filter(action="print")] == ["patients:printed"]


# Colours of a chart's pixels, as "r,g,b", at moments and values of its axes.
PIXELS = """([code, spots]) => {
  const canvas = document.querySelector(`#plot-${code} canvas`);
  const outer = canvas.getBoundingClientRect();
  const over = document.querySelector(`#plot-${code} .u-over`).getBoundingClientRect();
  const data = JSON.parse(document.getElementById("vitals-data").textContent);
  const panel = data.panels.find((panel) => panel.code === code);
  const [low, high] = panel.limits;
  return spots.map(([at, value, right, down]) => {
    const x = over.left - outer.left + over.width * (at - data.start) / (data.end - data.start) + (right || 0);
    const y = over.top - outer.top + over.height * (high - value) / (high - low) + (down || 0);
    return [...canvas.getContext("2d").getImageData(Math.round(x), Math.round(y), 1, 1).data].join(",");
  });
}"""
EMPTY = "0,0,0,0"


@pytest.fixture
def few(rosa):
    """Five days of blood pressure, four days of nothing, and three readings at last, each with a mark of its own."""
    device = DeviceFactory(patient=rosa, first_reading_at=timezone.now(), last_reading_at=timezone.now())
    now = timezone.now()
    ago = [dt.timedelta(days=days, hours=6) for days in (12, 11, 10, 9, 8)]
    rows = [reading(device, "blood_pressure", now - each, 157, 95, index=n) for n, each in enumerate(ago)]
    plain, estimated, doubtful = (now - dt.timedelta(days=days, hours=6) for days in (4, 2.5, 1))
    rows.append(reading(device, "blood_pressure", plain, 157, 95, index=11))
    rows.append(reading(device, "blood_pressure", estimated, 157, 95, index=12, estimated=True))
    rows.append(reading(device, "blood_pressure", doubtful, 110, 70, index=13, conflict=True))
    Measurement.objects.bulk_create(rows)
    LatestReadingFactory(measurement=rosa.measurements.first())


def test_bands_gaps_and_marks_are_drawn_where_the_data_says(browse, few, rosa):  # noqa: F811
    page = browse(f"/patients/{rosa.pk}/?days=14", color_scheme="light")
    drawn(page)
    at = page.evaluate(f"{DATA}.panels[0].points.at")
    hole, before = (at[4] + at[5]) / 2, (at[1] + at[2]) / 2
    plain, estimated, doubtful = at[5:]
    series, ink, panel = (27, 91, 166), (24, 34, 45), (255, 255, 255)

    def pixels(*spots):
        return page.evaluate(PIXELS, ["blood_pressure", spots])

    def painted(colour, *spots):
        """Edges are smoothed: nearly this colour, and more there than not."""
        found = [[int(part) for part in pixel.split(",")] for pixel in pixels(*spots)]
        return [seen > 120 and max(abs(a - b) for a, b in zip(rgb, colour, strict=True)) < 16 for *rgb, seen in found]

    def crossed(at, value):
        """Both arms of a cross. A moment lies between pixels, so each arm is looked for a pixel around too."""
        around = [(right, down) for right in (-1, 0, 1) for down in (-1, 0, 1)]
        arms = [[[at, value, arm + right, 5 + down] for right, down in around] for arm in (5, -5)]
        return all(any(painted(ink, *spots)) for spots in arms)

    # The goal of below 130 fades downwards; above it nothing is filled, and the axis begins nowhere near zero.
    just_below, far_below, above = pixels([hole, 128], [hole, 112], [hole, 145])
    assert just_below != far_below
    assert above == EMPTY
    assert int(just_below.split(",")[3]) > int(far_below.split(",")[3])
    # A line between neighbours, and none over four days without a reading.
    assert painted(series, [before, 157]) == [True]
    assert pixels(*([hole, 157, 0, down] for down in (-2, -1, 0, 1, 2))) == [EMPTY] * 5
    # A filled point, a hollow one, and one to be checked that is crossed and that no line leads to.
    assert painted(series, [plain, 157], [estimated, 157]) == [True, False]
    assert painted(panel, [estimated, 157]) == [True]
    assert [crossed(at, value) for at, value in ((doubtful, 110), (plain, 157))] == [True, False]
    assert not any(painted(series, *([(estimated + doubtful) / 2, value] for value in range(112, 156, 2))))


def test_the_name_of_a_goal_hides_no_reading(browse, rosa):  # noqa: F811
    """Readings wherever a name could stand: in the band's corners and in its middle."""
    device = DeviceFactory(patient=rosa, first_reading_at=timezone.now(), last_reading_at=timezone.now())
    today = timezone.now().astimezone(rosa.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    taken = [today - dt.timedelta(days=29) + dt.timedelta(hours=hours) for hours in range(6, 29 * 24, 18)]
    Measurement.objects.bulk_create(
        [reading(device, "blood_pressure", each, 126, 95, index=n) for n, each in enumerate(taken)]
    )
    LatestReadingFactory(measurement=rosa.measurements.first())
    page = browse(f"/patients/{rosa.pk}/?days=30", color_scheme="light")
    drawn(page)

    points = page.evaluate(f"{DATA}.panels[0].points.at")
    found = page.evaluate(PIXELS, ["blood_pressure", [[at, 126] for at in points]])
    assert len(found) == len(taken)
    assert {pixel for pixel in found if pixel != "27,91,166,255"} == set()


def test_readings_per_day_are_a_strip_under_the_chart(browse, few, rosa):  # noqa: F811
    page = browse(f"/patients/{rosa.pk}/?days=14", color_scheme="light")
    drawn(page)
    counts = page.evaluate(f"{DATA}.days.counts")

    filled = page.evaluate("""() => {
      const canvas = document.getElementById("strip");
      const over = document.querySelector("#plot-blood_pressure .u-over");
      const left = over.getBoundingClientRect().left - canvas.getBoundingClientRect().left;
      const data = JSON.parse(document.getElementById("vitals-data").textContent);
      const ends = [...data.days.at, data.end];
      return data.days.counts.map((_, i) => {
        const middle = ((ends[i] + ends[i + 1]) / 2 - data.start) / (data.end - data.start);
        const x = Math.round(left + over.clientWidth * middle);
        return canvas.getContext("2d").getImageData(x, 6, 1, 1).data[3] > 200;
      });
    }""")

    assert filled == [count > 0 for count in counts]
    assert sum(filled) in (7, 8)
