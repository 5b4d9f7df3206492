"""A kit for several patients in a browser: chosen, confirmed by number and total, followed live, stopped."""

import re

import pytest
from django.urls import reverse

from devices.models import VendorCall
from fulfillment.batches import placing
from tests.browser.axe import find_axe_violations
from tests.browser.page_helpers import POLL_NOW, fits_viewport_width
from tests.browsers import LIGHT_THEN_DARK, save_screenshot
from tests.factories import DeviceTypeFactory, KitFactory, PatientFactory

pytestmark = pytest.mark.django_db(transaction=True)


@LIGHT_THEN_DARK
def test_batch_is_chosen_confirmed_followed_and_stopped(browser_for, cora, elm, viewport, theme):
    scale = DeviceTypeFactory(name="Tenovi Scale", sensor_code="13", up_front_cost="40.00", shipping_cost="9.50")
    KitFactory(clinic=elm, name="Weight kit", items=[(scale, 1)])
    for name in ("Alvarez", "Berger", "Castro"):
        PatientFactory(clinic=elm, given_name="Ana", family_name=name)
    page = browser_for(cora)
    page.set_viewport_size(viewport)
    page.emulate_media(color_scheme=theme)
    page.goto(reverse("orders:batch_new"))
    page.get_by_label("Kit").select_option(label="Weight kit")
    for name in ("Alvarez", "Berger"):
        page.get_by_label(name).check()
    assert fits_viewport_width(page)
    page.get_by_role("button", name="Check before ordering").click()

    page.get_by_text("Together $99.00 once").wait_for()
    page.get_by_label("Number of patients").fill("3")
    page.get_by_label("Total cost once, in dollars").fill("99.00")
    page.get_by_role("button", name="Order for all of them").click()
    page.locator(".errorlist").first.wait_for()
    assert page.get_by_label("Total cost once, in dollars").input_value() == "99.00"
    save_screenshot(page, "batch-confirm")
    assert find_axe_violations(page, "batch, refused confirmation") == []
    page.set_viewport_size(viewport)
    page.emulate_media(color_scheme=theme)
    page.get_by_label("Number of patients").fill("2")
    page.get_by_role("button", name="Order for all of them").click()
    page.wait_for_url(re.compile(r"/orders/batches/[0-9a-f-]{36}/$"))

    placing.place_due_orders()
    page.evaluate(POLL_NOW)
    page.get_by_text("Ordered 2").wait_for()
    save_screenshot(page, "batch")
    assert fits_viewport_width(page)
    page.get_by_role("button", name="Stop: cancel all that is not sent yet").click()
    page.get_by_text(f"Stopped by {cora.name}").wait_for()
    assert set(VendorCall.objects.filter(kind="order").values_list("state", flat=True)) == {"cancelled"}
    assert page.get_by_text("Castro").count() == 0
