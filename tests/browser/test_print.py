"""Print page: charts in black and white, patient and dates on it, and an audit event for every print."""

import pytest

from patients.models import AuditEvent
from tests.browser.charts import wait_for_chart
from tests.browsers import DARK_THEN_LIGHT, SCREENSHOTS_FOLDER, save_screenshot, wait_until_true

pytestmark = pytest.mark.django_db(transaction=True)

# Colours of the pictures of charts on the page that are not grey.
COLOURS_OF_PICTURES = """() => [...document.querySelectorAll(".picture path, .picture text")].flatMap((part) => {
  const { fill, stroke } = getComputedStyle(part);
  return [fill, stroke].filter((colour) => {
    const [r, g, b] = colour.match(/\\d+/g) ?? [0, 0, 0];
    return r !== g || g !== b;
  });
})"""
# True if every pixel of a canvas is grey.
IS_GRAYSCALE = """(selector) => {
  const canvas = document.querySelector(selector);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  for (let i = 0; i < data.length; i += 4) {
    const [r, g, b, seen] = data.subarray(i, i + 4);
    if (seen > 8 && Math.max(r, g, b) - Math.min(r, g, b) > 12) return false;
  }
  return true;
}"""


def test_print_page_is_black_and_white_and_shows_who_printed_it(open_as_clinician, device_with_readings, rosa, nadia):
    page = open_as_clinician(f"/patients/{rosa.pk}/", color_scheme="dark")
    page.get_by_role("link", name="Print").click()
    page.get_by_role("img", name="Blood pressure, mmHg").wait_for()

    save_screenshot(page, "paper-screen")
    assert page.locator(".picture:visible").count() == page.locator(".chart").count() >= 5
    assert page.evaluate(COLOURS_OF_PICTURES) == []
    assert page.locator("canvas").count() == 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.emulate_media(media="print")
    assert page.get_by_text("Printed by Nadia Haddad").is_visible()
    assert not page.get_by_role("button", name="Print").is_visible()
    save_screenshot(page, "paper")
    page.pdf(path=SCREENSHOTS_FOLDER / "paper.pdf", format="Letter")
    assert AuditEvent.objects.filter(action="print", actor_id=nadia.pk).count() == 1


def test_browser_print_of_patient_page_is_audited_and_drawn_for_paper(open_as_clinician, device_with_readings, rosa):
    page = open_as_clinician(f"/patients/{rosa.pk}/")
    wait_for_chart(page)

    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    wait_until_true(lambda: page.evaluate(IS_GRAYSCALE, "#plot-blood_pressure canvas"))
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    wait_until_true(lambda: not page.evaluate(IS_GRAYSCALE, "#plot-blood_pressure canvas"))
    printed = AuditEvent.objects.filter(action="print")
    wait_until_true(printed.exists)
    assert [event.route for event in printed] == ["patients:record_print"]


@DARK_THEN_LIGHT
def test_patient_page_without_javascript_shows_charts_drawn_by_the_server(
    open_as_clinician, device_with_readings, rosa, viewport, theme
):
    page = open_as_clinician(
        f"/patients/{rosa.pk}/?days=30", java_script_enabled=False, viewport=viewport, color_scheme=theme
    )

    pictures = page.locator(".chart .picture")
    assert pictures.count() == page.locator(".chart").count() >= 5
    assert all(box["height"] > 90 for box in (picture.bounding_box() for picture in pictures.all()))
    save_screenshot(page, "pictures")
    page.emulate_media(media="print")
    assert pictures.first.is_visible()
    assert page.locator("#readings table").is_visible()
    assert page.get_by_text("average").first.is_visible()
