"""A parcel's way, told by REST first and by webhook after."""

import pytest

from tests.patience import PATIENCE_SECONDS

STAGE = 20
WAY = ["Dropship Requested", "Ready to Ship", "Shipped", "Delivered", "Connected"]


def status(ask, device):
    word = ask.get(f"hwi-devices/{device['id']}/").json()["status"]
    return {"Dropshipped": "Shipped"}.get(word, word)


def test_a_dropship_goes_one_stage_at_a_time_to_connected(sim, ask, order):
    device = order()
    seen = [status(ask, device)]
    for _ in range(4):
        sim.advance(STAGE)
        seen.append(status(ask, device))

    assert seen == WAY


def test_the_hardware_and_the_tracking_link_come_with_the_shipping(sim, ask, order):
    device = order()
    sim.advance(STAGE * 2)

    shipped = ask.get(f"hwi-devices/{device['id']}/").json()["device"]
    assert len(shipped["hardware_uuid"]) == 12
    assert shipped["fulfillment_request"]["fulfilled"] is True
    assert shipped["fulfillment_request"]["shipping_status"] == "SH"
    assert shipped["fulfillment_request"]["shipping_tracking_link"].startswith("https://carrier.example/")


def test_orders_of_one_patient_and_address_travel_on_one_gateway(sim, ask, order):
    kit = [order(name) for name in ("Tenovi BPM - L", "Tenovi Scale")]
    elsewhere = order("Tenovi Pulse Ox", shipping_address="1 Other Street")
    sim.advance(STAGE * 2)

    uuids = [ask.get(f"hwi-devices/{each['id']}/").json()["device"]["hardware_uuid"] for each in [*kit, elsewhere]]
    assert uuids[0] == uuids[1] != uuids[2]


def test_two_of_one_sensor_code_are_flagged_and_never_share_a_gateway(sim, ask, order):
    first, second = order("Tenovi BPM - L"), order("Tenovi BPM - S")
    sim.advance(STAGE * 2)

    uuids = [ask.get(f"hwi-devices/{each['id']}/").json()["device"]["hardware_uuid"] for each in (first, second)]
    assert uuids[0] != uuids[1]
    assert not first["device"]["fulfillment_request"]["duplicate_device_at_address"]
    assert second["device"]["fulfillment_request"]["duplicate_device_at_address"]


def test_an_add_on_device_joins_the_gateway_that_was_named(sim, ask, order, activate):
    activate()
    device = order("Tenovi Scale", hardware_uuid="A1B2-C3D4-E5F6")
    sim.advance(STAGE * 4)

    shown = ask.get(f"hwi-devices/{device['id']}/").json()
    assert (shown["status"], shown["device"]["hardware_uuid"]) == ("Connected", "A1B2C3D4E5F6")


def test_a_cellular_device_gets_an_imei_that_passes_its_check_digit(sim, ask, order):
    device = order("Tenovi Cellular BPM")
    sim.advance(STAGE * 2)

    imei = ask.get(f"hwi-devices/{device['id']}/").json()["device"]["hardware_uuid"]
    doubled = [int(d) * (1 + n % 2) for n, d in enumerate(imei)]
    assert len(imei) == 15
    assert sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


@pytest.mark.parametrize("ship_to", [{"shipping_address": "9 Elm CLIENTACTION"}, {"shipping_zip_code": "00000"}])
def test_an_address_that_cannot_be_delivered_to_waits_for_the_client(sim, ask, order, ship_to):
    device = order(**ship_to)
    sim.advance(STAGE * 9)

    shown = ask.get(f"hwi-devices/{device['id']}/").json()
    assert shown["status"] == "Client Action Required"
    assert shown["device"]["fulfillment_request"]["shipping_status"] == "CR"
    assert "Address not found" in shown["device"]["fulfillment_request"]["invalid_address"]


def test_what_the_client_ships_waits_until_it_is_shipped(sim, ask, order):
    device = order(client_will_fulfill=True)
    sim.advance(STAGE * 9)
    assert status(ask, device) == "Pending Shipment"

    sim.ship(device["id"])

    assert status(ask, device) == "Shipped"


def test_first_readings_follow_the_connecting_one(sim, ask, order):
    order()
    sim.advance(STAGE * 10)

    readings = ask.get("patients/pt-7f3c/measurements/", params={"page": 1}).json()
    assert readings["count"] == 4
    assert {row["metric"] for row in readings["results"]} == {"weight"}


def test_an_unlinked_device_moves_no_more(sim, ask, order):
    device = order()
    ask.get(f"unlink-gateway/{device['id']}/")
    sim.advance(STAGE * 9)

    assert status(ask, device) == "Unlinked"
    assert ask.get("patients/pt-7f3c/measurements/", params={"page": 1}).json()["count"] == 0


def test_each_stage_is_told_after_rest_shows_it(sim, ask, hook, order):
    hook("FULFILLMENT")
    seen = []

    def sender(endpoint, headers, body):
        seen.append((body, status(ask, device)))
        return 204

    device = order()
    sim.webhooks.sender = sender
    for _ in range(4):
        sim.deliver_webhooks()
        sim.advance(STAGE)
    sim.deliver_webhooks()

    assert [shown for _, shown in seen] == WAY


def test_status_webhooks_have_stray_spaces_and_links_without_a_scheme_now_and_then(sim, hook, order, received):
    hook("FULFILLMENT")
    for n in range(12):
        order(patient=f"pt-{n}")
    sim.advance(STAGE * 4)
    sim.deliver_webhooks()

    keys = {key for body in received.bodies for key in body if key.strip() == "status"}
    links = [body["tracking_link"] for body in received.bodies if body["tracking_link"]]
    assert keys == {"status", "status "}
    assert {link.startswith("https://") for link in links} == {True, False}
    assert not any("device_id" in body for body in received.bodies)


def test_unlinking_is_told_with_the_previous_hardware(sim, ask, hook, activate, received):
    hook("FULFILLMENT")
    ask.get(f"unlink-gateway/{activate().json()['id']}/")
    sim.deliver_webhooks()

    (body,) = received.bodies
    assert (body["hardware_uuid"], body["device_id"]) == (None, "A1B2C3D4E5F6")


def test_threads_move_parcels_by_themselves_once_started(sim, ask, order):
    sim.world.stage_seconds = 0.05
    device = order()
    sim.start()
    try:
        deadline = sim.world.clock.now().timestamp() + PATIENCE_SECONDS
        while status(ask, device) != "Connected":
            assert sim.world.clock.now().timestamp() < deadline
    finally:
        sim.stop()


def test_a_parcel_that_waited_for_the_client_goes_on_once_somebody_sets_it_right(sim, ask, order):
    device = order(shipping_zip_code="00000")
    sim.advance(STAGE * 3)
    sim.set_status(device["id"], "Ready to Ship", moving=True)
    sim.advance(STAGE * 3)

    assert status(ask, device) == "Connected"
