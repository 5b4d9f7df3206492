"""Replacements and bulk orders of the simulator, with special-order webhooks."""

import pytest

from tests.devices.simulator.conftest import SHIP_TO

STAGE = 20


@pytest.fixture
def cuff_and_scale(activate_device):
    """A cuff and a scale on one gateway."""
    return [activate_device(name).json() for name in ("Tenovi BPM - L", "Tenovi Scale")]


@pytest.fixture
def request_replacement(vendor_api, cuff_and_scale):
    def post(*names, device=0, **fields):
        body = {
            "device_types": [{"name": name} for name in names],
            "hwi_device_id": cuff_and_scale[device]["id"],
            **SHIP_TO,
            **fields,
        }
        return vendor_api.post("hwi-replacements/", json=body)

    return post


def hardware_ids(ask, pair):
    return [ask.get(f"hwi-devices/{each['id']}/").json()["device"]["hardware_uuid"] for each in pair]


def test_simulator_gateway_replacement_updates_all_its_devices_when_shipped(
    sim, vendor_api, cuff_and_scale, request_replacement
):
    asked = request_replacement("Gateway").json()
    assert (asked["shipping_status"], asked["fulfilled"]) == ("RQ", False)

    sim.advance(STAGE)
    assert hardware_ids(vendor_api, cuff_and_scale) == ["A1B2C3D4E5F6"] * 2
    sim.advance(STAGE)

    new = hardware_ids(vendor_api, cuff_and_scale)
    assert new[0] == new[1] != "A1B2C3D4E5F6"
    (log,) = vendor_api.get("hardware-uuid-logs/", params={"object_id": cuff_and_scale[1]["id"]}).json()
    assert (log["old_hardware_uuid"], log["new_hardware_uuid"]) == ("A1B2C3D4E5F6", new[1])


def test_simulator_readings_carry_the_old_gateway_until_the_replacement_is_delivered(
    sim, vendor_api, cuff_and_scale, request_replacement
):
    request_replacement("Gateway")
    carried = []
    for _ in range(3):
        sim.advance(STAGE)
        sim.add_readings([{"hwi_device_id": cuff_and_scale[1]["id"], "metric": "weight", "value_1": 150}])
        page = vendor_api.get(f"hwi-devices/{cuff_and_scale[1]['id']}/measurements/", params={"page": 1}).json()
        carried.append(page["results"][0]["hardware_uuid"])

    assert carried == ["A1B2C3D4E5F6", "A1B2C3D4E5F6", hardware_ids(vendor_api, cuff_and_scale)[1]]


def test_simulator_replacement_sends_a_webhook_per_device_with_unchanged_status(
    sim, vendor_api, cuff_and_scale, request_replacement, register_webhook, received_webhooks
):
    sim.advance(STAGE * 5)
    register_webhook("FULFILLMENT")
    request_replacement("Gateway")
    sim.advance(STAGE * 2)
    sim.deliver_webhooks()

    words = {body.get("status") or body["status "] for body in received_webhooks.bodies}
    assert words == {"Replaced"}
    assert {body["hwi_device_id"] for body in received_webhooks.bodies} == {each["id"] for each in cuff_and_scale}
    assert {body["device_id"] for body in received_webhooks.bodies} == {"A1B2C3D4E5F6"}
    assert vendor_api.get(f"hwi-devices/{cuff_and_scale[0]['id']}/").json()["status"] == "Connected"


def test_simulator_cuff_replacement_does_not_change_the_gateway(sim, vendor_api, cuff_and_scale, request_replacement):
    request_replacement("Tenovi BPM - L")
    sim.advance(STAGE * 3)

    assert hardware_ids(vendor_api, cuff_and_scale) == ["A1B2C3D4E5F6"] * 2


