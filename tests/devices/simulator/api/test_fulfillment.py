"""Order lifecycle of the simulator: stages, REST first and webhooks afterwards."""

import pytest

from tests.timeouts import WAIT_TIMEOUT_SECONDS

STAGE = 20
STAGES = ["Dropship Requested", "Ready to Ship", "Shipped", "Delivered", "Connected"]


def current_status(ask, device):
    word = ask.get(f"hwi-devices/{device['id']}/").json()["status"]
    return {"Dropshipped": "Shipped"}.get(word, word)


def test_simulator_dropship_advances_stage_by_stage_to_connected(sim, vendor_api, order_device):
    device = order_device()
    seen = [current_status(vendor_api, device)]
    for _ in range(4):
        sim.advance(STAGE)
        seen.append(current_status(vendor_api, device))

    assert seen == STAGES


def test_simulator_shipping_sets_hardware_id_and_tracking_link(sim, vendor_api, order_device):
    device = order_device()
    sim.advance(STAGE * 2)

    shipped = vendor_api.get(f"hwi-devices/{device['id']}/").json()["device"]
    assert len(shipped["hardware_uuid"]) == 12
    assert shipped["fulfillment_request"]["fulfilled"] is True
    assert shipped["fulfillment_request"]["shipping_status"] == "SH"
    assert shipped["fulfillment_request"]["shipping_tracking_link"].startswith("https://carrier.example/")


def test_simulator_orders_of_one_patient_and_address_share_a_gateway(sim, vendor_api, order_device):
    kit = [order_device(name) for name in ("Tenovi BPM - L", "Tenovi Scale")]
    elsewhere = order_device("Tenovi Pulse Ox", shipping_address="1 Other Street")
    sim.advance(STAGE * 2)

    uuids = [
        vendor_api.get(f"hwi-devices/{each['id']}/").json()["device"]["hardware_uuid"] for each in [*kit, elsewhere]
    ]
    assert uuids[0] == uuids[1] != uuids[2]


def test_simulator_orders_with_the_same_sensor_code_are_flagged_and_share_no_gateway(sim, vendor_api, order_device):
    first, second = order_device("Tenovi BPM - L"), order_device("Tenovi BPM - S")
    sim.advance(STAGE * 2)

    uuids = [vendor_api.get(f"hwi-devices/{each['id']}/").json()["device"]["hardware_uuid"] for each in (first, second)]
    assert uuids[0] != uuids[1]
    assert not first["device"]["fulfillment_request"]["duplicate_device_at_address"]
    assert second["device"]["fulfillment_request"]["duplicate_device_at_address"]


def test_simulator_add_on_order_uses_the_named_gateway(sim, vendor_api, order_device, activate_device):
    activate_device()
    device = order_device("Tenovi Scale", hardware_uuid="A1B2-C3D4-E5F6")
    sim.advance(STAGE * 4)

    shown = vendor_api.get(f"hwi-devices/{device['id']}/").json()
    assert (shown["status"], shown["device"]["hardware_uuid"]) == ("Connected", "A1B2C3D4E5F6")


def test_simulator_cellular_device_gets_an_imei_with_a_valid_check_digit(sim, vendor_api, order_device):
    device = order_device("Tenovi Cellular BPM")
    sim.advance(STAGE * 2)

    imei = vendor_api.get(f"hwi-devices/{device['id']}/").json()["device"]["hardware_uuid"]
    doubled = [int(d) * (1 + n % 2) for n, d in enumerate(imei)]
    assert len(imei) == 15
    assert sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


@pytest.mark.parametrize("ship_to", [{"shipping_address": "9 Elm CLIENTACTION"}, {"shipping_zip_code": "00000"}])
def test_simulator_order_with_a_bad_address_stays_in_client_action_required(sim, vendor_api, order_device, ship_to):
    device = order_device(**ship_to)
    sim.advance(STAGE * 9)

    shown = vendor_api.get(f"hwi-devices/{device['id']}/").json()
    assert shown["status"] == "Client Action Required"
    assert shown["device"]["fulfillment_request"]["shipping_status"] == "CR"
    assert "Address not found" in shown["device"]["fulfillment_request"]["invalid_address"]


