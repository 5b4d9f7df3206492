"""Orders in a real Chromium at both widths, with the whole stack behind it: no error, no overflow."""

import re

import pytest

from tests.journeys.conftest import PASSWORD, patient_id_in, wait_for


@pytest.fixture
def signed_in_page(page, clinic_stack):
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill("cora@house.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    return page


def has_no_horizontal_overflow(page):
    return page.locator("html").evaluate("(html) => html.scrollWidth <= window.innerWidth")


def test_order_page_updates_live_to_connected_in_browser(signed_in_page, cora):
    page, patient = signed_in_page, cora.enrol()
    page.goto(f"/orders/new/?patient={patient_id_in(patient)}")
    assert has_no_horizontal_overflow(page)

    page.get_by_label(re.compile("Heart failure")).check()
    page.get_by_role("button", name="Check before sending").click()
    assert has_no_horizontal_overflow(page)
    page.get_by_role("button", name="Place the order").click()

    page.locator("#order-head").wait_for()
    assert has_no_horizontal_overflow(page)
    connected = page.locator("#order-head .state", has_text="Connected")
    wait_for(connected.is_visible, what="the first reading, without reloading")
    page.get_by_role("link", name="Track the parcel").first.wait_for()
    page.goto("/orders/")
    assert has_no_horizontal_overflow(page)
    assert page.get_by_role("link", name="Rosa Quill").first.is_visible()


def test_activation_form_shows_field_error_in_browser(signed_in_page, cora):
    page, patient = signed_in_page, cora.enrol()
    page.goto(f"/orders/new/?patient={patient_id_in(patient)}&how=activate")

    page.get_by_label("Device", exact=True).select_option(label="Tenovi Scale")
    page.get_by_label("Gateway ID or IMEI").fill("A1B2-C3D4")
    page.get_by_role("button", name="Check before sending").click()

    page.locator(".field--bad", has_text="12 characters").wait_for()
    assert page.get_by_label("Gateway ID or IMEI").input_value() == "A1B2-C3D4"
    assert has_no_horizontal_overflow(page)
