"""Who may ask, how, and how often."""

import pytest

from tests.devices.simulator.conftest import BASE, a_client


def test_a_missing_slash_redirects_before_anybody_looks_at_the_key(ask):
    answer = ask.get("hwi-devices", params={"page": "1"}, headers={"Authorization": "none"})

    assert answer.status_code == 301
    assert answer.headers["Location"] == "/clients/acme-rpm/hwi/hwi-devices/?page=1"


@pytest.mark.parametrize("header", ["", "api-key key-people", "Bearer key-people", "Api-Key wrong", "Api-Key"])
def test_a_wrong_or_missing_key_is_401_with_a_detail(ask, header):
    answer = ask.get("hwi-devices/", headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.json()["detail"]


def test_another_account_is_forbidden(ask):
    assert ask.get("https://api2.tenovi.com/clients/other/hwi/hwi-devices/").status_code == 403


def test_an_unknown_path_is_a_page_for_people(ask):
    answer = ask.get("hwi-nothing/")

    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "unlink-gateway/1/"), ("POST", "hwi-bulk-orders/"), ("PUT", "hwi-devices/")]
)
def test_a_wrong_method_is_405_and_names_the_right_ones(ask, method, path):
    answer = ask.request(method, path)

    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_two_requests_within_a_second_are_one_too_many(sim, ask, clock):
    sim.limits.gap_seconds = 1.0

    first, second = ask.get("hwi-device-types/"), ask.get("hwi-device-types/")

    assert (first.status_code, second.status_code) == (200, 429)
    assert second.headers["Retry-After"] == "1"


def test_each_key_has_a_second_of_its_own(sim, ask):
    sim.limits.gap_seconds = 1.0

    with a_client(sim, "key-background") as background:
        assert [ask.get("webhooks/").status_code, background.get("webhooks/").status_code] == [200, 200]


def test_a_refused_request_does_not_push_the_next_slot_away(sim, ask, clock):
    sim.limits.gap_seconds = 1.0
    ask.get("webhooks/")
    clock.now += 0.9
    assert ask.get("webhooks/").status_code == 429

    clock.now += 0.1

    assert ask.get("webhooks/").status_code == 200


def test_retry_after_comes_as_seconds_or_as_a_date(sim, ask, clock):
    sim.limits.gap_seconds = 60
    ask.get("webhooks/")

    seconds, date = (ask.get("webhooks/").headers["Retry-After"] for _ in range(2))

    assert seconds == "60"
    assert date.endswith("GMT")


def test_the_log_keeps_every_arrival_and_whether_it_took_effect(sim, ask, order):
    order()
    ask.get("hwi-devices/nobody/")

    ordered, asked = sim.requests
    assert (ordered["method"], ordered["status"], ordered["applied"]) == ("POST", 201, True)
    assert (asked["path"], asked["status"], asked["applied"]) == (
        "/clients/acme-rpm/hwi/hwi-devices/nobody/",
        404,
        False,
    )
    assert ordered["at"] <= asked["at"]
    assert sim.requests.smallest_gap("key-people") == asked["at"] - ordered["at"]


def test_no_json_object_is_refused_in_drf_words(ask):
    assert ask.post(f"{BASE}hwi-devices/", content=b"{nope").json()["detail"].startswith("JSON parse error")
    assert "Expected a dictionary" in ask.post("hwi-devices/", json=[1]).json()["non_field_errors"][0]
