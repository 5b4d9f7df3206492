"""Pagination and retries: an incomplete list is an error, and only reads are retried."""

import datetime as dt
import json
import logging

import httpx2
import pytest

from devices.tenovi import Misconfigured, NotSent, Rejected, Unclear, pagination
from devices.tenovi.request import FullJitterBackoff

DEVICE = "0b7e6a52-5d1c-4c1e-9a57-3f6f0b1f2a10"
JANUARY = {
    "created_from": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    "created_before": dt.datetime(2026, 2, 1, tzinfo=dt.UTC),
}
SCALE = {"id": DEVICE, "device": {"name": "Tenovi Scale"}}


def page_document(rows, following=None, count=None):
    link = f"https://evil.example/steal/?page={following}&page_size=1000" if following else None
    return {"count": len(rows) if count is None else count, "next": link, "previous": None, "results": rows}


def reading_items(*numbers):
    return [{"metric": "weight", "value_1": f"{n}.00", "created": "2026-01-05T08:00:00.000000Z"} for n in numbers]


def test_pagination_follows_page_numbers_on_our_own_host(client_with_responses):
    client = client_with_responses(
        page_document(reading_items(1, 2), 2, count=3), page_document(reading_items(3), count=3)
    )

    found = list(client.patient_measurements("pt-7f3c", **JANUARY))

    assert [len(each.items) for each in found] == [2, 1]
    assert [request.url.host for request in client.asked] == ["tenovi.invalid"] * 2
    assert [request.url.params["page"] for request in client.asked] == ["1", "2"]
    assert {request.url.params["page_size"] for request in client.asked} == {"1000"}


@pytest.mark.parametrize("following", [1, 2, 7])
def test_pagination_raises_unclear_when_the_next_page_number_is_wrong(client_with_responses, following):
    client = client_with_responses(
        page_document(reading_items(1), 2, count=9), page_document(reading_items(2), following, count=9)
    )

    with pytest.raises(Unclear, match="followed by page"):
        list(client.patient_measurements("pt-7f3c", **JANUARY))


@pytest.mark.parametrize("link", ["https://evil.example/", "https://evil.example/?page=two", 17, "http://[", "?page=٢"])
def test_pagination_raises_unclear_for_a_next_link_without_a_page_number(client_with_responses, link):
    with pytest.raises(Unclear, match="followed by page None"):
        client_with_responses({"count": 1, "next": link, "results": []}).list_devices()


def test_pagination_raises_unclear_beyond_the_page_limit(client_with_responses, monkeypatch):
    monkeypatch.setattr(pagination, "MAX_PAGES", 3)
    client = client_with_responses(*(page_document(reading_items(n), n + 1, count=99) for n in range(1, 9)))

    with pytest.raises(Unclear, match="more than 3 pages"):
        list(client.patient_measurements("pt-7f3c", **JANUARY))


@pytest.mark.parametrize("data", [{}, {"count": 0}, {"results": None}, {"results": {}}, "text", None, 5])
def test_pagination_raises_unclear_for_a_response_without_results(client_with_responses, data):
    with pytest.raises(Unclear):
        list(client_with_responses(data).patient_measurements("pt-7f3c", **JANUARY))


def test_pagination_raises_unclear_for_fewer_rows_than_counted(client_with_responses):
    with pytest.raises(Unclear, match="1 of 5 rows"):
        list(client_with_responses(page_document(reading_items(1), count=5)).patient_measurements("pt-7f3c", **JANUARY))


def test_pagination_raises_unclear_when_the_list_shrinks(client_with_responses):
    client = client_with_responses(page_document([SCALE], 2, count=2), (404, {"detail": "Invalid page."}))

    with pytest.raises(Unclear, match="shrank"):
        client.list_devices()


def test_pagination_accepts_and_logs_a_flat_list(client_with_responses, caplog):
    assert len(client_with_responses([SCALE]).list_devices().rows) == 1
    assert "flat list" in caplog.text


def test_pagination_raises_unclear_for_a_flat_list_of_1000_rows(client_with_responses):
    with pytest.raises(Unclear, match="may have been cut"):
        client_with_responses([SCALE] * 1000).list_devices()


def test_list_devices_reports_unreadable_rows_beside_the_readable_ones(client_with_responses, caplog):
    broken = [{"id": DEVICE, "device": {"name": None}}, "text", {"id": DEVICE, "connected_on": "9999", "device": SCALE}]

    listing = client_with_responses(page_document([SCALE, *broken])).list_devices()

    assert len(listing.rows) == 1
    assert [row.vendor_id for row in listing.unreadable_rows] == [DEVICE, None, DEVICE]
    assert caplog.text.count("unreadable row") == 3


def test_patient_measurements_returns_odd_items_to_ingest(client_with_responses):
    body = (
        b'{"count":4,"next":null,"results":[{"value_1":NaN},{"value_1":' + b"9" * 5000 + b'},{"m":"\\ud800"},{"m":1}]}'
    )

    (only,) = client_with_responses(body).patient_measurements("pt-7f3c", **JANUARY)

    assert [type(item) for item in only.items] == [dict] * 4
    assert only.items[1]["value_1"] == "9" * 5000


def test_list_devices_drops_devices_of_other_patients(client_with_responses):
    others = {**SCALE, "patient": {"external_id": "pt-other"}}
    ours = {**SCALE, "patient": {"external_id": "PT-7F3C"}}

    assert (
        len(client_with_responses(page_document([others, ours])).list_devices(patient_external_id="pt-7f3c").rows) == 1
    )


