"""Hostile and broken input: each row is posted, worked on, and then every page that could show it is opened.

What is put aside shows on the pages of the inbox alone; at last all pages are opened beside all of it at once.
"""

import json
from html.parser import HTMLParser

import pytest

from devices.inbox import maintenance
from devices.models import Delivery
from fulfillment.models import OrderEvent
from fulfillment.special_orders.models import SpecialOrder
from measurements.models import Measurement
from patients.models import Patient, Practitioner
from tests.hostile import webhook_scenario as w
from tests.measurements.webhook_items import SECRET

pytestmark = pytest.mark.django_db

MEASUREMENT, FULFILLMENT, ORDER = Delivery.Kind.MEASUREMENT, Delivery.Kind.FULFILLMENT, Delivery.Kind.SPECIAL_ORDER
KINDS = (MEASUREMENT, FULFILLMENT, ORDER)
DONE, QUARANTINED, WAITING = Delivery.State.DONE, Delivery.State.QUARANTINED, Delivery.State.WAITING
DEEP = b"[" * 5000 + b"]" * 5000
MARKUP = "<img src=x onerror=alert(1)>"
LONG = "w" * 10_000


@pytest.fixture
def scenario(rosa, nadia, cora, ada):
    return w.create_scenario(rosa, nadia, cora, ada)


def body_with_raw_field(body, name, written):
    """The object with `name` written just so, whatever JSON says about it."""
    text = json.dumps({key: value for key, value in body.items() if key != name})
    return f'{text[:-1]}, "{name}": '.encode() + written + b"}"


def test_webhook_text_invalid_for_database_is_repaired_and_flagged(scenario):
    fields = {MEASUREMENT: "hardware_uuid", FULFILLMENT: "status", ORDER: "order_number"}
    for kind, field in fields.items():
        for broken in (b'"a\\u0000b"', b'"a\\ud800b"', b'"\\udc00"'):
            body = body_with_raw_field(w.VALID_BODIES[kind](scenario), field, broken)
            delivery = w.receive_delivery(scenario, kind, body)
            assert (delivery.state, delivery.flagged) == (DONE, True), (kind, broken)
            assert bytes(delivery.body) == body, "the raw bytes are kept"

    w.check_every_page(scenario)


NUMBERS = [b"NaN", b"Infinity", b"-Infinity", b"1e400", b"1" * 5000, b'"' + b"9" * 400 + b'"', b"1000000",
           '"\u0661\u0662"'.encode(), b'"1_000"', b"true", b'"0x10"', b'"1e3"', b"[1]", b'{"a": 1}', b'"+5"',
           b'"12,5"']  # fmt: skip


def test_measurement_webhook_invalid_numbers_are_quarantined(scenario):
    before = Measurement.objects.count()

    for written in NUMBERS:
        delivery = w.receive_delivery(
            scenario, MEASUREMENT, body_with_raw_field(w.measurement_body(scenario), "value_1", written)
        )
        assert delivery.state == QUARANTINED, written[:20]
        assert delivery.reason

    assert Measurement.objects.count() == before
    w.check_delivery_pages(scenario)


TIMES = ["10000-01-01T00:00:00Z", "infinity", "0001-01-01T00:00:00+14:00", "2014-12-31T23:59:59Z",
         "2100-01-01T00:00:00Z", "2026-09-20T12:30:00", "yesterday", "9999-12-31T23:59:59-14:00",
         "2026-02-30T00:00:00Z", "\u0662\u0660\u0662\u0666-01-01T00:00:00Z"]  # fmt: skip


def test_webhook_impossible_times_are_quarantined(scenario):
    for kind, field in ((MEASUREMENT, "timestamp"), (ORDER, "updated_on"), (ORDER, "created_on")):
        for time in TIMES:
            assert (
                w.receive_delivery(scenario, kind, w.VALID_BODIES[kind](scenario, **{field: time})).state == QUARANTINED
            ), (field, time)

    w.check_delivery_pages(scenario)


