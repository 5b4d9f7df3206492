"""Lists and retries: nothing is missed in silence, and only what is harmless is asked twice."""

import datetime as dt
import json
import logging

import httpx2
import pytest

from devices.tenovi import Misconfigured, NotSent, Rejected, Unclear, pagination
from devices.tenovi.request import FullJitter

DEVICE = "0b7e6a52-5d1c-4c1e-9a57-3f6f0b1f2a10"
JANUARY = {
    "created_from": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    "created_before": dt.datetime(2026, 2, 1, tzinfo=dt.UTC),
}
SCALE = {"id": DEVICE, "device": {"name": "Tenovi Scale"}}


def page(rows, following=None, count=None):
    link = f"https://evil.example/steal/?page={following}&page_size=1000" if following else None
    return {"count": len(rows) if count is None else count, "next": link, "previous": None, "results": rows}


def readings(*numbers):
    return [{"metric": "weight", "value_1": f"{n}.00", "created": "2026-01-05T08:00:00.000000Z"} for n in numbers]


def test_pages_are_followed_by_number_on_our_own_host(answering):
    client = answering(page(readings(1, 2), 2, count=3), page(readings(3), count=3))

    found = list(client.patient_measurements("pt-7f3c", **JANUARY))

    assert [len(each.items) for each in found] == [2, 1]
    assert [request.url.host for request in client.asked] == ["tenovi.invalid"] * 2
    assert [request.url.params["page"] for request in client.asked] == ["1", "2"]
    assert {request.url.params["page_size"] for request in client.asked} == {"1000"}


@pytest.mark.parametrize("following", [1, 2, 7])
def test_a_page_that_is_followed_by_any_but_the_next_is_an_error(answering, following):
    client = answering(page(readings(1), 2, count=9), page(readings(2), following, count=9))

    with pytest.raises(Unclear, match="followed by page"):
        list(client.patient_measurements("pt-7f3c", **JANUARY))


@pytest.mark.parametrize("link", ["https://evil.example/", "https://evil.example/?page=two", 17, "http://[", "?page=٢"])
def test_a_next_without_a_page_number_is_an_error(answering, link):
    with pytest.raises(Unclear, match="followed by page None"):
        answering({"count": 1, "next": link, "results": []}).list_devices()


def test_pages_without_end_are_an_error(answering, monkeypatch):
    monkeypatch.setattr(pagination, "MOST_PAGES", 3)
    client = answering(*(page(readings(n), n + 1, count=99) for n in range(1, 9)))

    with pytest.raises(Unclear, match="more than 3 pages"):
        list(client.patient_measurements("pt-7f3c", **JANUARY))


@pytest.mark.parametrize("data", [{}, {"count": 0}, {"results": None}, {"results": {}}, "text", None, 5])
def test_an_answer_without_results_is_never_no_measurements(answering, data):
    with pytest.raises(Unclear):
        list(answering(data).patient_measurements("pt-7f3c", **JANUARY))


def test_fewer_rows_than_counted_are_an_error(answering):
    with pytest.raises(Unclear, match="1 rows came of 5"):
        list(answering(page(readings(1), count=5)).patient_measurements("pt-7f3c", **JANUARY))


def test_a_list_that_shrinks_while_it_is_read_is_an_error(answering):
    client = answering(page([SCALE], 2, count=2), (404, {"detail": "Invalid page."}))

    with pytest.raises(Unclear, match="shrank"):
        client.list_devices()


def test_a_flat_list_is_taken_and_logged(answering, caplog):
    assert len(answering([SCALE]).list_devices().rows) == 1
    assert "flat list" in caplog.text


def test_a_flat_list_as_long_as_the_vendors_cut_is_an_error(answering):
    with pytest.raises(Unclear, match="may have been cut"):
        answering([SCALE] * 1000).list_devices()


def test_a_row_that_cannot_be_read_hides_no_other(answering, caplog):
    broken = [{"id": DEVICE, "device": {"name": None}}, "text", {"id": DEVICE, "connected_on": "9999", "device": SCALE}]

    listing = answering(page([SCALE, *broken])).list_devices()

    assert len(listing.rows) == 1
    assert [row.vendor_id for row in listing.unreadable] == [DEVICE, None, DEVICE]
    assert caplog.text.count("unreadable row") == 3


def test_odd_readings_reach_ingest_with_their_siblings(answering):
    body = (
        b'{"count":4,"next":null,"results":[{"value_1":NaN},{"value_1":' + b"9" * 5000 + b'},{"m":"\\ud800"},{"m":1}]}'
    )

    (only,) = answering(body).patient_measurements("pt-7f3c", **JANUARY)

    assert [type(item) for item in only.items] == [dict] * 4
    assert only.items[1]["value_1"] == "9" * 5000


def test_a_filter_that_the_vendor_ignores_shows_no_other_patients_device(answering):
    others = {**SCALE, "patient": {"external_id": "pt-other"}}
    ours = {**SCALE, "patient": {"external_id": "PT-7F3C"}}

    assert len(answering(page([others, ours])).list_devices(patient_external_id="pt-7f3c").rows) == 1