def test_simulator_order_shipped_by_the_client_stays_pending_until_shipped(sim, vendor_api, order_device):
    device = order_device(client_will_fulfill=True)
    sim.advance(STAGE * 9)
    assert current_status(vendor_api, device) == "Pending Shipment"

    sim.ship(device["id"])

    assert current_status(vendor_api, device) == "Shipped"


def test_simulator_connected_device_sends_its_first_readings(sim, vendor_api, order_device):
    order_device()
    sim.advance(STAGE * 10)

    readings = vendor_api.get("patients/pt-7f3c/measurements/", params={"page": 1}).json()
    assert readings["count"] == 4
    assert {row["metric"] for row in readings["results"]} == {"weight"}


def test_simulator_unlinked_device_does_not_advance(sim, vendor_api, order_device):
    device = order_device()
    vendor_api.get(f"unlink-gateway/{device['id']}/")
    sim.advance(STAGE * 9)

    assert current_status(vendor_api, device) == "Unlinked"
    assert vendor_api.get("patients/pt-7f3c/measurements/", params={"page": 1}).json()["count"] == 0


def test_simulator_status_webhook_is_sent_after_rest_shows_the_status(sim, vendor_api, register_webhook, order_device):
    register_webhook("FULFILLMENT")
    seen = []

    def sender(endpoint, headers, body):
        seen.append((body, current_status(vendor_api, device)))
        return 204

    device = order_device()
    sim.webhooks.sender = sender
    for _ in range(4):
        sim.deliver_webhooks()
        sim.advance(STAGE)
    sim.deliver_webhooks()

    assert [shown for _, shown in seen] == STAGES


def test_simulator_status_webhooks_sometimes_have_stray_spaces_and_links_without_scheme(
    sim, register_webhook, order_device, received_webhooks
):
    register_webhook("FULFILLMENT")
    for n in range(12):
        order_device(patient=f"pt-{n}")
    sim.advance(STAGE * 4)
    sim.deliver_webhooks()

    keys = {key for body in received_webhooks.bodies for key in body if key.strip() == "status"}
    links = [body["tracking_link"] for body in received_webhooks.bodies if body["tracking_link"]]
    assert keys == {"status", "status "}
    assert {link.startswith("https://") for link in links} == {True, False}
    assert not any("device_id" in body for body in received_webhooks.bodies)


def test_simulator_unlink_webhook_contains_the_previous_hardware_id(
    sim, vendor_api, register_webhook, activate_device, received_webhooks
):
    register_webhook("FULFILLMENT")
    vendor_api.get(f"unlink-gateway/{activate_device().json()['id']}/")
    sim.deliver_webhooks()

    (body,) = received_webhooks.bodies
    assert (body["hardware_uuid"], body["device_id"]) == (None, "A1B2C3D4E5F6")


def test_simulator_threads_advance_orders_once_started(sim, vendor_api, order_device):
    sim.state.stage_seconds = 0.05
    device = order_device()
    sim.start()
    try:
        deadline = sim.state.clock.now().timestamp() + WAIT_TIMEOUT_SECONDS
        while current_status(vendor_api, device) != "Connected":
            assert sim.state.clock.now().timestamp() < deadline
    finally:
        sim.stop()


def test_simulator_order_in_client_action_required_advances_after_correction(sim, vendor_api, order_device):
    device = order_device(shipping_zip_code="00000")
    sim.advance(STAGE * 3)
    sim.set_status(device["id"], "Ready to Ship", moving=True)
    sim.advance(STAGE * 3)

    assert current_status(vendor_api, device) == "Connected"


@pytest.mark.parametrize(("released", "status"), [(True, "Ready to Ship"), (False, "Client Action Required")])
@pytest.mark.parametrize("changes", [{"address": "9 Elm Ct"}, {"confirm_address": True}])
def test_simulator_order_with_a_bad_address_knows_both_answers_to_its_correction(
    sim, vendor_api, order_device, released, status, changes
):
    sim.set_corrected_orders(released=released)
    device = order_device(shipping_address="CLIENTACTION 1")
    sim.advance(STAGE)
    person = {"address": "CLIENTACTION 1", "city": "Dover", "state": "NH", "zip_code": "03820", **changes}

    vendor_api.patch("hwi-patients/pt-7f3c/", json=person)

    assert vendor_api.get(f"hwi-devices/{device['id']}/").json()["status"] == status