def test_simulator_replacement_can_be_deleted_only_before_shipping(sim, vendor_api, request_replacement):
    early, late = request_replacement("Gateway").json(), request_replacement("Tenovi Scale", device=1).json()
    assert vendor_api.delete(f"hwi-replacements/{early['id']}/").status_code == 204
    sim.advance(STAGE * 2)

    assert vendor_api.delete(f"hwi-replacements/{late['id']}/").status_code == 400
    assert [each["id"] for each in vendor_api.get("hwi-replacements/", params={"fulfilled": "true"}).json()] == [
        late["id"]
    ]


def test_simulator_replacement_with_unknown_type_or_device_is_refused(vendor_api, request_replacement):
    assert "device_types" in request_replacement("Toaster").json()
    assert "device_types" in request_replacement().json()
    body = {"device_types": [{"name": "Gateway"}], "hwi_device_id": "unknown", **SHIP_TO}
    wrong = vendor_api.post("hwi-replacements/", json=body)
    assert (wrong.status_code, list(wrong.json())) == (400, ["hwi_device_id"])


def test_simulator_replacement_sends_special_order_webhooks(
    sim, cuff_and_scale, request_replacement, received_webhooks
):
    sim.register_special_order_webhook("https://rpm.example/orders/", auth_header="Token s")
    asked = request_replacement("Gateway").json()
    sim.advance(STAGE * 3)
    sim.deliver_webhooks()

    assert [body["status"] for body in received_webhooks.bodies] == ["Pending", "Pending", "Shipped", "Delivered"]
    assert {body["request_id"] for body in received_webhooks.bodies} == {asked["id"]}
    assert {body["order_type"] for body in received_webhooks.bodies} == {"RE"}
    assert received_webhooks.bodies[0]["client_device_id"] == cuff_and_scale[0]["id"]
    assert received_webhooks.bodies[0]["updated_on"] < received_webhooks.bodies[-1]["updated_on"]


def test_simulator_bulk_order_delivers_hardware_that_can_be_activated(
    sim, vendor_api, activate_device, received_webhooks
):
    sim.register_special_order_webhook("https://rpm.example/orders/")
    kit = [{"name": "Gateway", "quantity": 2, "kit_id": 1}, {"name": "Tenovi Scale", "quantity": 2, "kit_id": 1}]
    order = sim.place_bulk_order([*kit, {"name": "Tenovi Cellular BPM", "quantity": 1, "kit_id": 0}])
    sim.advance(STAGE * 3)
    sim.deliver_webhooks()

    shown = vendor_api.get(f"hwi-bulk-orders/{order['id']}/").json()
    manifest = received_webhooks.bodies[-1]["manifest"]
    assert (shown["shipping_status"], shown["fulfilled"]) == ("DE", True)
    assert [section["order_section"] for section in shown["manifest"]] == ["Kit 1", "Loose Items"]
    assert (len(manifest["gateway_ids"]), len(manifest["imeis"])) == (2, 1)
    assert activate_device("Tenovi Scale", manifest["gateway_ids"][0]).json()["status"] == "Delivered"
    assert activate_device("Tenovi Cellular BPM", manifest["imeis"][0]).json()["status"] == "Delivered"


def test_simulator_bulk_order_list_is_paged_and_page_size_0_returns_all(sim, vendor_api):
    for _ in range(3):
        sim.place_bulk_order([{"name": "Tenovi Scale", "quantity": 1, "kit_id": 0}])

    assert len(vendor_api.get("hwi-bulk-orders/", params={"page_size": 2}).json()["results"]) == 2
    assert len(vendor_api.get("hwi-bulk-orders/", params={"page_size": 0}).json()["results"]) == 3


def test_simulator_special_order_webhook_is_not_listed_by_the_api(sim, vendor_api):
    sim.register_special_order_webhook("https://rpm.example/orders/")
    sim.register_special_order_webhook("https://rpm.example/orders/", auth_header="Token new")

    assert vendor_api.get("webhooks/").json() == []
    assert [each["auth_header"] for each in sim.state.store.all("webhook")] == ["Token new"]
