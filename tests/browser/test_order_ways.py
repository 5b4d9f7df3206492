"""Order forms in a browser: a hand scanner's Enter, the phone's camera, the page before sending; both widths."""

import re

import pytest
from django.urls import reverse

from devices.models import DeviceType
from fulfillment.models import Order
from tests.browser.axe import find_axe_violations
from tests.browser.page_helpers import fits_viewport_width
from tests.browsers import LIGHT_THEN_DARK, save_screenshot
from tests.factories import DeviceTypeFactory, KitFactory

pytestmark = pytest.mark.django_db(transaction=True)
ORDER_PAGE = re.compile(r"/orders/[0-9a-f-]{36}/$")
FAKE_DETECTOR = """
window.BarcodeDetector = class { async detect() { return [{ rawValue: "A1B2C3D4E5F6" }]; } };
Object.defineProperty(navigator, "mediaDevices", { value: { getUserMedia: async () => new MediaStream() } });
HTMLMediaElement.prototype.play = async () => {};
"""


@pytest.fixture
def scale(db):
    return DeviceTypeFactory(name="Tenovi Scale", sensor_code="13")


def test_scanner_enter_sends_nothing_and_camera_fills_the_field(open_at_viewport, rosa, cora, scale):
    page = open_at_viewport(reverse("orders:new", query={"patient": rosa.pk, "how": "activate"}), user=cora)
    assert fits_viewport_width(page)
    field = page.get_by_label("Gateway ID or IMEI")
    field.fill("b2c3d4e5f6a1")
    field.press("Enter")
    assert page.get_by_role("heading", name="Activate a device").is_visible()
    assert page.get_by_label("Sensor ID").evaluate("(field) => field === document.activeElement")

    page.add_init_script(FAKE_DETECTOR)
    page.reload()
    page.get_by_role("button", name="Scan with the camera").click()
    page.get_by_label("Device", exact=True).select_option(label="Tenovi Scale")
    page.get_by_role("button", name="Check before sending").click()
    page.get_by_text("gateway A1B2-C3D4-E5F6").wait_for()
    save_screenshot(page, "order-review")
    assert fits_viewport_width(page)
    assert not Order.objects.exists()


def test_order_forms_and_review_fit_their_window(open_at_viewport, rosa, cora, elm, scale):
    KitFactory(clinic=elm, name="Heart failure kit", items=[(scale, 1)])
    for how in ("", "clinic", "gateway"):
        address = reverse("orders:new", query={"patient": rosa.pk} | ({"how": how} if how else {}))
        page = open_at_viewport(address, user=cora)
        save_screenshot(page, f"order-form-{how}")
        assert fits_viewport_width(page), how
    page = open_at_viewport(reverse("orders:list"), user=cora)
    save_screenshot(page, "order-list")
    assert fits_viewport_width(page)


@LIGHT_THEN_DARK
def test_order_in_three_steps_by_keyboard_and_scanner(browser_for, rosa, cora, elm, scale, viewport, theme):
    """The form, the page before sending, the order: without the mouse, first a kit, then a scanned cellular device."""
    DeviceTypeFactory(name="Tenovi Cellular Scale", sensor_code="", monthly_cost="24.00")
    DeviceType.objects.filter(pk=scale.pk).update(up_front_cost="40.00", shipping_cost="9.50")
    KitFactory(clinic=elm, name="Weight kit", items=[(scale, 1)])
    page = browser_for(cora)
    page.set_viewport_size(viewport)
    page.emulate_media(color_scheme=theme)
    page.goto(reverse("orders:new", query={"patient": rosa.pk}))
    page.get_by_label("Weight kit").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Check before sending").press("Enter")

    page.get_by_role("heading", name="What is sent").wait_for()
    assert page.get_by_text("$49.50 once").is_visible()
    assert page.get_by_text("12 Alder Street").is_visible()
    assert find_axe_violations(page, "page before sending") == []
    page.set_viewport_size(viewport)
    page.emulate_media(color_scheme=theme)
    page.get_by_role("button", name="Place the order").press("Enter")
    page.wait_for_url(ORDER_PAGE)
    save_screenshot(page, "order-placed")
    assert fits_viewport_width(page)

    page.goto(reverse("orders:new", query={"patient": rosa.pk, "how": "activate"}))
    page.get_by_label("Device", exact=True).select_option(label="Tenovi Cellular Scale")
    page.get_by_label("Gateway ID or IMEI").focus()
    page.keyboard.type("490154203237519\n")  # as a scanner does: typed at once, with Enter at the end
    page.get_by_role("button", name="Check before sending").press("Enter")
    page.get_by_text("The last digit of this IMEI doesn't fit the others.").wait_for()
    assert page.get_by_label("Gateway ID or IMEI").input_value() == "490154203237519"
    assert page.get_by_label("Device", exact=True).locator("option:checked").inner_text() == "Tenovi Cellular Scale"
    save_screenshot(page, "order-wrong-imei")
    assert fits_viewport_width(page)
    assert find_axe_violations(page, "wrong IMEI") == []
    page.set_viewport_size(viewport)
    page.get_by_label("Gateway ID or IMEI").focus()  # selects what is there: the next scan replaces it
    page.keyboard.type("490154203237518\n")
    page.get_by_role("button", name="Check before sending").press("Enter")
    page.get_by_text("$24.00 a month").wait_for()
    page.get_by_role("button", name="Activate").press("Enter")
    page.wait_for_url(ORDER_PAGE)
    assert Order.objects.count() == 2
