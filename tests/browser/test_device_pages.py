"""Device pages in a browser at both widths: no overflow, no console errors, few clicks."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from devices.models import Device, Gateway
from tests.browser.page_helpers import fits_viewport_width
from tests.browsers import save_screenshot
from tests.factories import (
    DeviceFactory,
    GatewayFactory,
    HardwareChangeFactory,
    MeasurementFactory,
    OrderFactory,
    OrderLineFactory,
)

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()


@pytest.fixture
def cuff(rosa, cora):
    row = {"mac_address": "AA11BB22CC33", "created": "2026-11-02T10:00:00Z", "modified": "2026-11-02T10:01:00Z"}
    gateway = GatewayFactory(
        hardware_uuid="A1B2C3D4E5F6", signal_strength=9, last_checkin_at=NOW - dt.timedelta(days=3),
        status_fetched_at=NOW,
        firmware_version="2.4", bootloader_version="1.4", assigned_at=NOW - dt.timedelta(days=40),
        whitelist=[
            {**row, "sensor_code": "10", "whitelist_status": "CO"},
            {**row, "sensor_code": "13", "whitelist_status": "RE"},
        ],
    )  # fmt: skip
    cuff = DeviceFactory(
        patient=rosa, gateway=gateway, name="Tenovi BPM - L", sensor_code="10", battery_percent=12, fetched_at=NOW,
        last_seen_at=NOW - dt.timedelta(days=3), last_reading_at=NOW - dt.timedelta(days=3),
    )  # fmt: skip
    DeviceFactory(patient=rosa, gateway=gateway, name="Tenovi Scale", sensor_code="13", state="delivered")
    HardwareChangeFactory(device=cuff, new_hardware_uuid="A1B2C3D4E5F6", logged_at=NOW - dt.timedelta(days=20))
    MeasurementFactory(device=cuff, code="blood_pressure", taken_at=NOW - dt.timedelta(days=3))
    OrderLineFactory(order=OrderFactory(patient=rosa, placed_by=cora, lines=0), device=cuff, status="connected")
    return cuff


def test_device_and_gateway_pages_fit_and_request_vendor_refresh(open_at_viewport, cuff, cora):
    page = open_at_viewport(reverse("devices:list"), user=cora)
    save_screenshot(page, "devices")
    assert fits_viewport_width(page)
    states = page.get_by_role("group", name="State")
    states.evaluate("each => { for (let i = 0; i < 20; i++) each.append(each.lastElementChild.cloneNode(true)); }")
    assert states.bounding_box()["height"] < 140  # at 390 px they are one line that scrolls, not eight
    assert fits_viewport_width(page)

    page.get_by_role("link", name="Tenovi BPM - L").click()
    page.get_by_role("link", name="A1B2-C3D4-E5F6").wait_for()
    save_screenshot(page, "device")
    page.emulate_media(color_scheme="dark")
    save_screenshot(page, "device")
    assert fits_viewport_width(page)
    page.get_by_role("link", name="A1B2-C3D4-E5F6").click()
    page.get_by_role("heading", name="Gateway A1B2-C3D4-E5F6").wait_for()
    save_screenshot(page, "gateway")
    page.emulate_media(color_scheme="light")
    save_screenshot(page, "gateway")
    assert fits_viewport_width(page)
    page.get_by_role("button", name="Ask the vendor now").click()

    page.get_by_text("being asked…").wait_for()
    assert Gateway.objects.lookup_requested().get() == cuff.gateway


def test_device_page_shows_refreshed_values_by_live_update(open_at_viewport, cuff, cora, viewport):
    if viewport["width"] < 1000:
        pytest.skip("once is enough")
    Device.objects.filter(pk=cuff.pk).update(refresh_due_at=NOW - dt.timedelta(minutes=1))
    page = open_at_viewport(reverse("devices:page", args=[cuff.hwi_id]), user=cora)
    page.get_by_text("being asked…").wait_for()

    Device.objects.filter(pk=cuff.pk).update(refresh_due_at=None, battery_percent=97)
    type(cuff.patient).objects.touch_live_version([cuff.patient_id])

    page.get_by_text("97 %").wait_for()
    page.get_by_role("button", name="Ask the vendor now").wait_for()
