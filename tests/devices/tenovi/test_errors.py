"""Responses and failures of the vendor become a result or one of four errors."""

import email.utils
import json
import pickle
import time

import httpx2
import pytest

from devices.simulator import ConnectionFault
from devices.tenovi import Misconfigured, NotSent, Rejected, Unclear
from devices.tenovi.responses import parse_retry_after

DEVICE = "0b7e6a52-5d1c-4c1e-9a57-3f6f0b1f2a10"
PAGE = {"count": 0, "next": None, "previous": None, "results": []}
HTML = b"<!doctype html><title>Maintenance</title>"
NOT_FOUND = {"detail": "Not found."}


@pytest.mark.parametrize(
    ("failure", "error"),
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
        (ConnectionFault("reset"), Unclear),
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
def test_unlink_device_failure_raises_one_of_four_errors_and_is_sent_once(client_with_responses, failure, error):
    client = client_with_responses(failure)

    with pytest.raises(error) as caught:
        client.unlink_device(DEVICE)

    assert type(caught.value) is error
    assert len(client.asked) == 1


def test_list_devices_404_raises_misconfigured(client_with_responses):
    with pytest.raises(Misconfigured):
        client_with_responses((404, NOT_FOUND)).list_devices()


def test_get_device_404_raises_rejected(client_with_responses):
    with pytest.raises(Rejected) as caught:
        client_with_responses((404, NOT_FOUND)).get_device(DEVICE)

    assert (caught.value.status, caught.value.reason) == (404, "Not found.")


def test_order_device_404_raises_misconfigured(client_with_responses, order):
    with pytest.raises(Misconfigured):
        client_with_responses((404, NOT_FOUND)).order_device(**order)


def test_rejected_error_contains_vendor_messages_by_field(client_with_responses, order):
    words = ["This Gateway ID already exists for a Tenovi BPM."]
    refusal = {"device": {"hardware_uuid": words, "fulfillment_request": {"shipping_zip_code": ["Required."]}}}

    with pytest.raises(Rejected) as caught:
        client_with_responses((400, refusal)).order_device(**order)

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
def test_rejected_error_has_a_readable_reason(client_with_responses, refusal, reason):
    body = refusal if isinstance(refusal, bytes) else json.dumps(refusal).encode()

    with pytest.raises(Rejected) as caught:
        client_with_responses((400, body)).delete_device(DEVICE)

    assert caught.value.reason == reason


def test_rejected_error_limits_fields_and_length(client_with_responses):
    refusal = {f"field{n}": ["x" * 10_000] * 3 for n in range(50)}

    with pytest.raises(Rejected) as caught:
        client_with_responses((400, refusal)).delete_device(DEVICE)

    assert len(caught.value.fields) <= 20
    assert len(caught.value.reason) < 20 * 4 * 310


@pytest.mark.parametrize(
    "error", [NotSent("x", retry_after=3.0), Rejected("x", reason="no", fields={"a": ["b"]}, status=400)]
)
def test_vendor_errors_can_be_pickled(error):
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
def test_retry_after_parses_seconds_and_dates(headers, seconds):
    assert parse_retry_after(headers) == seconds


def test_retry_after_date_without_a_server_date_uses_the_local_clock():
    assert 500 < parse_retry_after({"Retry-After": email.utils.formatdate(time.time() + 600, usegmt=True)}) <= 600


def test_client_delays_the_key_after_429_and_marks_it_bad_after_401(client_with_responses, rate_limiter):
    for status, headers in ((429, {"Retry-After": "7"}), (429, {}), (401, {}), (403, {})):
        with pytest.raises((NotSent, Misconfigured)):
            client_with_responses((status, {"detail": "no"}, headers)).delete_device(DEVICE)

    assert rate_limiter.penalties == [7.0, None]
    assert len(rate_limiter.refusals) == 2


def test_client_errors_other_than_429_and_401_do_not_affect_the_key(client_with_responses, rate_limiter):
    for status in (400, 404, 405, 500, 301):
        with pytest.raises(Exception, match="status"):
            client_with_responses((status, {"detail": "no"})).delete_device(DEVICE)

    assert (rate_limiter.penalties, rate_limiter.refusals) == ([], [])
