"""Timeline display: a webhook and its confirmation are one row; every single event is listed below."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from devices.models import Device, VendorCall
from fulfillment.display import timeline_display
from fulfillment.models import OrderEvent
from tests.factories import DeviceFactory, OrderFactory, OrderLineFactory
from tests.fulfillment.pages import normalized_html, order_url

NOON = dt.datetime(2026, 11, 20, 17, 0, tzinfo=dt.UTC)  # in New York


@pytest.fixture
def order(rosa, cora):
    return OrderFactory(patient=rosa, placed_by=cora, lines=0)


@pytest.fixture
def line(order, rosa, scale):
    return OrderLineFactory(order=order, device_type=scale, device=DeviceFactory(patient=rosa, fetched_at=NOON))


@pytest.fixture
def create_order_event(order, line):
    def happened(minute, source, text, *, of=None, status=None, **fields):
        of = of or line
        word = text.lower() if status is None else status
        about = {"order": order, "line": of, "device": of.device, "at": NOON + dt.timedelta(minutes=minute)}
        return OrderEvent.objects.create(source=source, text=text, status=word, **about, **fields)

    return happened


@pytest.fixture
def get_order_page(order, cora):
    browser = Client()
    browser.force_login(cora)
    return lambda: normalized_html(browser.get(order_url(order)))


def timeline_rows(order):
    days = timeline_display.build_timeline(
        order.events.select_related("line__device_type", "device").order_by("at", "pk"), zone="UTC"
    )
    return [row for day in days for row in day.rows]


@pytest.mark.parametrize(
    ("status", "origin", "label"),
    [
        ("cancelled", "withdrawn before it was sent", "withdrawn before it was sent"),
        ("abandoned", "decided here", "decided here"),
        ("unknown", "our call, without a clear answer", "our call, without a clear answer"),
        ("needs_review", "our call, without a clear answer", "our call, without a clear answer"),
        ("rejected", "vendor's answer", "our call to the vendor"),
        ("requested", "vendor's answer", "our call to the vendor"),
        ("unknown_gateway", "vendor's answer", "our call to the vendor"),
    ],
)
def test_timeline_names_the_vendor_as_source_only_of_what_it_answered(order, create_order_event, status, origin, label):
    event = create_order_event(0, "call", "", status=status)

    (row,) = timeline_rows(order)
    assert (row.origin, event.source_label) == (origin, label)


def test_timeline_merges_webhook_with_confirming_refresh_into_one_row(order, create_order_event):
    create_order_event(0, "webhook", "Shipped", tracking_link="ups.com/1Z", delivery_id=1)
    create_order_event(2, "refresh", "Shipped", tracking_link="ups.com/1Z")

    (row,) = timeline_rows(order)
    assert (row.text, row.link, row.unconfirmed) == ("Shipped", "ups.com/1Z", False)
    assert (row.reported_at, row.confirmed_at) == (NOON, NOON + dt.timedelta(minutes=2))


def test_timeline_adds_no_row_for_repeated_or_late_webhooks(order, create_order_event):
    create_order_event(0, "webhook", "Shipped", delivery_id=1)
    create_order_event(0, "webhook", "Shipped", delivery_id=2)
    create_order_event(1, "refresh", "Shipped")
    create_order_event(3, "refresh", "Delivered")
    create_order_event(9, "webhook", "Shipped", delivery_id=3)

    assert [row.text for row in timeline_rows(order)] == ["Delivered", "Shipped"]


def test_timeline_treats_shipped_and_dropshipped_as_one_status(order, create_order_event):
    create_order_event(0, "webhook", "Shipped", delivery_id=1)
    create_order_event(1, "refresh", "Dropshipped", status="shipped")

    assert [(row.text, row.vendor_quote) for row in timeline_rows(order)] == [("Shipped", "Dropshipped")]


def test_timeline_marks_webhook_without_refresh_as_unconfirmed(order, create_order_event):
    create_order_event(1, "webhook", "Shipped", delivery_id=1)

    assert timeline_rows(order)[0].unconfirmed


def test_timeline_shows_webhook_contradicted_by_refresh_as_reported_only(order, create_order_event):
    create_order_event(-5, "webhook", "Delivered", delivery_id=1)

    (row,) = timeline_rows(order)
    assert (row.confirmed_at, row.unconfirmed) == (None, False)


def test_timeline_repeats_status_that_returns(order, create_order_event):
    create_order_event(0, "refresh", "On Hold", status="on_hold")
    create_order_event(1, "refresh", "Ready to Ship", status="ready")
    create_order_event(2, "refresh", "On Hold", status="on_hold")

    assert [row.text for row in timeline_rows(order)] == ["On hold", "Ready to ship", "On hold"]


def test_timeline_merges_same_status_of_two_devices_into_one_row(order, create_order_event, rosa, cuff):
    other = OrderLineFactory(order=order, device_type=cuff, device=DeviceFactory(patient=rosa, fetched_at=NOON))
    for minute, source in ((0, "webhook"), (1, "refresh")):
        create_order_event(minute, source, "Shipped", delivery_id=minute)
        create_order_event(minute, source, "Shipped", of=other, delivery_id=minute + 10)

    (row,) = timeline_rows(order)
    assert row.devices == ["Tenovi Scale", "Tenovi BPM - L"]


def test_timeline_names_days_in_clinic_time_zone(order, create_order_event, time_machine):
    time_machine.move_to(NOON + dt.timedelta(hours=1))
    create_order_event(0, "refresh", "Delivered")
    create_order_event(-60 * 24, "refresh", "Shipped")
    create_order_event(-60 * 48, "refresh", "Ready to Ship", status="ready")
    create_order_event(-60 * 24 * 400, "person", "Ordered", status="")

    days = timeline_display.build_timeline(order.events.order_by("at"), zone="America/New_York")
    assert [day.name for day in days] == ["Today", "Yesterday", "Wednesday, November 18", "Thursday, October 16, 2025"]


def test_timeline_page_lists_every_message_below_summary(order, create_order_event, cora):
    for n in range(4):
        create_order_event(0, "webhook", "Shipped", delivery_id=n)
    create_order_event(1, "refresh", "Shipped")
    browser = Client()
    browser.force_login(cora)

    page = browser.get(reverse("orders:page", args=[order.pk])).content.decode()

    short, _, whole = page[page.index("Timeline") :].partition('id="every-message"')
    assert short.count("Shipped") == 1
    assert whole.count("Shipped") == 5


def test_timeline_shows_vendor_status_beside_ours(create_order_event, get_order_page):
    create_order_event(0, "refresh", "Client Action Required", status="action_required")

    expected = '<strong>Action required</strong> <span class="meta"> “Client Action Required”, Tenovi Scale;'
    assert expected in get_order_page()


def test_timeline_shows_first_reading_as_connected(order, create_order_event):
    create_order_event(0, "refresh", "Delivered")
    create_order_event(5, "refresh", "Delivered", status="connected")

    assert [row.text for row in timeline_rows(order)] == ["Connected", "Delivered"]


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        ([(1, "webhook")], "Tenovi Scale; vendor's message, not confirmed yet"),
        ([(-5, "webhook")], "Tenovi Scale; vendor's message, not in its record"),
        ([(0, "webhook"), (0, "refresh")], "Tenovi Scale; vendor's message, confirmed"),
        ([(0, "webhook"), (2, "refresh")], "vendor's message 12:00 PM, confirmed"),
        ([(0, "refresh")], "Tenovi Scale; vendor's record"),
        ([(0, "call")], "Tenovi Scale; vendor's answer"),
    ],
)
def test_timeline_row_shows_source_and_confirmation(create_order_event, get_order_page, sources, words):
    for number, (minute, source) in enumerate(sources):
        create_order_event(minute, source, "Shipped", delivery_id=number)

    assert words in get_order_page()


def test_timeline_shows_tracking_link_once_at_first_event(create_order_event, get_order_page, settings):
    settings.TRACKING_HOSTS = ["carrier.example"]
    addresses = {"Shipped": "https://carrier.example/1Z", "Delivered": "carrier.example/1Z"}
    for minute, status in enumerate(("Ready to Ship", "Shipped", "Delivered")):
        create_order_event(minute, "refresh", status, tracking_link=addresses.get(status, ""))

    short, _, whole = get_order_page().partition('id="every-message"')

    assert short.count("Track the parcel") == 1
    assert "<strong>Shipped</strong>" in short.partition("Track the parcel")[0]
    assert whole.count("Track the parcel") == 1


def test_timeline_omits_tracking_link_already_shown_with_device(create_order_event, get_order_page, line, settings):
    settings.TRACKING_HOSTS = ["carrier.example"]
    Device.objects.filter(pk=line.device.pk).update(tracking_link="carrier.example/1Z")
    VendorCall.objects.filter(pk=line.call_id).update(state="confirmed", device=line.device)
    create_order_event(0, "refresh", "Shipped", tracking_link="https://carrier.example/1Z")

    device, _, timeline = get_order_page().partition('id="every-message"')[0].partition("Timeline")

    assert device.count("Track the parcel") == 1
    assert "Track the parcel" not in timeline
