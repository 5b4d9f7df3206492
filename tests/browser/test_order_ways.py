"""Order forms in a browser: a hand scanner's Enter, the phone's camera, the page before sending; both widths."""

import pytest
from django.urls import reverse

from fulfillment.models import Order
from tests.browser.page_helpers import fits_viewport_width
from tests.browsers import save_screenshot
from tests.factories import DeviceTypeFactory, KitFactory

pytestmark = pytest.mark.django_db(transaction=True)
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
    assert page.get_by_text("gateway A1B2-C3D4-E5F6").is_visible()
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
