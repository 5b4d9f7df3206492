"""Lists of the admin at both widths: no page gets wider than its window, and no list cuts a column."""

import datetime as dt

import pytest
from django.urls import reverse

from patients.models import ClinicHours
from tests.browser.page_helpers import fits_viewport_width
from tests.browsers import PHONE, save_screenshot
from tests.factories import (
    DeliveryFactory,
    DeviceFactory,
    DeviceTypeFactory,
    KitFactory,
    OrderFactory,
    VendorCallFactory,
)

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
SCROLLING_FIELDS = """() => [...document.querySelectorAll(".inline-group .module")]
  .filter((box) => box.scrollWidth > box.clientWidth + 1).map((box) => box.closest(".inline-group").id)"""


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


def test_admin_tables_of_fields_do_not_scroll_on_a_phone(open_page_as, ada, elm):
    ClinicHours.objects.create(clinic=elm, weekday=0, opens_at=dt.time(8), closes_at=dt.time(17))
    kit = KitFactory(clinic=elm, items=[(DeviceTypeFactory(), 1)])
    page = open_page_as(ada, reverse("admin:patients_clinic_change", args=[elm.pk]), viewport=PHONE)
    assert page.evaluate(SCROLLING_FIELDS) == []
    assert page.locator("#id_hours-0-closes_at").is_visible()
    save_screenshot(page, "admin-clinic")

    page.goto(reverse("admin:fulfillment_kit_change", args=[kit.pk]))
    assert page.evaluate(SCROLLING_FIELDS) == []
