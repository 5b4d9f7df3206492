"""Whatever the vendor answers is a result or one of four errors."""

import email.utils
import json
import pickle
import time

import httpx2
import pytest

from devices.simulator import WireFault
from devices.tenovi import Misconfigured, NotSent, Rejected, Unclear
from devices.tenovi.responses import retry_after

DEVICE = "0b7e6a52-5d1c-4c1e-9a57-3f6f0b1f2a10"
PAGE = {"count": 0, "next": None, "previous": None, "results": []}
HTML = b"<!doctype html><title>Maintenance</title>"
NOT_FOUND = {"detail": "Not found."}


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (httpx2.ConnectError("refused"), NotSent),
        (httpx2.ConnectTimeout("slow"), NotSent),
        (httpx2.PoolTimeout("busy"), NotSent),
        (httpx2.WriteTimeout("slow"), Unclear),
        (httpx2.WriteError("broken"), Unclear),
        (httpx2.ReadTimeout("slow"), Unclear),
        (httpx2.ReadError("reset"), Unclear),
        (httpx2.RemoteProtocolError("nonsense"), Unclear),
        (ConnectionResetError("reset"), Unclear),
        (WireFault("reset"), Unclear),
        (httpx2.LocalProtocolError("a key with a line break"), Misconfigured),
        (httpx2.UnsupportedProtocol("ftp"), Misconfigured),
        ((429, {"detail": "Request was throttled."}), NotSent),
        ((500, HTML), Unclear),
        ((502, HTML), Unclear),
        ((503, {"detail": "later"}), Unclear),
        ((408, HTML), Unclear),
        ((301, b""), Misconfigured),
        ((302, b""), Misconfigured),
        ((401, {"detail": "Invalid API key."}), Misconfigured),
        ((403, {"detail": "No."}), Misconfigured),
        ((405, {"detail": "Method not allowed."}), Misconfigured),
        ((404, HTML), Misconfigured),
        ((404, NOT_FOUND), Rejected),
        ((400, {"detail": "No."}), Rejected),
        ((400, HTML), Rejected),
        ((409, {"detail": "Conflict."}), Rejected),
        ((200, HTML), Unclear),
        ((200, b'{"id": "0b7e6a52'), Unclear),
        ((200, b""), Unclear),
        ((200, b"[" * 100_000), Unclear),
        ((200, b'{"id": "\xff\xfe"}'), Unclear),
        ((200, [PAGE]), Unclear),
        ((200, {"status": "Connected"}), Unclear),
        ((200, {"id": "not-a-uuid", "device": {"name": "Tenovi Scale"}}), Unclear),
    ],
)
def test_an_unlink_that_fails_is_one_of_four_errors_and_is_sent_once(answering, trouble, error):
    client = answering(trouble)

    with pytest.raises(error) as caught:
        client.unlink_device(DEVICE)

    assert type(caught.value) is error
    assert len(client.asked) == 1


def test_404_on_a_list_means_that_our_address_is_wrong_and_proves_nothing_absent(answering):
    with pytest.raises(Misconfigured):
        answering((404, NOT_FOUND)).list_devices()


def test_404_on_one_object_means_that_it_is_gone(answering):
    with pytest.raises(Rejected) as caught:
        answering((404, NOT_FOUND)).get_device(DEVICE)

    assert (caught.value.status, caught.value.reason) == (404, "Not found.")


def test_creating_on_an_address_that_is_not_there_blames_no_order(answering, order):
    with pytest.raises(Misconfigured):
        answering((404, NOT_FOUND)).order_device(**order)


def test_a_rejection_keeps_the_vendors_words_by_field(answering, order):
    words = ["This Gateway ID already exists for a Tenovi BPM."]
    refusal = {"device": {"hardware_uuid": words, "fulfillment_request": {"shipping_zip_code": ["Required."]}}}

    with pytest.raises(Rejected) as caught:
        answering((400, refusal)).order_device(**order)

    zip_code = "device.fulfillment_request.shipping_zip_code"
    assert caught.value.fields == {"device.hardware_uuid": words, zip_code: ["Required."]}
    assert caught.value.reason == f"Gateway ID or IMEI: {words[0]} Shipping zip code: Required."


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        ({"detail": "Already fulfilled."}, "Already fulfilled."),
        ({"non_field_errors": ["Pick one.", "Or two."]}, "Pick one. Or two."),
        (["Just words."], "Just words."),
        ([{"name": ["Unknown."]}], "Name: Unknown."),
        ({"device": {}}, "Tenovi refused without saying why (status 400)."),
        (HTML, "Tenovi refused without saying why (status 400)."),
        ({"detail": "nul \x00 and half \ud83d"}, "nul \ufffd and half \ufffd"),
    ],
)
def test_a_rejection_has_a_reason_for_a_person(answering, refusal, reason):
    body = refusal if isinstance(refusal, bytes) else json.dumps(refusal).encode()

    with pytest.raises(Rejected) as caught:
        answering((400, body)).delete_device(DEVICE)

    assert caught.value.reason == reason


def test_an_endless_rejection_is_cut(answering):
    refusal = {f"field{n}": ["x" * 10_000] * 3 for n in range(50)}

    with pytest.raises(Rejected) as caught:
        answering((400, refusal)).delete_device(DEVICE)

    assert len(caught.value.fields) <= 20
    assert len(caught.value.reason) < 20 * 4 * 310


@pytest.mark.parametrize(
    "error", [NotSent("x", retry_after=3.0), Rejected("x", reason="no", fields={"a": ["b"]}, status=400)]
)
def test_errors_survive_the_way_between_processes(error):
    copy = pickle.loads(pickle.dumps(error))

    assert (str(copy), vars(copy)) == (str(error), vars(error))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:30 GMT", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30.0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "٣"}, None),
        ({"Retry-After": "9" * 30}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_both_forms(headers, seconds):
    assert retry_after(headers) == seconds


def test_retry_after_as_a_date_without_the_servers_date_is_taken_by_our_clock():
    assert 500 < retry_after({"Retry-After": email.utils.formatdate(time.time() + 600, usegmt=True)}) <= 600


def test_429_slows_the_key_down_and_401_stops_it(answering, gate):
    for status, headers in ((429, {"Retry-After": "7"}), (429, {}), (401, {}), (403, {})):
        with pytest.raises((NotSent, Misconfigured)):
            answering((status, {"detail": "no"}, headers)).delete_device(DEVICE)

    assert gate.penalties == [7.0, None]
    assert len(gate.bad) == 2


def test_other_troubles_leave_the_key_alone(answering, gate):
    for status in (400, 404, 405, 500, 301):
        with pytest.raises(Exception, match="status"):
            answering((status, {"detail": "no"})).delete_device(DEVICE)

    assert (gate.penalties, gate.bad) == ([], [])
