"""Scripted faults without a socket, and the control API that adds them."""

import time

import pytest

from devices.simulator import ConnectionFault, Simulator


def test_simulator_status_fault_applies_before_or_after_the_request(sim, vendor_api, order_device):
    body = {"device": {"name": "Tenovi Scale", "fulfillment_request": {}}}
    sim.faults.add("status", status=502, match={"method": "POST"})
    sim.faults.add("status", status=500, applied=True)

    assert vendor_api.post("hwi-devices/", json=body).status_code == 502
    assert sim.devices() == []
    assert vendor_api.post("hwi-devices/", json=body).status_code == 500
    assert len(sim.devices()) == 1
    assert [line["applied"] for line in sim.requests] == [False, True]


def test_simulator_fault_matches_method_path_and_key_a_limited_number_of_times(sim, vendor_api):
    sim.faults.add("status", status=503, times=2, match={"path_contains": "webhooks", "key": "key-people"})

    statuses = [vendor_api.get(path).status_code for path in ("hwi-devices/", "webhooks/", "webhooks/", "webhooks/")]

    assert statuses == [200, 503, 503, 200]


def test_simulator_fault_matches_the_query(sim, vendor_api):
    sim.faults.add("status", status=503, match={"path_contains": "hwi-devices", "query_contains": "external_id=pt-1"})

    queries = ("", "?patient__external_id=pt-2", "?patient__external_id=pt-1", "?patient__external_id=pt-1")
    statuses = [vendor_api.get(f"hwi-devices/{query}").status_code for query in queries]

    assert statuses == [200, 200, 503, 200]


def test_simulator_fault_can_set_headers_and_body(sim, vendor_api):
    sim.faults.add("status", status=429, headers={"Retry-After": "17"}, body={"detail": "slow"})
    answer = vendor_api.get("webhooks/")

    assert (answer.status_code, answer.headers["Retry-After"], answer.json()) == (429, "17", {"detail": "slow"})


@pytest.mark.parametrize(("kind", "applied"), [("reset_before", False), ("reset_after", True)])
def test_simulator_reset_fault_raises_without_a_socket(sim, vendor_api, kind, applied):
    sim.faults.add(kind)

    with pytest.raises(ConnectionFault):
        vendor_api.post("hwi-devices/", json={"device": {"name": "Tenovi Scale", "fulfillment_request": {}}})

    assert len(sim.devices()) == applied
    assert (sim.requests[0]["status"], sim.requests[0]["applied"]) == ("reset", applied)


@pytest.mark.parametrize(("kind", "content"), [("html", b"<!doctype"), ("garbage", b'{"count": 1')])
def test_simulator_html_and_garbage_faults_return_200(sim, vendor_api, kind, content):
    sim.faults.add(kind)
    answer = vendor_api.get("hwi-devices/")

    assert answer.status_code == 200
    assert answer.content.startswith(content)


def test_simulator_truncate_fault_sends_less_than_its_content_length(sim, vendor_api):
    sim.faults.add("truncate")
    answer = vendor_api.get("hwi-device-types/")

    assert len(answer.content) < int(answer.headers["Content-Length"])


def test_simulator_big_fault_returns_20_mebibytes(sim, vendor_api):
    sim.faults.add("big")

    assert len(vendor_api.get("hwi-devices/").content) > 20 * 1024 * 1024


def test_simulator_redirect_fault_points_to_another_host(sim, vendor_api):
    sim.faults.add("redirect", status=307)
    answer = vendor_api.get("hwi-devices/")

    assert (answer.status_code, answer.headers["Location"]) == (307, "https://evil.example/login")


def test_simulator_foreign_next_fault_has_the_same_page_number(sim, vendor_api):
    for _ in range(3):
        sim.add_device()
    sim.faults.add("foreign_next")
    page = vendor_api.get("hwi-devices/", params={"page": 2, "page_size": 1}).json()

    assert page["next"] == "https://evil.example/steal/?page=3&page_size=1"


