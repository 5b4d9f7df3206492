"""Order timeline and resolution of an unclear call in a browser at both widths: no overflow, no console errors."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from devices.models import VendorCall
from fulfillment.models import OrderEvent
from tests.browser.page_helpers import fits_viewport_width
from tests.browsers import save_screenshot
from tests.factories import DeviceFactory, DeviceTypeFactory, KitFactory, OrderFactory, OrderLineFactory

pytestmark = pytest.mark.django_db(transaction=True)
LINK = "https://carrier.example/track/940012345678"


@pytest.fixture
def order(rosa, cora, elm, settings):
    settings.TRACKING_HOSTS = ["carrier.example"]
    kit = KitFactory(clinic=elm, name="Heart failure kit")
    order = OrderFactory(patient=rosa, placed_by=cora, kit=kit, lines=0)
    began = timezone.now() - dt.timedelta(days=2)
    OrderEvent.objects.create(order=order, source="person", text="Ordered Heart failure kit", by=cora, at=began)
    for name, code in (("Tenovi BPM - L", "10"), ("Tenovi Scale", "13")):
        create_shipment_events(order, DeviceTypeFactory(name=name, sensor_code=code), began)
    return order


def create_shipment_events(order, device_type, began):
    device = DeviceFactory(
        patient=order.patient, device_type=device_type, fetched_at=timezone.now(), tracking_link=LINK
    )
    line = OrderLineFactory(order=order, device_type=device_type, device=device, status="delivered")
    VendorCall.objects.filter(pk=line.call_id).update(state="confirmed", device=device)
    about = {"order": order, "line": line, "device": device}
    for hours, (word, status) in enumerate(
        [("Ready to Ship", "ready"), ("Shipped", "shipped"), ("Delivered", "delivered")]
    ):
        at, link = began + dt.timedelta(hours=14 * hours), LINK if status == "shipped" else ""
        for n in range(3):
            message = {"source": "webhook", "delivery_id": device.pk * 100 + hours * 10 + n, "tracking_link": link}
            OrderEvent.objects.create(**about, **message, status=status, text=word, at=at + dt.timedelta(seconds=n))
        later = at + dt.timedelta(minutes=hours)
        OrderEvent.objects.create(**about, source="refresh", status=status, text=word, tracking_link=link, at=later)


def test_order_timeline_is_short_and_expands_to_every_message(open_at_viewport, order, cora):
    page = open_at_viewport(reverse("orders:page", args=[order.pk]), user=cora)

    save_screenshot(page, "order")
    assert fits_viewport_width(page)
    assert page.locator(".timeline:not(.timeline--all) li").count() == 4  # both devices share each row
    page.get_by_text("Every message").click()
    assert page.locator(".timeline--all li").count() == 25
    assert fits_viewport_width(page)


def test_call_resolution_page_shows_vendor_devices_and_saves_decision(open_at_viewport, rosa, cora, order):
    listed = [
        DeviceFactory(patient=rosa, vendor_status="Dropship Requested", vendor_created=timezone.now()) for _ in "ab"
    ]
    call = VendorCall.objects.create(
        kind="order", patient=rosa, state="needs_review", requested_by=cora, sent_at=timezone.now(), attempts=1,
        lookup_at=timezone.now(), lookup_results=[{"hwi_id": str(each.hwi_id), "fits": True} for each in listed],
        payload={"name": "Tenovi Scale"}, reason="Several devices at the vendor fit this call.",
    )  # fmt: skip
    page = open_at_viewport(reverse("orders:list"), user=cora)
    save_screenshot(page, "orders")
    assert fits_viewport_width(page)
    page.get_by_role("link", name="Order a device: Tenovi Scale").click()
    page.get_by_role("button", name="It is this one").first.wait_for()
    save_screenshot(page, "decide")
    assert fits_viewport_width(page)

    page.get_by_role("button", name="It is this one").first.click()

    page.wait_for_url("**/patients/**")
    call.refresh_from_db()
    assert (call.state, call.resolved_by) == ("confirmed", cora)
