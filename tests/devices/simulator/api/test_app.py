"""Authentication, routing and rate limit of the simulated API."""

import pytest

from tests.devices.simulator.conftest import BASE, create_client


def test_simulator_redirects_a_missing_slash_before_authentication(vendor_api):
    answer = vendor_api.get("hwi-devices", params={"page": "1"}, headers={"Authorization": "none"})

    assert answer.status_code == 301
    assert answer.headers["Location"] == "/clients/acme-rpm/hwi/hwi-devices/?page=1"


@pytest.mark.parametrize("header", ["", "api-key key-people", "Bearer key-people", "Api-Key wrong", "Api-Key"])
def test_simulator_returns_401_for_a_wrong_or_missing_key(vendor_api, header):
    answer = vendor_api.get("hwi-devices/", headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.json()["detail"]


def test_simulator_returns_403_for_another_client_domain(vendor_api):
    assert vendor_api.get("https://api2.tenovi.com/clients/other/hwi/hwi-devices/").status_code == 403


def test_simulator_returns_an_html_404_for_an_unknown_path(vendor_api):
    answer = vendor_api.get("hwi-nothing/")

    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "unlink-gateway/1/"), ("POST", "hwi-bulk-orders/"), ("PUT", "hwi-devices/")]
)
def test_simulator_returns_405_with_allowed_methods(vendor_api, method, path):
    answer = vendor_api.request(method, path)

    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_simulator_rate_limit_returns_429_for_a_second_request_within_the_gap(sim, vendor_api, manual_clock):
    sim.throttle.gap_seconds = 1.0

    first, second = vendor_api.get("hwi-device-types/"), vendor_api.get("hwi-device-types/")

    assert (first.status_code, second.status_code) == (200, 429)
    assert second.headers["Retry-After"] == "1"


def test_simulator_rate_limit_is_per_api_key(sim, vendor_api):
    sim.throttle.gap_seconds = 1.0

    with create_client(sim, "key-background") as background:
        assert [vendor_api.get("webhooks/").status_code, background.get("webhooks/").status_code] == [200, 200]


def test_simulator_rate_limit_ignores_refused_requests(sim, vendor_api, manual_clock):
    sim.throttle.gap_seconds = 1.0
    vendor_api.get("webhooks/")
    manual_clock.now += 0.9
    assert vendor_api.get("webhooks/").status_code == 429

    manual_clock.now += 0.1

    assert vendor_api.get("webhooks/").status_code == 200


def test_simulator_retry_after_is_seconds_or_a_date(sim, vendor_api, manual_clock):
    sim.throttle.gap_seconds = 60
    vendor_api.get("webhooks/")

    seconds, date = (vendor_api.get("webhooks/").headers["Retry-After"] for _ in range(2))

    assert seconds == "60"
    assert date.endswith("GMT")


def test_simulator_request_log_records_every_request_and_whether_it_was_applied(sim, vendor_api, order_device):
    order_device()
    vendor_api.get("hwi-devices/nobody/")

    ordered, asked = sim.requests
    assert (ordered["method"], ordered["status"], ordered["applied"]) == ("POST", 201, True)
    assert (asked["path"], asked["status"], asked["applied"]) == (
        "/clients/acme-rpm/hwi/hwi-devices/nobody/",
        404,
        False,
    )
    assert ordered["at"] <= asked["at"]
    assert sim.requests.smallest_gap("key-people") == asked["at"] - ordered["at"]


def test_simulator_rejects_a_body_that_is_no_json_object_like_drf(vendor_api):
    assert vendor_api.post(f"{BASE}hwi-devices/", content=b"{nope").json()["detail"].startswith("JSON parse error")
    assert "Expected a dictionary" in vendor_api.post("hwi-devices/", json=[1]).json()["non_field_errors"][0]
