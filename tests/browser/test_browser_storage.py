"""Browser storage (localStorage, sessionStorage) holds no patient data, which would outlive the session."""

import pytest

from tests.browser.charts import wait_for_chart

pytestmark = pytest.mark.django_db(transaction=True)


def test_browser_storage_is_empty_after_search_preview_and_reading(open_as_clinician, device_with_readings, rosa):
    page = open_as_clinician("/patients/")
    page.keyboard.press("j")
    page.keyboard.press("p")
    page.locator("#preview").get_by_text("Rosa Delgado").wait_for()
    page.get_by_role("searchbox").fill("Delgado")
    page.keyboard.press("Enter")
    page.get_by_text("1 found").wait_for()
    page.get_by_role("link", name="Delgado, Rosa").click()
    wait_for_chart(page)
    page.focus("#plot-blood_pressure")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    page.locator("#panel").get_by_text("Exclude this reading").first.wait_for()

    assert page.evaluate("[{ ...localStorage }, { ...sessionStorage }]") == [{}, {}]
