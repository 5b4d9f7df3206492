"""Replacements and bulk orders, with the third kind of webhook."""

import pytest

STAGE = 20


@pytest.fixture
def pair(activate):
    """A cuff and a scale on one gateway."""
    return [activate(name).json() for name in ("Tenovi BPM - L", "Tenovi Scale")]


@pytest.fixture
def replace(ask, pair):
    def post(*names, device=0, **fields):
        body = {"device_types": [{"name": name} for name in names], "hwi_device_id": pair[device]["id"], **fields}
        return ask.post("hwi-replacements/", json=body)

    return post


def uuids(ask, pair):
    return [ask.get(f"hwi-devices/{each['id']}/").json()["device"]["hardware_uuid"] for each in pair]


def test_a_new_gateway_reaches_all_its_devices_when_it_ships(sim, ask, pair, replace):
    asked = replace("Gateway").json()
    assert (asked["shipping_status"], asked["fulfilled"]) == ("RQ", False)

    sim.advance(STAGE)
    assert uuids(ask, pair) == ["A1B2C3D4E5F6"] * 2
    sim.advance(STAGE)

    new = uuids(ask, pair)
    assert new[0] == new[1] != "A1B2C3D4E5F6"
    (log,) = ask.get("hardware-uuid-logs/", params={"object_id": pair[1]["id"]}).json()
    assert (log["old_hardware_uuid"], log["new_hardware_uuid"]) == ("A1B2C3D4E5F6", new[1])


def test_readings_carry_the_old_gateway_until_the_new_one_is_delivered(sim, ask, pair, replace):
    replace("Gateway")
    carried = []
    for _ in range(3):
        sim.advance(STAGE)
        sim.read([{"hwi_device_id": pair[1]["id"], "metric": "weight", "value_1": 150}])
        page = ask.get(f"hwi-devices/{pair[1]['id']}/measurements/", params={"page": 1}).json()
        carried.append(page["results"][0]["hardware_uuid"])

    assert carried == ["A1B2C3D4E5F6", "A1B2C3D4E5F6", uuids(ask, pair)[1]]


def test_the_swap_is_told_for_each_device_and_its_working_state_stays(sim, ask, pair, replace, hook, received):
    sim.advance(STAGE * 5)
    hook("FULFILLMENT")
    replace("Gateway")
    sim.advance(STAGE * 2)
    sim.deliver_webhooks()

    words = {body.get("status") or body["status "] for body in received.bodies}
    assert words == {"Replaced"}
    assert {body["hwi_device_id"] for body in received.bodies} == {each["id"] for each in pair}
    assert {body["device_id"] for body in received.bodies} == {"A1B2C3D4E5F6"}
    assert ask.get(f"hwi-devices/{pair[0]['id']}/").json()["status"] == "Connected"


def test_a_new_cuff_leaves_the_gateway_alone(sim, ask, pair, replace):
    replace("Tenovi BPM - L")
    sim.advance(STAGE * 3)

    assert uuids(ask, pair) == ["A1B2C3D4E5F6"] * 2


def test_a_pending_replacement_can_be_deleted_and_a_shipped_one_not(sim, ask, replace):
    early, late = replace("Gateway").json(), replace("Tenovi Scale", device=1).json()
    assert ask.delete(f"hwi-replacements/{early['id']}/").status_code == 204
    sim.advance(STAGE * 2)

    assert ask.delete(f"hwi-replacements/{late['id']}/").status_code == 400
    assert [each["id"] for each in ask.get("hwi-replacements/", params={"fulfilled": "true"}).json()] == [late["id"]]


def test_a_replacement_of_nothing_or_for_nobody_is_refused(ask, replace):
    assert "device_types" in replace("Toaster").json()
    assert "device_types" in replace().json()
    wrong = ask.post("hwi-replacements/", json={"device_types": [{"name": "Gateway"}], "hwi_device_id": "nobody"})
    assert (wrong.status_code, list(wrong.json())) == (400, ["hwi_device_id"])


def test_a_replacement_is_told_as_a_special_order(sim, pair, replace, received):
    sim.special_hook("https://rpm.example/orders/", auth_header="Token s")
    asked = replace("Gateway").json()
    sim.advance(STAGE * 3)
    sim.deliver_webhooks()

    assert [body["status"] for body in received.bodies] == ["Pending", "Pending", "Shipped", "Delivered"]
    assert {body["request_id"] for body in received.bodies} == {asked["id"]}
    assert {body["order_type"] for body in received.bodies} == {"RE"}
    assert received.bodies[0]["client_device_id"] == pair[0]["id"]
    assert received.bodies[0]["updated_on"] < received.bodies[-1]["updated_on"]


def test_a_bulk_order_brings_hardware_that_can_be_activated(sim, ask, activate, received):
    sim.special_hook("https://rpm.example/orders/")
    kit = [{"name": "Gateway", "quantity": 2, "kit_id": 1}, {"name": "Tenovi Scale", "quantity": 2, "kit_id": 1}]
    order = sim.place_bulk_order([*kit, {"name": "Tenovi Cellular BPM", "quantity": 1, "kit_id": 0}])
    sim.advance(STAGE * 3)
    sim.deliver_webhooks()

    shown = ask.get(f"hwi-bulk-orders/{order['id']}/").json()
    manifest = received.bodies[-1]["manifest"]
    assert (shown["shipping_status"], shown["fulfilled"]) == ("DE", True)
    assert [section["order_section"] for section in shown["manifest"]] == ["Kit 1", "Loose Items"]
    assert (len(manifest["gateway_ids"]), len(manifest["imeis"])) == (2, 1)
    assert activate("Tenovi Scale", manifest["gateway_ids"][0]).json()["status"] == "Delivered"
    assert activate("Tenovi Cellular BPM", manifest["imeis"][0]).json()["status"] == "Delivered"


def test_bulk_orders_are_always_paged_and_page_size_0_gives_all(sim, ask):
    for _ in range(3):
        sim.place_bulk_order([{"name": "Tenovi Scale", "quantity": 1, "kit_id": 0}])

    assert len(ask.get("hwi-bulk-orders/", params={"page_size": 2}).json()["results"]) == 2
    assert len(ask.get("hwi-bulk-orders/", params={"page_size": 0}).json()["results"]) == 3


def test_a_special_hook_is_not_listed_by_the_api(sim, ask):
    sim.special_hook("https://rpm.example/orders/")
    sim.special_hook("https://rpm.example/orders/", auth_header="Token new")

    assert ask.get("webhooks/").json() == []
    assert [each["auth_header"] for each in sim.world.store.all("webhook")] == ["Token new"]