def test_patient_measurements_returns_and_logs_rows_outside_the_window(client_with_responses, caplog):
    stray = [{"created": "2025-06-01T00:00:00Z"}, {"created": "nonsense"}, {}]

    (only,) = client_with_responses(page_document(reading_items(1) + stray)).patient_measurements("pt-7f3c", **JANUARY)

    assert len(only.items) == 4
    assert "1 rows outside" in caplog.text


def test_client_read_is_retried_until_it_succeeds(client_with_responses, rate_limiter):
    client = client_with_responses(
        httpx2.ReadTimeout("slow"), (429, {}), (500, {}), (200, b"<html>"), httpx2.ConnectError(""), SCALE
    )

    assert client.get_device(DEVICE).name == "Tenovi Scale"
    assert rate_limiter.taken == 6


def test_client_read_fails_after_six_attempts(client_with_responses):
    client = client_with_responses((503, {}))

    with pytest.raises(Unclear):
        client.list_devices()
    assert len(client.asked) == 6


@pytest.mark.parametrize(
    ("status", "error"), [(400, Rejected), (401, Misconfigured), (404, Rejected), (301, Misconfigured)]
)
def test_client_read_is_not_retried_after_a_definite_refusal(client_with_responses, status, error):
    client = client_with_responses((status, {"detail": "no"}))

    with pytest.raises(error):
        client.get_device(DEVICE)
    assert len(client.asked) == 1


@pytest.mark.parametrize("failure", [httpx2.ReadTimeout("slow"), httpx2.ConnectError("refused"), (429, {}), (500, {})])
def test_client_write_is_never_retried(client_with_responses, order, rosa, failure):
    for send in (
        lambda client: client.unlink_device(DEVICE),
        lambda client: client.delete_device(DEVICE),
        lambda client: client.order_device(**order),
        lambda client: client.activate_device(name="Tenovi Scale", hardware_uuid="A1B2C3D4E5F6", patient=rosa),
    ):
        client = client_with_responses(failure)
        with pytest.raises((NotSent, Unclear)):
            send(client)
        assert len(client.asked) == 1


def test_retry_pauses_grow_with_full_jitter():
    pauses = [[jitter(NotSent("x")) for _ in range(6)] for jitter in (FullJitterBackoff() for _ in range(200))]
    longest = [max(column) for column in zip(*pauses, strict=True)]

    assert all(low * 0.8 < most <= low for low, most in zip((1, 2, 4, 8, 16, 20), longest, strict=True))
    assert min(column[5] for column in pauses) < 4


@pytest.mark.parametrize("external_id", ["", ".", "..", "..."])
def test_client_rejects_an_id_of_dots_before_sending(client_with_responses, external_id):
    client = client_with_responses(SCALE)

    with pytest.raises(Rejected, match="an id is empty or made of dots"):
        client.delete_patient(external_id)
    assert client.asked == []


def test_client_percent_encodes_ids_in_paths(client_with_responses):
    client = client_with_responses({"external_id": "a/b ?#%é"})

    client.get_patient("a/b ?#%é")

    assert client.asked[0].url.raw_path == b"/clients/vitals-test/hwi/hwi-patients/a%2Fb%20%3F%23%25%C3%A9/"


def test_device_measurements_sends_the_window_in_utc(client_with_responses):
    client = client_with_responses(page_document([]))
    east = dt.timezone(dt.timedelta(hours=3))

    list(client.device_measurements(DEVICE, **(JANUARY | {"created_from": dt.datetime(2026, 1, 1, 2, tzinfo=east)})))

    asked = dict(client.asked[0].url.params)
    assert asked["created__gte"] == "2025-12-31T23:00:00.000000Z"
    assert asked["created__lt"] == "2026-02-01T00:00:00.000000Z"


def test_device_measurements_rejects_a_window_without_time_zone(client_with_responses):
    naive = JANUARY["created_from"].replace(tzinfo=None)

    with pytest.raises(ValueError, match="zone"):
        list(
            client_with_responses(page_document([])).device_measurements(
                DEVICE, created_from=naive, created_before=naive
            )
        )


def test_client_errors_logs_and_reprs_contain_no_key_id_or_body(client_with_responses, caplog, order):
    caplog.set_level(logging.DEBUG)
    secrets = ("key-people", "pt-7f3c", "Rosa", "Elm Ct", "evil.example")
    outputs = []
    script = [
        (status, json.dumps({"detail": "Rosa Quill pt-7f3c"}).encode()) for status in (400, 401, 404, 429, 500, 301)
    ]
    for failure in [
        *script,
        (200, b"Rosa Quill"),
        httpx2.ReadError("pt-7f3c Rosa"),
        page_document([{"patient": "Rosa Quill"}], 9),
    ]:
        client = client_with_responses(failure)
        for act in (
            lambda client: client.order_device(**order),
            lambda client: client.get_patient("pt-7f3c"),
            lambda client: list(client.patient_measurements("pt-7f3c", **JANUARY)),
            lambda client: client.list_devices(patient_external_id="pt-7f3c"),
        ):
            try:
                outputs.append(repr(act(client)))
            except (NotSent, Unclear, Misconfigured, Rejected) as error:
                outputs += [str(error), repr(error.args), repr(error.__cause__)]

    outputs = "\n".join([*outputs, caplog.text, repr(order), repr(client._rate_limiter.keys)])
    assert [secret for secret in secrets if secret in outputs] == []
