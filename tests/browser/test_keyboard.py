"""Keyboard operation of the daily work: the focus is visible at every step and never lost."""

import pytest

from devices.models import Device
from fulfillment.models import Order
from measurements.models import LatestReading
from tests.browser.page_helpers import POLL_NOW, touch_live_version
from tests.browsers import DESKTOP, wait_until_painted
from tests.factories import KitFactory

pytestmark = pytest.mark.django_db(transaction=True)

FOCUSED_ELEMENT = """() => {
  const el = document.activeElement, style = getComputedStyle(el), box = el.getBoundingClientRect();
  const name = el.getAttribute("aria-label") || el.labels?.[0]?.textContent || el.textContent;
  return {
    name: name.trim().replace(/\\s+/g, " "),
    lost: el === document.body,
    ringed: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    inside: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 &&
      box.left < innerWidth,
  };
}"""
MAX_TAB_STEPS = 120


def focused_element_name(page):
    """Name of the focused element, which must exist, be in the viewport and have a focus ring."""
    here = page.evaluate(FOCUSED_ELEMENT)
    assert not here["lost"], "nothing has the focus"
    assert here["ringed"], f"no ring around {here['name']!r}"
    assert here["inside"], f"{here['name']!r} is out of sight"
    return here["name"]


def tab_to(page, name):
    """Presses Tab, checking each stop, until the element with this name has the focus."""
    seen = []
    while len(seen) < MAX_TAB_STEPS:
        page.keyboard.press("Tab")
        seen.append(focused_element_name(page))
        if seen[-1].startswith(name):
            return
    raise AssertionError(f"Tab never came to {name!r}, but to {seen}")


def test_keyboard_finds_patient_and_reads_latest_values(open_as_clinician, device_with_readings, rosa):
    page = open_as_clinician("/patients/")
    page.keyboard.press("Tab")
    assert focused_element_name(page) == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"

    page.keyboard.press("/")
    page.keyboard.type("delga")
    page.keyboard.press("Enter")
    page.get_by_text("1 found for").wait_for()
    tab_to(page, "Delgado, Rosa")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Rosa Delgado").wait_for()

    assert page.get_by_role("region", name="Latest").inner_text().count("mmHg") == 1
    page.wait_for_selector("#plot-blood_pressure canvas")
    tab_to(page, "Blood pressure, chart.")
    page.keyboard.press("ArrowLeft")
    assert "mmHg" in page.inner_text("#readout-blood_pressure")
    page.keyboard.press("t")
    page.get_by_role("columnheader", name="Marks").wait_for()

    tab_to(page, "Readings as a table")
    newest = page.locator("#readings tbody th a").first.inner_text()
    tab_to(page, newest)
    page.keyboard.press("Enter")
    page.locator("#panel").get_by_text("Received here").first.wait_for()
    assert focused_element_name(page) == "Close"
    tab_to(page, "as a page")
    page.keyboard.press("Escape")
    assert focused_element_name(page) == newest


def test_keyboard_orders_a_kit(open_page_as, rosa, cora, elm):
    KitFactory(clinic=elm, name="Heart failure kit")
    page = open_page_as(cora, f"/patients/{rosa.pk}/")

    tab_to(page, "Order a")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Order a kit").wait_for()
    tab_to(page, "Heart failure kit")
    page.keyboard.press("Space")
    tab_to(page, "Street and apartment")
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.evaluate("document.querySelector('main form.form').noValidate = true")
    page.keyboard.press("Enter")

    page.get_by_text("Street and apartment is missing.").wait_for()
    assert focused_element_name(page) == "Street and apartment"  # a form with errors gets the focus at the first one
    page.keyboard.type("12 Alder Street")
    tab_to(page, "Check before sending")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Place the order").wait_for()
    tab_to(page, "Place the order")
    page.keyboard.press("Enter")

    page.get_by_role("heading", name="Heart failure kit for Rosa Delgado").wait_for()
    assert Order.objects.get().ship_street == "12 Alder Street"
    assert page.get_by_text("Waiting to be sent").first.is_visible()
    tab_to(page, "Every message")


def test_live_update_preserves_keyboard_focus(open_as_clinician, device_with_readings, rosa):
    page = open_as_clinician(f"/patients/{rosa.pk}/")
    tab_to(page, "Change goals")
    before = page.locator("[data-live-version]").get_attribute("data-live-version")

    LatestReading.objects.filter(patient=rosa, metric="blood_pressure").update(value_1=199, value_2=111)
    touch_live_version(rosa)
    page.wait_for_function("v => document.querySelector('[data-live-version]').dataset.liveVersion !== v", arg=before)

    assert focused_element_name(page).startswith("Change goals")


def test_account_menu_escape_returns_focus(open_as_clinician, rosa):
    page = open_as_clinician("/patients/")
    tab_to(page, "Nadia Haddad")
    page.keyboard.press("Enter")
    tab_to(page, "Sign out")

    page.keyboard.press("Escape")

    assert focused_element_name(page).startswith("Nadia Haddad")
    assert page.locator(".menu-items").is_hidden()


RECORD_LAYOUT_SHIFTS = """() => {
  window.shifts = [];
  new PerformanceObserver((list) => list.getEntries().forEach((each) => window.shifts.push([each.value,
    each.sources.map((source) => source.node?.id || source.node?.className || source.node?.nodeName).join(" ")])))
    .observe({ type: "layout-shift" });
}"""


@pytest.mark.parametrize(
    ("path", "news"),
    [
        ("/patients/{patient}/", "{}/91"),
        ("/patients/", "{}/91"),
        ("/devices/{device}/", "{} %"),
        ("/devices/", "{} %"),
    ],
)
def test_live_updates_cause_no_layout_shift(open_as_clinician, device_with_readings, rosa, path, news):
    page = open_as_clinician(path.format(patient=rosa.pk, device=device_with_readings.hwi_id), viewport=DESKTOP)
    wait_until_painted(page)
    page.evaluate(RECORD_LAYOUT_SHIFTS)

    for value in (51, 63, 72):
        LatestReading.objects.filter(patient=rosa, metric="blood_pressure").update(value_1=value, value_2=91)
        Device.objects.update(battery_percent=value)
        touch_live_version(rosa)
        page.evaluate(POLL_NOW)
        page.get_by_text(news.format(value)).first.wait_for()
        page.wait_for_timeout(200)

    assert page.evaluate("window.shifts") == []
