"""Orders in a real Chromium at both widths, with the whole house behind it: nothing complains, nothing overflows."""

import re

import pytest

from tests.journeys.conftest import PASSWORD, eventually, patient_id


@pytest.fixture
def signed_in(page, clinic):
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill("cora@house.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    return page


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_kit_is_ordered_and_walks_to_connected_on_the_open_page(signed_in, cora):
    page, patient = signed_in, cora.enrol()
    page.goto(f"/orders/new/?patient={patient_id(patient)}")
    assert fits(page)

    page.get_by_label(re.compile("Heart failure")).check()
    page.get_by_role("button", name="Place the order").click()

    assert fits(page)
    connected = page.locator("#order-head .state", has_text="Connected")
    eventually(connected.is_visible, what="the first reading, without reloading")
    assert page.get_by_role("link", name="Track the parcel").first.is_visible()
    page.goto("/orders/")
    assert fits(page)
    assert page.get_by_role("link", name="Rosa Quill").first.is_visible()


def test_what_is_wrong_is_told_beside_the_field(signed_in, cora):
    page, patient = signed_in, cora.enrol()
    page.goto(f"/orders/new/?patient={patient_id(patient)}&how=activate")

    page.get_by_label("Device", exact=True).select_option(label="Tenovi Scale")
    page.get_by_label("Gateway ID or IMEI").fill("A1B2-C3D4")
    page.get_by_role("button", name="Activate").click()

    assert page.locator(".field--bad", has_text="12 characters").is_visible()
    assert page.get_by_label("Gateway ID or IMEI").input_value() == "A1B2-C3D4"
    assert fits(page)
