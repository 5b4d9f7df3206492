"""Hostile and broken input: each row is posted, worked on, and then every page that could show it is opened.

What is put aside shows on the pages of the inbox alone; at last all pages are opened beside all of it at once.
"""

import json
from html.parser import HTMLParser

import pytest

from devices.inbox import processing
from devices.models import Delivery
from fulfillment.models import OrderEvent, SpecialOrder
from measurements.models import Measurement
from patients.models import Patient
from tests.hostile import world as w
from tests.measurements.vendor import SECRET

pytestmark = pytest.mark.django_db

MEASUREMENT, FULFILLMENT, ORDER = Delivery.Kind.MEASUREMENT, Delivery.Kind.FULFILLMENT, Delivery.Kind.SPECIAL_ORDER
KINDS = (MEASUREMENT, FULFILLMENT, ORDER)
DONE, QUARANTINED, WAITING = Delivery.State.DONE, Delivery.State.QUARANTINED, Delivery.State.WAITING
DEEP = b"[" * 5000 + b"]" * 5000
MARKUP = "<img src=x onerror=alert(1)>"
LONG = "w" * 10_000


@pytest.fixture
def world(rosa, nadia, cora, ada):
    return w.made(rosa, nadia, cora, ada)


def with_field(body, name, written):
    """The object with `name` written just so, whatever JSON says about it."""
    text = json.dumps({key: value for key, value in body.items() if key != name})
    return f'{text[:-1]}, "{name}": '.encode() + written + b"}"


def test_text_that_no_database_holds_is_repaired_and_flagged(world):
    fields = {MEASUREMENT: "hardware_uuid", FULFILLMENT: "status", ORDER: "order_number"}
    for kind, field in fields.items():
        for broken in (b'"a\\u0000b"', b'"a\\ud800b"', b'"\\udc00"'):
            body = with_field(w.USUAL[kind](world), field, broken)
            delivery = w.taken_in(world, kind, body)
            assert (delivery.state, delivery.flagged) == (DONE, True), (kind, broken)
            assert bytes(delivery.body) == body, "the raw bytes are kept"

    w.open_every_page(world)


NUMBERS = [b"NaN", b"Infinity", b"-Infinity", b"1e400", b"1" * 5000, b'"' + b"9" * 400 + b'"', b"1000000",
           '"\u0661\u0662"'.encode(), b'"1_000"', b"true", b'"0x10"', b'"1e3"', b"[1]", b'{"a": 1}', b'"+5"',
           b'"12,5"']  # fmt: skip


def test_what_is_no_plain_number_within_the_column_is_quarantined(world):
    before = Measurement.objects.count()

    for written in NUMBERS:
        delivery = w.taken_in(world, MEASUREMENT, with_field(w.reading(world), "value_1", written))
        assert delivery.state == QUARANTINED, written[:20]
        assert delivery.reason

    assert Measurement.objects.count() == before
    w.open_deliveries(world)


TIMES = ["10000-01-01T00:00:00Z", "infinity", "0001-01-01T00:00:00+14:00", "2014-12-31T23:59:59Z",
         "2100-01-01T00:00:00Z", "2026-09-20T12:30:00", "yesterday", "9999-12-31T23:59:59-14:00",
         "2026-02-30T00:00:00Z", "\u0662\u0660\u0662\u0666-01-01T00:00:00Z"]  # fmt: skip


def test_times_that_nobody_can_mean_are_quarantined(world):
    for kind, field in ((MEASUREMENT, "timestamp"), (ORDER, "updated_on"), (ORDER, "created_on")):
        for time in TIMES:
            assert w.taken_in(world, kind, w.USUAL[kind](world, **{field: time})).state == QUARANTINED, (field, time)

    w.open_deliveries(world)


WHOLE = {
    "deep": DEEP,
    "deep inside": b'{"filter_params": ' + DEEP + b"}",
    "a key twice": b'{"metric": "weight", "metric": "pulse"}',
    "UTF-16": json.dumps({"metric": "weight"}).encode("utf-16"),
    "UTF-32": json.dumps({"metric": "weight"}).encode("utf-32-le"),
    "Latin-1": b'{"metric": "\xe9"}',
    "compressed": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "HTML": b"<html>502 Bad Gateway</html>",
    "cut off": b'{"metric": "weight", "value',
    "spaces": b"   ",
    "a number": b"5",
    "NUL alone": b"\x00",
    "null": b"null",
    "two documents": b'{"metric": "weight"}{"metric": "weight"}',
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_body_that_cannot_be_read_is_kept_with_a_reason(world, kind):
    for name, body in WHOLE.items():
        delivery = w.taken_in(world, kind, body)
        assert delivery.state == QUARANTINED, name
        assert delivery.reason, name
        assert bytes(delivery.body) == body, name

    w.open_deliveries(world)


@pytest.mark.parametrize("kind", KINDS)
def test_a_byte_order_mark_is_no_trouble(world, kind):
    body = b"\xef\xbb\xbf" + json.dumps(w.USUAL[kind](world)).encode()

    assert w.taken_in(world, kind, body).state == DONE


@pytest.mark.parametrize("header", ["Bearer w\xe9bhook", "\u20ac", "\x00", "B\u0435arer webhook-secret-of-the-tests"])
def test_a_header_that_is_no_ascii_is_refused_and_no_error(world, header):
    assert w.post(world, MEASUREMENT, w.reading(world), HTTP_AUTHORIZATION=header).status_code == 401
    assert not Delivery.objects.exists()
    assert w.post(world, MEASUREMENT, w.reading(world), HTTP_AUTHORIZATION=SECRET).status_code == 204


LINKS = ["javascript:alert(1)", "JaVaScRiPt:alert(1)//ups.com", "data:text/html,<script>alert(1)</script>",
         "https://ups.com@evil.example/", "https://ups.com.evil.example/", "https://u\u0440s.com/", "http://ups.com/",
         "vbscript:x", '"><script>alert(1)</script>', "https://ups.com/\nSet-Cookie: x"]  # fmt: skip


def test_a_tracking_link_of_nobody_we_know_stays_text(world):
    for nth, link in enumerate(LINKS):
        assert w.taken_in(world, FULFILLMENT, w.hint(world, tracking_link=link)).state == DONE
        special = w.special_order(world, tracking_link=link, request_id=f"req-{nth}")
        assert w.taken_in(world, ORDER, special).state == DONE

    for what, answer in w.pages(world):
        for address in addresses(answer):
            assert "evil" not in address, what
            assert not address.lower().startswith(("javascript:", "data:", "vbscript:", "http:")), what
        assert "<script>alert" not in answer.content.decode(), what


def addresses(answer):
    found = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attributes):
            found.extend(value.strip() for name, value in attributes if name in ("href", "src", "action") and value)

    if answer.get("Content-Type", "").startswith("text/html"):
        Reader().feed(answer.content.decode())
    return found


