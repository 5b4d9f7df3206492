"""The order's story and the decision about a lost call, at both widths: nothing overflows, nothing complains."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from devices.models import VendorCall
from fulfillment.models import OrderEvent
from tests.browser.pages import fits
from tests.browsers import shot
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
        a_parcels_way(order, DeviceTypeFactory(name=name, sensor_code=code), began)
    return order


def a_parcels_way(order, device_type, began):
    device = DeviceFactory(patient=order.patient, device_type=device_type, read_at=timezone.now(), tracking_link=LINK)
    line = OrderLineFactory(order=order, device_type=device_type, device=device, status="delivered")
    VendorCall.objects.filter(pk=line.call_id).update(state="confirmed", device=device)
    about = {"order": order, "line": line, "device": device}
    for hours, (word, status) in enumerate(
        [("Ready to Ship", "ready"), ("Shipped", "shipped"), ("Delivered", "delivered")]
    ):
        at, link = began + dt.timedelta(hours=14 * hours), LINK if status == "shipped" else ""
        for n in range(3):
            told = {"source": "webhook", "delivery_id": device.pk * 100 + hours * 10 + n, "tracking_link": link}
            OrderEvent.objects.create(**about, **told, status=status, text=word, at=at + dt.timedelta(seconds=n))
        later = at + dt.timedelta(minutes=hours)
        OrderEvent.objects.create(**about, source="reread", status=status, text=word, tracking_link=link, at=later)


def test_the_story_is_short_and_all_of_it_is_a_click_away(tab, order, cora):
    page = tab(reverse("orders:page", args=[order.pk]), user=cora)

    shot(page, "order")
    assert fits(page)
    assert page.locator(".timeline:not(.timeline--all) li").count() == 4  # both devices share each row
    page.get_by_text("Every message").click()
    assert page.locator(".timeline--all li").count() == 25
    assert fits(page)


def test_a_person_decides_with_the_vendors_list_before_them(tab, rosa, cora, order):
    listed = [
        DeviceFactory(patient=rosa, vendor_status="Dropship Requested", vendor_created=timezone.now()) for _ in "ab"
    ]
    call = VendorCall.objects.create(
        kind="order", patient=rosa, state="needs_human", requested_by=cora, sent_at=timezone.now(), attempts=1,
        looked_at=timezone.now(), listed=[{"hwi_id": str(each.hwi_id), "fits": True} for each in listed],
        payload={"name": "Tenovi Scale"}, reason="Several devices at the vendor fit this call.",
    )  # fmt: skip
    page = tab(reverse("orders:list"), user=cora)
    shot(page, "orders")
    assert fits(page)
    page.get_by_role("link", name="Order a device: Tenovi Scale").click()
    shot(page, "decide")
    assert fits(page)

    page.get_by_role("button", name="It is this one").first.click()

    page.wait_for_url("**/patients/**")
    call.refresh_from_db()
    assert (call.state, call.decided_by) == ("confirmed", cora)
