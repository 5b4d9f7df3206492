"""Reading panel: from a point of a chart to its reading, exclusion and back, in a browser."""

import pytest

from tests.browser.charts import wait_for_chart
from tests.browsers import DARK_THEN_LIGHT, LIGHT_THEN_DARK, save_screenshot, wait_until_true

pytestmark = pytest.mark.django_db(transaction=True)


@LIGHT_THEN_DARK
def test_reading_panel_excludes_reading_and_chart_shows_it_on_request(
    open_as_clinician,
    device_with_readings,
    rosa,
    page_errors,
    viewport,
    theme,
):
    page = open_as_clinician(f"/patients/{rosa.pk}/", viewport=viewport, color_scheme=theme)
    page.wait_for_selector("#plot-blood_pressure canvas")
    points = "JSON.parse(document.getElementById('vitals-data').textContent).panels[0].points.pk.length"
    before = page.evaluate(points)
    page.focus("#plot-blood_pressure")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    panel = page.locator("#panel")

    panel.get_by_text("Exclude this reading").first.click()
    panel.get_by_role("button", name="Exclude").first.click()
    panel.get_by_text("Choose why this reading doesn't count.").wait_for()
    panel.get_by_label("Why it doesn't count").first.select_option("someone_else")
    panel.get_by_label("In your words").first.fill("her husband's")
    save_screenshot(page, "panel")
    page.route("**/exclude/", lambda route: route.abort())
    panel.get_by_role("button", name="Exclude").first.click()
    panel.get_by_text("What you typed is still here.").wait_for()
    assert panel.get_by_label("In your words").first.input_value() == "her husband's"
    page.unroute("**/exclude/")
    page_errors[:] = [said for said in page_errors if "ERR_FAILED" not in said]
    panel.get_by_role("button", name="Exclude").first.click()

    panel.get_by_text("Blood pressure and pulse no longer count.").wait_for()
    assert panel.locator(".note--warning", has_text="Excluded by Nadia Haddad").count() == 2  # and the pulse
    wait_until_true(lambda: page.evaluate(points) == before - 1)  # behind the open panel
    assert panel.is_visible()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "plot-blood_pressure"
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_role("link", name="Show excluded").click()
    wait_until_true(lambda: page.get_by_text("excluded or control solution").count() == 2)
    wait_for_chart(page)
    save_screenshot(page, "excluded")


@DARK_THEN_LIGHT
def test_threshold_form_change_updates_chart_band(open_as_clinician, device_with_readings, rosa, viewport, theme):
    page = open_as_clinician(f"/patients/{rosa.pk}/goals/", viewport=viewport, color_scheme=theme)
    page.get_by_label("Blood pressure, systolic, in goal: up to").fill("20")
    page.get_by_role("button", name="Save the goals").click()
    page.get_by_text("Between 40 and 300 mmHg").wait_for()
    save_screenshot(page, "goals")
    page.get_by_label("Blood pressure, systolic, in goal: up to").fill("150")
    page.get_by_role("button", name="Save the goals").click()

    page.get_by_text("The goals are saved.").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    save_screenshot(page, "goals-saved")
    page.get_by_role("link", name="Back to the patient").click()
    page.wait_for_selector("#plot-blood_pressure canvas")
    goals = page.evaluate("JSON.parse(document.getElementById('vitals-data').textContent).panels[0].lines")
    assert goals[0]["goal"]["words"] == "< 150"


def test_record_text_is_copied_by_one_key_and_stays_visible(open_as_clinician, device_with_readings, rosa):
    page = open_as_clinician(f"/patients/{rosa.pk}/?days=90")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    wait_for_chart(page)

    page.keyboard.press("c")

    panel = page.locator("#panel")
    panel.get_by_text("Copied.").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("Rosa Delgado, born Apr 9, 1951")
    assert copied == panel.locator("#record-text").text_content()
    assert panel.locator("#record-text").is_visible()
    page.evaluate("void (navigator.clipboard.write = () => Promise.reject(new Error('refused')))")
    panel.get_by_role("button", name="Copy the text").click()
    panel.get_by_text("Not copied by the browser").wait_for()
    assert page.evaluate("getSelection().toString()").startswith("Rosa Delgado, born")