NAMES = ["=HYPERLINK(\"http://evil.example\")", MARKUP, "\u202egnp.exe", LONG, "{{ 7|add:7 }}", "'; DROP TABLE x; --",
         "\ufeff\u200b\u2028", "</script><script>alert(1)</script>"]  # fmt: skip


def test_strange_texts_are_shown_escaped_and_shortened(world):
    for nth, name in enumerate(NAMES):
        take_in_named(world, name, nth)
    whole = " ".join(name[:60] for name in NAMES)
    Patient.objects.filter(pk=world.rosa.pk).update(given_name=NAMES[1], provider=NAMES[0], city=whole[:80])
    type(world.cuff).objects.update(
        name=whole[:255], client_notes=LONG, invalid_address=whole, vendor_status=LONG[:255]
    )

    count = w.opened(not_whole(w.pages(world)), never=("<img src=x", "<script>alert"))
    assert count > 40


def not_whole(pages):
    """As they come, and each looked at: only one record of the administration shows a long text whole."""
    for what, answer in pages:
        assert " " in what or LONG[:1_000] not in answer.content.decode(), what
        yield what, answer


def take_in_named(world, name, nth):
    w.taken_in(world, FULFILLMENT, w.hint(world, status=name))
    w.taken_in(
        world,
        ORDER,
        w.special_order(world, request_id=f"r{nth}", status=name, order_number=name, contents=[{"name": name}]),
    )
    w.taken_in(world, MEASUREMENT, w.reading(world, metric=name, device_name=name, hardware_uuid=name))
    w.taken_in(world, MEASUREMENT, w.reading(world, hwi_device_id="12345678-abcd-1234-abcd-1234567890ab",
                                             device_name=name, metric=name[:60] or "x"))  # fmt: skip


def test_values_out_of_the_clinical_range_are_news_and_those_out_of_the_instruments_are_marked(world):
    w.taken_in(world, MEASUREMENT, w.reading(world, metric="blood_pressure", value_1="238.00", value_2="141.00"))
    w.taken_in(world, MEASUREMENT, w.reading(world, metric="spO2", value_1="999999.00"))

    rows = dict(Measurement.objects.filter(metric__in=("blood_pressure", "spO2")).values_list("metric", "implausible"))
    assert rows == {"blood_pressure": False, "spO2": True}
    w.open_every_page(world)


def test_one_bad_item_loses_none_of_its_siblings(world):
    bad = [{"metric": LONG}, {}, "text", None, 5, w.reading(world, value_1="x"), w.reading(world, timestamp="never")]
    good = [w.reading(world, value_1=f"{150 + n}.00", filter_params={"measurement_index": n + 1}) for n in range(5)]
    mixed = [each for pair in zip(bad, [*good, *good[:2]], strict=True) for each in pair]
    before = Measurement.objects.count()

    delivery = w.taken_in(world, MEASUREMENT, mixed)

    assert Measurement.objects.count() - before == 5
    assert delivery.items.filter(state=QUARANTINED).exclude(reason="").count() == len(bad)
    w.open_every_page(world)


def everything():
    """All that the hooks write but the deliveries' own bookkeeping."""
    return [
        list(Measurement.objects.order_by("pk").values()),
        list(OrderEvent.objects.order_by("pk").values()),
        list(SpecialOrder.objects.order_by("pk").values()),
        list(
            Delivery.objects.order_by("pk").values("pk", "state", "reason", "hwi_id", "parent", "position", "flagged")
        ),
    ]


ODD = {MEASUREMENT: ["value_1", "timestamp"], FULFILLMENT: ["status"], ORDER: ["updated_on", "created_on"]}


def test_replaying_everything_changes_nothing_and_every_page_shows_the_rest(world):
    for kind in KINDS:
        w.taken_in(world, kind, w.USUAL[kind](world))
        w.taken_in(world, kind, [w.USUAL[kind](world), {"broken": True}])
        for body in [*WHOLE.values(), *(with_field(w.USUAL[kind](world), name, b"NaN") for name in ODD[kind])]:
            w.taken_in(world, kind, body)
    w.taken_in(world, MEASUREMENT, w.reading(world, hwi_device_id="12345678-abcd-1234-abcd-1234567890ab"))
    before = everything()

    assert processing.replay(Delivery.objects.all()) == Delivery.objects.count()
    w.work()

    assert everything() == before
    w.open_every_page(world)