UNREADABLE_BODIES = {
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
def test_webhook_unreadable_body_is_quarantined_with_reason(scenario, kind):
    for name, body in UNREADABLE_BODIES.items():
        delivery = w.receive_delivery(scenario, kind, body)
        assert delivery.state == QUARANTINED, name
        assert delivery.reason, name
        assert bytes(delivery.body) == body, name

    w.check_delivery_pages(scenario)


@pytest.mark.parametrize("kind", KINDS)
def test_webhook_byte_order_mark_is_accepted(scenario, kind):
    body = b"\xef\xbb\xbf" + json.dumps(w.VALID_BODIES[kind](scenario)).encode()

    assert w.receive_delivery(scenario, kind, body).state == DONE


@pytest.mark.parametrize("header", ["Bearer w\xe9bhook", "\u20ac", "\x00", "B\u0435arer webhook-secret-of-the-tests"])
def test_webhook_non_ascii_secret_header_returns_401(scenario, header):
    assert (
        w.post_webhook(scenario, MEASUREMENT, w.measurement_body(scenario), HTTP_AUTHORIZATION=header).status_code
        == 401
    )
    assert not Delivery.objects.exists()
    assert (
        w.post_webhook(scenario, MEASUREMENT, w.measurement_body(scenario), HTTP_AUTHORIZATION=SECRET).status_code
        == 204
    )


LINKS = ["javascript:alert(1)", "JaVaScRiPt:alert(1)//ups.com", "data:text/html,<script>alert(1)</script>",
         "https://ups.com@evil.example/", "https://ups.com.evil.example/", "https://u\u0440s.com/", "http://ups.com/",
         "vbscript:x", '"><script>alert(1)</script>', "https://ups.com/\nSet-Cookie: x"]  # fmt: skip


def test_tracking_link_of_unknown_host_is_shown_as_text(scenario):
    for nth, link in enumerate(LINKS):
        assert w.receive_delivery(scenario, FULFILLMENT, w.fulfillment_body(scenario, tracking_link=link)).state == DONE
        special = w.special_order_body(scenario, tracking_link=link, request_id=f"req-{nth}")
        assert w.receive_delivery(scenario, ORDER, special).state == DONE

    for what, answer in w.pages_showing_data(scenario):
        for address in linked_addresses(answer):
            assert "evil" not in address, what
            assert not address.lower().startswith(("javascript:", "data:", "vbscript:", "http:")), what
        assert "<script>alert" not in answer.content.decode(), what


def linked_addresses(answer):
    found = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attributes):
            found.extend(value.strip() for name, value in attributes if name in ("href", "src", "action") and value)

    if answer.get("Content-Type", "").startswith("text/html"):
        Reader().feed(answer.content.decode())
    return found


NAMES = ["=HYPERLINK(\"http://evil.example\")", MARKUP, "\u202egnp.exe", LONG, "{{ 7|add:7 }}", "'; DROP TABLE x; --",
         "\ufeff\u200b\u2028", "</script><script>alert(1)</script>"]  # fmt: skip


def test_vendor_texts_are_shown_escaped_and_shortened(scenario):
    for nth, name in enumerate(NAMES):
        receive_deliveries_named(scenario, name, nth)
    whole = " ".join(name[:60] for name in NAMES)
    Patient.objects.filter(pk=scenario.rosa.pk).update(given_name=NAMES[1], city=whole[:80])
    Practitioner.objects.filter(patients=scenario.rosa.pk).update(name=NAMES[0])
    type(scenario.cuff).objects.update(
        name=whole[:255], client_notes=LONG, invalid_address=whole, vendor_status=LONG[:255]
    )

    count = w.check_responses(
        check_long_text_shortened(w.pages_showing_data(scenario)), never=("<img src=x", "<script>alert")
    )
    assert count > 40


