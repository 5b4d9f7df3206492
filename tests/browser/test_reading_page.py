"""From a point of a chart to the reading behind it, out of the averages and back, in a real browser."""

import os

import pytest

from tests.browser.test_patient_pages import browse, measured, viewport, vocabulary  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db(transaction=True)
SHOTS = os.environ.get("SCREENSHOTS")  # a folder, for people who look at pages


def shot(page, name):
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_reading_is_found_by_keyboard_excluded_and_seen_on_demand(browse, measured, rosa, viewport, theme):  # noqa: F811
    page = browse(f"/patients/{rosa.pk}/", viewport=viewport, color_scheme=theme)
    page.wait_for_selector("#plot-blood_pressure canvas")
    page.focus("#plot-blood_pressure")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    page.wait_for_url("**/readings/*/")

    page.get_by_text("Exclude this reading").first.click()
    page.get_by_label("Why it doesn't count").first.select_option("someone_else")
    page.get_by_label("In your words").first.fill("her husband's")
    shot(page, f"reading-{theme}-{viewport['width']}")
    page.get_by_role("button", name="Exclude").first.click()

    assert page.locator(".note--warning", has_text="Excluded by Nadia Haddad").count() == 2  # the pulse went with it
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_role("link", name="Back to the charts").click()
    page.wait_for_selector("#plot-blood_pressure canvas")
    assert page.get_by_text("excluded or control solution").count() == 0
    page.get_by_role("link", name="Show excluded").click()
    page.wait_for_selector("#plot-blood_pressure canvas")
    assert page.get_by_text("excluded or control solution").count() == 2
    page.wait_for_timeout(200)
    shot(page, f"excluded-{theme}-{viewport['width']}")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_goal_is_changed_and_its_band_follows(browse, measured, rosa, viewport, theme):  # noqa: F811
    page = browse(f"/patients/{rosa.pk}/goals/", viewport=viewport, color_scheme=theme)
    page.get_by_label("Blood pressure, systolic, to").fill("20")
    page.get_by_role("button", name="Save the goals").click()
    assert page.get_by_text("Between 40 and 300 mmHg").is_visible()
    shot(page, f"goals-{theme}-{viewport['width']}")
    page.get_by_label("Blood pressure, systolic, to").fill("150")
    page.get_by_role("button", name="Save the goals").click()

    assert page.get_by_text("The goals are saved.").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    shot(page, f"goals-saved-{theme}-{viewport['width']}")
    page.get_by_role("link", name="Back", exact=True).click()
    page.wait_for_selector("#plot-blood_pressure canvas")
    goals = page.evaluate("JSON.parse(document.getElementById('vitals-data').textContent).panels[0].lines")
    assert goals[0]["goal"]["words"] == "< 150"