def test_rows_from_outside_the_window_are_kept_and_logged(answering, caplog):
    stray = [{"created": "2025-06-01T00:00:00Z"}, {"created": "nonsense"}, {}]

    (only,) = answering(page(readings(1) + stray)).patient_measurements("pt-7f3c", **JANUARY)

    assert len(only.items) == 4
    assert "1 rows from outside the window" in caplog.text


def test_a_harmless_read_is_tried_until_it_works(answering, gate):
    client = answering(
        httpx2.ReadTimeout("slow"), (429, {}), (500, {}), (200, b"<html>"), httpx2.ConnectError(""), SCALE
    )

    assert client.get_device(DEVICE).name == "Tenovi Scale"
    assert gate.taken == 6


def test_a_harmless_read_is_given_up_after_six_tries(answering):
    client = answering((503, {}))

    with pytest.raises(Unclear):
        client.list_devices()
    assert len(client.asked) == 6


@pytest.mark.parametrize(
    ("status", "error"), [(400, Rejected), (401, Misconfigured), (404, Rejected), (301, Misconfigured)]
)
def test_a_clear_refusal_is_not_asked_again(answering, status, error):
    client = answering((status, {"detail": "no"}))

    with pytest.raises(error):
        client.get_device(DEVICE)
    assert len(client.asked) == 1


@pytest.mark.parametrize("trouble", [httpx2.ReadTimeout("slow"), httpx2.ConnectError("refused"), (429, {}), (500, {})])
def test_nothing_that_changes_state_is_sent_twice(answering, order, rosa, trouble):
    for send in (
        lambda client: client.unlink_device(DEVICE),
        lambda client: client.delete_device(DEVICE),
        lambda client: client.order_device(**order),
        lambda client: client.activate_device(name="Tenovi Scale", hardware_uuid="A1B2C3D4E5F6", patient=rosa),
    ):
        client = answering(trouble)
        with pytest.raises((NotSent, Unclear)):
            send(client)
        assert len(client.asked) == 1


def test_pauses_grow_and_are_spread_over_their_whole_length():
    pauses = [[jitter(NotSent("x")) for _ in range(6)] for jitter in (FullJitter() for _ in range(200))]
    longest = [max(column) for column in zip(*pauses, strict=True)]

    assert all(low * 0.8 < most <= low for low, most in zip((1, 2, 4, 8, 16, 20), longest, strict=True))
    assert min(column[5] for column in pauses) < 4


@pytest.mark.parametrize("external_id", ["", ".", "..", "..."])
def test_an_id_that_would_change_the_path_is_refused_before_anything_is_sent(answering, external_id):
    client = answering(SCALE)

    with pytest.raises(Rejected, match="an id is empty or made of dots"):
        client.delete_patient(external_id)
    assert client.asked == []


def test_ids_are_percent_encoded_and_every_address_ends_with_a_slash(answering):
    client = answering({"external_id": "a/b ?#%é"})

    client.get_patient("a/b ?#%é")

    assert client.asked[0].url.raw_path == b"/clients/vitals-test/hwi/hwi-patients/a%2Fb%20%3F%23%25%C3%A9/"


def test_windows_are_asked_for_in_utc(answering):
    client = answering(page([]))
    east = dt.timezone(dt.timedelta(hours=3))

    list(client.device_measurements(DEVICE, **(JANUARY | {"created_from": dt.datetime(2026, 1, 1, 2, tzinfo=east)})))

    asked = dict(client.asked[0].url.params)
    assert asked["created__gte"] == "2025-12-31T23:00:00.000000Z"
    assert asked["created__lt"] == "2026-02-01T00:00:00.000000Z"


def test_a_window_without_a_zone_is_refused(answering):
    naive = JANUARY["created_from"].replace(tzinfo=None)

    with pytest.raises(ValueError, match="zone"):
        list(answering(page([])).device_measurements(DEVICE, created_from=naive, created_before=naive))


def test_neither_errors_nor_log_lines_nor_reprs_hold_key_ids_or_bodies(answering, caplog, order):
    caplog.set_level(logging.DEBUG)
    secrets = ("key-people", "pt-7f3c", "Rosa", "Elm Ct", "evil.example")
    said = []
    script = [
        (status, json.dumps({"detail": "Rosa Quill pt-7f3c"}).encode()) for status in (400, 401, 404, 429, 500, 301)
    ]
    for trouble in [
        *script,
        (200, b"Rosa Quill"),
        httpx2.ReadError("pt-7f3c Rosa"),
        page([{"patient": "Rosa Quill"}], 9),
    ]:
        client = answering(trouble)
        for act in (
            lambda client: client.order_device(**order),
            lambda client: client.get_patient("pt-7f3c"),
            lambda client: list(client.patient_measurements("pt-7f3c", **JANUARY)),
            lambda client: client.list_devices(patient_external_id="pt-7f3c"),
        ):
            try:
                said.append(repr(act(client)))
            except (NotSent, Unclear, Misconfigured, Rejected) as error:
                said += [str(error), repr(error.args), repr(error.__cause__)]

    said = "\n".join([*said, caplog.text, repr(order), repr(client._gate.keys)])
    assert [secret for secret in secrets if secret in said] == []