def check_long_text_shortened(pages):
    """Checked one by one: only one record of the admin shows a long text completely."""
    for what, answer in pages:
        assert " " in what or LONG[:1_000] not in answer.content.decode(), what
        yield what, answer


def receive_deliveries_named(world, name, nth):
    w.receive_delivery(world, FULFILLMENT, w.fulfillment_body(world, status=name))
    w.receive_delivery(
        world,
        ORDER,
        w.special_order_body(world, request_id=f"r{nth}", status=name, order_number=name, contents=[{"name": name}]),
    )
    w.receive_delivery(world, MEASUREMENT, w.measurement_body(world, metric=name, device_name=name, hardware_uuid=name))
    w.receive_delivery(
        world,
        MEASUREMENT,
        w.measurement_body(
            world, hwi_device_id="12345678-abcd-1234-abcd-1234567890ab", device_name=name, metric=name[:60] or "x"
        ),
    )


def test_measurement_webhook_flags_instrument_limits_but_not_clinical_extremes(scenario):
    w.receive_delivery(
        scenario, MEASUREMENT, w.measurement_body(scenario, metric="blood_pressure", value_1="238.00", value_2="141.00")
    )
    w.receive_delivery(scenario, MEASUREMENT, w.measurement_body(scenario, metric="spO2", value_1="999999.00"))

    rows = dict(Measurement.objects.filter(metric__in=("blood_pressure", "spO2")).values_list("metric", "implausible"))
    assert rows == {"blood_pressure": False, "spO2": True}
    w.check_every_page(scenario)


def test_measurement_webhook_bad_items_do_not_affect_siblings(scenario):
    bad = [
        {"metric": LONG},
        {},
        "text",
        None,
        5,
        w.measurement_body(scenario, value_1="x"),
        w.measurement_body(scenario, timestamp="never"),
    ]
    good = [
        w.measurement_body(scenario, value_1=f"{150 + n}.00", filter_params={"measurement_index": n + 1})
        for n in range(5)
    ]
    mixed = [each for pair in zip(bad, [*good, *good[:2]], strict=True) for each in pair]
    before = Measurement.objects.count()

    delivery = w.receive_delivery(scenario, MEASUREMENT, mixed)

    assert Measurement.objects.count() - before == 5
    assert delivery.items.filter(state=QUARANTINED).exclude(reason="").count() == len(bad)
    w.check_every_page(scenario)


def stored_state():
    """All that the hooks write but the deliveries' own bookkeeping."""
    return [
        list(Measurement.objects.order_by("pk").values()),
        list(OrderEvent.objects.order_by("pk").values()),
        list(SpecialOrder.objects.order_by("pk").values()),
        list(
            Delivery.objects.order_by("pk").values("pk", "state", "reason", "hwi_id", "parent", "position", "flagged")
        ),
    ]


INVALID_FIELDS = {MEASUREMENT: ["value_1", "timestamp"], FULFILLMENT: ["status"], ORDER: ["updated_on", "created_on"]}


def test_replay_of_all_deliveries_changes_nothing(scenario):
    for kind in KINDS:
        w.receive_delivery(scenario, kind, w.VALID_BODIES[kind](scenario))
        w.receive_delivery(scenario, kind, [w.VALID_BODIES[kind](scenario), {"broken": True}])
        for body in [
            *UNREADABLE_BODIES.values(),
            *(body_with_raw_field(w.VALID_BODIES[kind](scenario), name, b"NaN") for name in INVALID_FIELDS[kind]),
        ]:
            w.receive_delivery(scenario, kind, body)
    w.receive_delivery(
        scenario, MEASUREMENT, w.measurement_body(scenario, hwi_device_id="12345678-abcd-1234-abcd-1234567890ab")
    )
    before = stored_state()

    assert maintenance.replay_deliveries(Delivery.objects.all()) == Delivery.objects.count()
    w.process_queues()

    assert stored_state() == before
    w.check_every_page(scenario)
