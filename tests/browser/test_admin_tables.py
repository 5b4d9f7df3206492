"""Lists of the admin at both widths: no page gets wider than its window, and no list cuts a column."""

import pytest
from django.urls import reverse

from tests.browser.page_helpers import fits_viewport_width
from tests.browsers import save_screenshot
from tests.factories import DeliveryFactory, DeviceFactory, OrderFactory, VendorCallFactory

pytestmark = pytest.mark.django_db(transaction=True)
LISTS = (
    *("patients_user", "patients_patient", "patients_auditevent", "devices_device", "devices_gateway"),
    *("devices_delivery", "devices_vendorcall", "fulfillment_order", "fulfillment_orderline"),
)
# Boxes whose content is wider than they are and that don't scroll, but for texts of one pixel for screen readers.
CUT_BOXES = """() => [...document.querySelectorAll("#content *")]
  .filter((box) => box.scrollWidth > box.clientWidth + 1 && box.clientWidth > 1)
  .filter((box) => getComputedStyle(box).overflowX === "hidden")
  .map((box) => box.className)"""


def test_admin_lists_cut_no_column(open_at_viewport, ada, rosa):
    DeviceFactory(patient=rosa, name="Tenovi Cellular Blood Pressure Monitor - Extra Large")
    DeliveryFactory(state="quarantined", reason="The vendor links this device to no patient who is enrolled here.")
    VendorCallFactory(patient=rosa, state="needs_review")
    OrderFactory(patient=rosa, lines=1)
    page = open_at_viewport("/admin/", user=ada)
    wide = page.viewport_size["width"] >= 1280

    for name in LISTS:
        page.goto(reverse(f"admin:{name}_changelist"))
        assert fits_viewport_width(page), name
        assert page.evaluate(CUT_BOXES) == [], name
        if wide:
            assert page.evaluate("document.querySelector('.results').scrollWidth") <= page.viewport_size["width"], name
    save_screenshot(page, "admin-list")
