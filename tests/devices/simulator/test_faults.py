"""Scripted trouble without a socket, and the control endpoint that scripts it."""

import time

import pytest

from devices.simulator import Simulator, WireFault


def test_a_status_can_come_before_or_after_the_request_took_effect(sim, ask, order):
    body = {"device": {"name": "Tenovi Scale", "fulfillment_request": {}}}
    sim.faults.add("status", status=502, match={"method": "POST"})
    sim.faults.add("status", status=500, applied=True)

    assert ask.post("hwi-devices/", json=body).status_code == 502
    assert sim.devices() == []
    assert ask.post("hwi-devices/", json=body).status_code == 500
    assert len(sim.devices()) == 1
    assert [line["applied"] for line in sim.requests] == [False, True]


def test_a_fault_fits_its_method_path_and_key_and_is_used_up(sim, ask):
    sim.faults.add("status", status=503, times=2, match={"path_contains": "webhooks", "key": "key-people"})

    statuses = [ask.get(path).status_code for path in ("hwi-devices/", "webhooks/", "webhooks/", "webhooks/")]

    assert statuses == [200, 503, 503, 200]


def test_headers_and_bodies_can_be_scripted(sim, ask):
    sim.faults.add("status", status=429, headers={"Retry-After": "17"}, body={"detail": "slow"})
    answer = ask.get("webhooks/")

    assert (answer.status_code, answer.headers["Retry-After"], answer.json()) == (429, "17", {"detail": "slow"})


@pytest.mark.parametrize(("kind", "applied"), [("reset_before", False), ("reset_after", True)])
def test_a_reset_surfaces_as_itself_without_a_socket(sim, ask, kind, applied):
    sim.faults.add(kind)

    with pytest.raises(WireFault):
        ask.post("hwi-devices/", json={"device": {"name": "Tenovi Scale", "fulfillment_request": {}}})

    assert len(sim.devices()) == applied
    assert (sim.requests[0]["status"], sim.requests[0]["applied"]) == ("reset", applied)


@pytest.mark.parametrize(("kind", "content"), [("html", b"<!doctype"), ("garbage", b'{"count": 1')])
def test_nonsense_comes_with_200(sim, ask, kind, content):
    sim.faults.add(kind)
    answer = ask.get("hwi-devices/")

    assert answer.status_code == 200
    assert answer.content.startswith(content)


def test_a_truncated_answer_promises_more_than_it_holds(sim, ask):
    sim.faults.add("truncate")
    answer = ask.get("hwi-device-types/")

    assert len(answer.content) < int(answer.headers["Content-Length"])


def test_a_big_answer_has_20_mebibytes(sim, ask):
    sim.faults.add("big")

    assert len(ask.get("hwi-devices/").content) > 20 * 1024 * 1024


def test_a_redirect_names_another_host(sim, ask):
    sim.faults.add("redirect", status=307)
    answer = ask.get("hwi-devices/")

    assert (answer.status_code, answer.headers["Location"]) == (307, "https://evil.example/login")


def test_next_can_be_hostile_and_keeps_its_page_number(sim, ask):
    for _ in range(3):
        sim.add_device()
    sim.faults.add("foreign_next")
    page = ask.get("hwi-devices/", params={"page": 2, "page_size": 1}).json()

    assert page["next"] == "https://evil.example/steal/?page=3&page_size=1"


@pytest.mark.parametrize("kind", ["delay_before", "delay_after"])
def test_delays_hold_the_answer(sim, ask, kind):
    sim.faults.add(kind, seconds=0.15)
    started = time.monotonic()

    assert ask.get("webhooks/").status_code == 200
    assert time.monotonic() - started >= 0.15


def test_control_wants_its_token(control):
    assert control.get("faults", headers={"X-Control": "guess"}).status_code == 403


def test_control_scripts_lists_and_clears_faults(control, ask):
    control.post("faults", json={"kind": "status", "status": 503, "times": None})
    assert ask.get("webhooks/").status_code == 503
    assert control.get("faults").json()[0]["status"] == 503

    control.delete("faults")

    assert ask.get("webhooks/").status_code == 200
    assert control.post("faults", json={"kind": "earthquake"}).status_code == 400


def test_control_shows_and_empties_the_log(control, ask):
    ask.get("webhooks/")
    assert [line["path"] for line in control.get("requests").json()] == ["/clients/acme-rpm/hwi/webhooks/"]

    control.delete("requests")

    assert control.get("requests").json() == []


def test_control_makes_devices_readings_and_statuses(control, ask):
    device = control.post("device", json={"external_id": "pt-9", "name": "Tenovi Scale"}).json()
    control.post("reading", json={"hwi_device_id": device["id"], "metric": "weight", "value_1": 150})
    control.post("readings", json=[{"hwi_device_id": device["id"], "metric": "weight", "value_1": n} for n in (1, 2)])
    control.post("status", json={"hwi_device_id": device["id"], "status": "Returned"})

    assert ask.get("patients/pt-9/measurements/", params={"page": 1}).json()["count"] == 3
    assert ask.get(f"hwi-devices/{device['id']}/").json()["status"] == "Returned"
    assert control.post("status", json={"hwi_device_id": "nobody", "status": "x"}).status_code == 404


def test_control_moves_the_clock_and_the_webhooks(control, order, hook):
    hook("FULFILLMENT")
    order()

    assert control.post("advance", json={"seconds": 40}).json() == {"steps": 2}
    assert control.get("webhooks").json()["waiting"] == 3
    assert control.post("webhooks", json={"drop_rate": 1.0, "pause": True}).json()["pause"] is True
    assert control.post("limits", json={"gap_seconds": 0.5}).json()["gap_seconds"] == 0.5


def test_control_lists_free_hardware_and_adds_some(control, activate):
    activate()
    control.post("gateways", json={"gateway_uuid": "0123-4567-89ab"})

    free = control.get("gateways").json()
    assert "A1B2C3D4E5F6" not in free
    assert {"B2C3D4E5F6A1", "0123456789AB", "356000000000018"} <= set(free)


def test_reset_begins_again(sim, control, order):
    order()
    control.post("reset")

    assert (sim.devices(), list(sim.requests)) == ([], [])
    assert "A1B2C3D4E5F6" in sim.free_gateways()


def test_a_state_file_outlives_its_process(tmp_path):
    path = tmp_path / "vendor.sqlite3"
    first = Simulator(state=path)
    device = first.add_device(external_id="pt-1")
    first.read([{"hwi_device_id": device["id"], "metric": "weight", "value_1": 150}])
    first.close()

    second = Simulator(state=path)
    another = second.add_device(external_id="pt-2")

    assert second.device(device["id"])["last_measurement"]
    assert second.world.store.count_measurements() == 1
    assert another["id"] != device["id"]
    second.close()
