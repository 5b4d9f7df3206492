"""The timeline in short: what was told and then confirmed is one row, and nothing is kept from who wants it all."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from devices.models import Device, VendorCall
from fulfillment.display import timeline_display
from fulfillment.models import OrderEvent
from tests.factories import DeviceFactory, OrderFactory, OrderLineFactory

NOON = dt.datetime(2026, 11, 20, 17, 0, tzinfo=dt.UTC)  # in New York


@pytest.fixture
def order(rosa, cora):
    return OrderFactory(patient=rosa, placed_by=cora, lines=0)


@pytest.fixture
def line(order, rosa, scale):
    return OrderLineFactory(order=order, device_type=scale, device=DeviceFactory(patient=rosa, read_at=NOON))


@pytest.fixture
def happens(order, line):
    def happened(minute, source, text, *, of=None, status=None, **fields):
        of = of or line
        word = text.lower() if status is None else status
        about = {"order": order, "line": of, "device": of.device, "at": NOON + dt.timedelta(minutes=minute)}
        return OrderEvent.objects.create(source=source, text=text, status=word, **about, **fields)

    return happened


def rows(order):
    days = timeline_display.told(
        order.events.select_related("line__device_type", "device").order_by("at", "pk"), zone="UTC"
    )
    return [row for day in days for row in day.rows]


def test_a_hint_and_the_reading_that_confirms_it_are_one_row(order, happens):
    happens(0, "webhook", "Shipped", tracking_link="ups.com/1Z", delivery_id=1)
    happens(2, "reread", "Shipped", tracking_link="ups.com/1Z")

    (row,) = rows(order)
    assert (row.text, row.link, row.unconfirmed) == ("Shipped", "ups.com/1Z", False)
    assert (row.told, row.known) == (NOON, NOON + dt.timedelta(minutes=2))


def test_repeated_and_late_hints_add_no_row(order, happens):
    happens(0, "webhook", "Shipped", delivery_id=1)
    happens(0, "webhook", "Shipped", delivery_id=2)
    happens(1, "reread", "Shipped")
    happens(3, "reread", "Delivered")
    happens(9, "webhook", "Shipped", delivery_id=3)

    assert [(row.text, row.times_told) for row in rows(order)] == [("Delivered", 0), ("Shipped", 3)]


def test_the_vendors_two_words_for_shipped_are_one_stage(order, happens):
    happens(0, "webhook", "Shipped", delivery_id=1)
    happens(1, "reread", "Dropshipped", status="shipped")

    assert [(row.text, row.quoted) for row in rows(order)] == [("Shipped", "Dropshipped")]


def test_a_hint_that_nobody_has_checked_is_unconfirmed(order, happens):
    happens(1, "webhook", "Shipped", delivery_id=1)

    assert rows(order)[0].unconfirmed


def test_a_hint_that_the_vendors_record_did_not_bear_out_is_only_told(order, happens):
    happens(-5, "webhook", "Delivered", delivery_id=1)

    (row,) = rows(order)
    assert (row.known, row.unconfirmed) == (None, False)


def test_a_stage_that_comes_back_is_told_again(order, happens):
    happens(0, "reread", "On Hold", status="on_hold")
    happens(1, "reread", "Ready to Ship", status="ready")
    happens(2, "reread", "On Hold", status="on_hold")

    assert [row.text for row in rows(order)] == ["On hold", "Ready to ship", "On hold"]


def test_the_same_news_of_two_devices_is_one_row(order, happens, rosa, cuff):
    other = OrderLineFactory(order=order, device_type=cuff, device=DeviceFactory(patient=rosa, read_at=NOON))
    for minute, source in ((0, "webhook"), (1, "reread")):
        happens(minute, source, "Shipped", delivery_id=minute)
        happens(minute, source, "Shipped", of=other, delivery_id=minute + 10)

    (row,) = rows(order)
    assert row.devices == ["Tenovi Scale", "Tenovi BPM - L"]


def test_days_are_the_clinics_and_in_words(order, happens, time_machine):
    time_machine.move_to(NOON + dt.timedelta(hours=1))
    happens(0, "reread", "Delivered")
    happens(-60 * 24, "reread", "Shipped")
    happens(-60 * 48, "reread", "Ready to Ship", status="ready")
    happens(-60 * 24 * 400, "person", "Ordered", status="")

    days = timeline_display.told(order.events.order_by("at"), zone="America/New_York")
    assert [day.name for day in days] == ["Today", "Yesterday", "Wednesday, November 18", "Thursday, October 16, 2025"]


def test_every_message_can_still_be_read_on_the_page(order, happens, cora):
    for n in range(4):
        happens(0, "webhook", "Shipped", delivery_id=n)
    happens(1, "reread", "Shipped")
    browser = Client()
    browser.force_login(cora)

    page = browser.get(reverse("orders:page", args=[order.pk])).content.decode()

    short, _, whole = page[page.index("Timeline") :].partition('id="every-message"')
    assert short.count("Shipped") == 1
    assert whole.count("Shipped") == 5


def test_the_vendors_own_word_stands_beside_ours_in_the_timeline(order, happens, cora):
    happens(0, "reread", "Client Action Required", status="action_required")
    browser = Client()
    browser.force_login(cora)

    page = " ".join(browser.get(reverse("orders:page", args=[order.pk])).content.decode().split())

    assert '<strong>Action required</strong> <span class="meta">“Client Action Required”, Tenovi Scale;' in page


def test_a_first_reading_is_told_as_connected_whatever_word_the_vendor_stays_at(order, happens):
    happens(0, "reread", "Delivered")
    happens(5, "reread", "Delivered", status="connected")

    assert [row.text for row in rows(order)] == ["Connected", "Delivered"]


@pytest.fixture
def page(order, cora):
    browser = Client()
    browser.force_login(cora)
    return lambda: " ".join(browser.get(reverse("orders:page", args=[order.pk])).content.decode().split())


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        ([(1, "webhook")], "Tenovi Scale; vendor's message, not confirmed yet"),
        ([(-5, "webhook")], "Tenovi Scale; vendor's message, not in its record"),
        ([(0, "webhook"), (0, "reread")], "Tenovi Scale; vendor's message, confirmed"),
        ([(0, "webhook"), (2, "reread")], "vendor's message 12:00 PM, confirmed"),
        ([(0, "reread")], "Tenovi Scale; vendor's record"),
        ([(0, "call")], "Tenovi Scale; vendor's answer"),
    ],
)
def test_each_row_says_how_it_is_known(happens, page, sources, words):
    for number, (minute, source) in enumerate(sources):
        happens(minute, source, "Shipped", delivery_id=number)

    assert words in page()


def test_a_parcels_address_stands_once_with_what_first_told_of_it(happens, page, settings):
    settings.TRACKING_HOSTS = ["carrier.example"]
    addresses = {"Shipped": "https://carrier.example/1Z", "Delivered": "carrier.example/1Z"}
    for minute, status in enumerate(("Ready to Ship", "Shipped", "Delivered")):
        happens(minute, "reread", status, tracking_link=addresses.get(status, ""))

    short, _, whole = page().partition('id="every-message"')

    assert short.count("Track the parcel") == 1
    assert "<strong>Shipped</strong>" in short.partition("Track the parcel")[0]
    assert whole.count("Track the parcel") == 1


def test_a_parcel_that_stands_with_its_device_is_not_linked_once_more_beside_it(happens, page, line, settings):
    settings.TRACKING_HOSTS = ["carrier.example"]
    Device.objects.filter(pk=line.device.pk).update(tracking_link="carrier.example/1Z")
    VendorCall.objects.filter(pk=line.call_id).update(state="confirmed", device=line.device)
    happens(0, "reread", "Shipped", tracking_link="https://carrier.example/1Z")

    device, _, timeline = page().partition('id="every-message"')[0].partition("Timeline")

    assert device.count("Track the parcel") == 1
    assert "Track the parcel" not in timeline