@pytest.mark.parametrize("kind", ["delay_before", "delay_after"])
def test_simulator_delay_fault_delays_the_response(sim, vendor_api, kind):
    sim.faults.add(kind, seconds=0.15)
    started = time.monotonic()

    assert vendor_api.get("webhooks/").status_code == 200
    assert time.monotonic() - started >= 0.15


def test_simulator_control_api_requires_its_token(control_api):
    assert control_api.get("faults", headers={"X-Control": "guess"}).status_code == 403


def test_simulator_control_api_adds_lists_and_clears_faults(control_api, vendor_api):
    control_api.post("faults", json={"kind": "status", "status": 503, "times": None})
    assert vendor_api.get("webhooks/").status_code == 503
    assert control_api.get("faults").json()[0]["status"] == 503

    control_api.delete("faults")

    assert vendor_api.get("webhooks/").status_code == 200
    assert control_api.post("faults", json={"kind": "earthquake"}).status_code == 400


def test_simulator_control_api_shows_and_clears_the_request_log(control_api, vendor_api):
    vendor_api.get("webhooks/")
    assert [line["path"] for line in control_api.get("requests").json()] == ["/clients/acme-rpm/hwi/webhooks/"]

    control_api.delete("requests")

    assert control_api.get("requests").json() == []


def test_simulator_control_api_creates_devices_readings_and_statuses(control_api, vendor_api):
    device = control_api.post("device", json={"external_id": "pt-9", "name": "Tenovi Scale"}).json()
    control_api.post("reading", json={"hwi_device_id": device["id"], "metric": "weight", "value_1": 150})
    control_api.post(
        "readings", json=[{"hwi_device_id": device["id"], "metric": "weight", "value_1": n} for n in (1, 2)]
    )
    control_api.post("status", json={"hwi_device_id": device["id"], "status": "Returned"})

    assert vendor_api.get("patients/pt-9/measurements/", params={"page": 1}).json()["count"] == 3
    assert vendor_api.get(f"hwi-devices/{device['id']}/").json()["status"] == "Returned"
    assert control_api.post("status", json={"hwi_device_id": "nobody", "status": "x"}).status_code == 404


def test_simulator_control_api_advances_the_clock_and_configures_webhooks(control_api, order_device, register_webhook):
    register_webhook("FULFILLMENT")
    order_device()

    assert control_api.post("advance", json={"seconds": 40}).json() == {"steps": 2}
    assert control_api.get("webhooks").json()["waiting"] == 3
    assert control_api.post("webhooks", json={"drop_rate": 1.0, "pause": True}).json()["pause"] is True
    assert control_api.post("limits", json={"gap_seconds": 0.5}).json()["gap_seconds"] == 0.5


def test_simulator_control_api_lists_and_adds_free_hardware(control_api, activate_device):
    activate_device()
    control_api.post("gateways", json={"gateway_uuid": "0123-4567-89ab"})

    free = control_api.get("gateways").json()
    assert "A1B2C3D4E5F6" not in free
    assert {"B2C3D4E5F6A1", "0123456789AB", "356000000000018"} <= set(free)


def test_simulator_control_api_reset_clears_all_data(sim, control_api, order_device):
    order_device()
    control_api.post("reset")

    assert (sim.devices(), list(sim.requests)) == ([], [])
    assert "A1B2C3D4E5F6" in sim.free_gateways()


def test_simulator_state_file_survives_a_restart(tmp_path):
    path = tmp_path / "vendor.sqlite3"
    first = Simulator(state_path=path)
    device = first.add_device(external_id="pt-1")
    first.add_readings([{"hwi_device_id": device["id"], "metric": "weight", "value_1": 150}])
    first.close()

    second = Simulator(state_path=path)
    another = second.add_device(external_id="pt-2")

    assert second.device(device["id"])["last_measurement"]
    assert second.state.store.count_measurements() == 1
    assert another["id"] != device["id"]
    second.close()
