"""HWI devices of the simulator: activation, patients, unlinking, deletion, lists."""

import pytest


def test_simulator_dropship_returns_201_in_the_vendor_format(order_device):
    device = order_device("Tenovi Scale", client_notes="ref 7Q2")

    assert device["status"] == "Dropship Requested"
    assert device["id"] == device["hwi_device_id"] != device["device"]["id"]
    assert device["device"]["hardware_uuid"] is None
    assert device["device"]["sensor_code"] == "13"
    assert device["device"]["fulfillment_request"]["client_notes"] == "ref 7Q2"
    assert device["device"]["fulfillment_request"]["shipping_status"] == "PE"
    assert device["patient"]["sms_opt_in"] is True  # the vendor's default, so a client must say false


def test_simulator_activation_is_delivered_and_normalises_the_hardware_id(activate_device):
    device = activate_device(hardware_uuid="a1b2-c3d4-e5f6").json()

    assert device["status"] == "Delivered"
    assert device["device"]["hardware_uuid"] == "A1B2C3D4E5F6"
    assert device["device"]["fulfillment_request"] is None


@pytest.mark.parametrize(
    ("name", "hardware_uuid"),
    [("Tenovi BPM - L", "0123456789AB"), ("Tenovi Cellular BPM", "A1B2C3D4E5F6"), ("Tenovi Scale", "356000000000018")],
)
def test_simulator_activation_of_unknown_hardware_returns_201_with_unknown_gateway_status(
    activate_device, name, hardware_uuid
):
    answer = activate_device(name, hardware_uuid)

    assert answer.status_code == 201
    assert answer.json()["status"] == "Unknown Gateway ID"


def test_simulator_unknown_gateway_is_delivered_once_the_gateway_is_added(sim, vendor_api, activate_device):
    device = activate_device(hardware_uuid="0123456789AB").json()

    sim.add_gateway("0123-4567-89ab")

    assert vendor_api.get(f"hwi-devices/{device['id']}/").json()["status"] == "Delivered"


def test_simulator_activation_refuses_a_second_device_with_the_same_sensor_code(activate_device):
    activate_device("Tenovi BPM - L")
    answer = activate_device("Tenovi BPM - XL")

    assert answer.status_code == 400
    assert answer.json() == {"device": {"hardware_uuid": ["This Gateway ID already exists for a Tenovi BPM - XL."]}}


def test_simulator_activation_requires_a_unique_sensor_id_for_types_that_have_one(activate_device):
    assert activate_device("PatchRx PatchCap").json() == {
        "device": {"sensor_id": ["This field is required for this device type."]}
    }
    assert activate_device("PatchRx PatchCap", sensor_id="01").status_code == 201
    assert activate_device("PatchRx PatchCap", sensor_id="02").status_code == 201
    assert activate_device("PatchRx PatchCap", sensor_id="02").status_code == 400


@pytest.mark.parametrize(
    ("device", "field"),
    [
        ({"name": "Tenovi BPM \N{EN DASH} L", "hardware_uuid": "A1B2C3D4E5F6"}, "name"),
        ({"hardware_uuid": "A1B2C3D4E5F6"}, "name"),
        ({"name": "Tenovi Scale", "hardware_uuid": None}, "hardware_uuid"),
        ({"name": "Tenovi Scale", "fulfillment_request": {"shipping_name": "x" * 256}}, "fulfillment_request"),
        ({"name": "Tenovi Scale", "fulfillment_request": {"require_signature": "maybe"}}, "fulfillment_request"),
    ],
)
def test_simulator_activation_errors_are_nested_like_the_request_body(vendor_api, device, field):
    answer = vendor_api.post("hwi-devices/", json={"device": device})

    assert answer.status_code == 400
    assert field in answer.json()["device"]


def test_simulator_refused_order_stores_nothing(sim, vendor_api):
    vendor_api.post("hwi-devices/", json={"device": {"name": "No Such Thing"}, "patient": {"external_id": "pt-1"}})

    assert sim.devices() == []
    assert vendor_api.get("hwi-patients/").json()["count"] == 0


def test_simulator_put_changes_only_the_patient_on_all_of_their_devices(vendor_api, order_device):
    scale, cuff = order_device("Tenovi Scale"), order_device("Tenovi BPM - L")
    body = {"device": {"name": "Something else"}, "patient": {"external_id": "PT-7F3C", "phone_number": "6035550142"}}

    changed = vendor_api.put(f"hwi-devices/{scale['id']}/", json=body).json()
    sibling = vendor_api.get(f"hwi-devices/{cuff['id']}/").json()

    assert changed["device"]["name"] == "Tenovi Scale"
    assert changed["patient"]["external_id"] == "pt-7f3c"  # the first spelling is returned
    assert sibling["patient_phone_number"] == "6035550142"


def test_simulator_put_of_a_null_patient_detaches_only_this_device(vendor_api, order_device):
    scale, cuff = order_device("Tenovi Scale"), order_device("Tenovi BPM - L")

    detached = vendor_api.put(f"hwi-devices/{scale['id']}/", json={"device": scale["device"], "patient": None}).json()

    assert (detached["patient"], detached["patient_id"]) == (None, None)
    assert vendor_api.get(f"hwi-devices/{cuff['id']}/").json()["patient_id"] == "pt-7f3c"


def test_simulator_patch_changes_only_the_deprecated_fields(vendor_api, order_device):
    device = order_device()
    body = {"patient_phone_number": "6035550100", "patient": {"name": "ignored"}}

    changed = vendor_api.patch(f"hwi-devices/{device['id']}/", json=body).json()

    assert (changed["patient_phone_number"], changed["patient"]["name"]) == ("6035550100", None)


def test_simulator_delete_is_refused_with_a_reason_after_fulfillment(sim, vendor_api, order_device):
    early, late = order_device("Tenovi Scale"), order_device("Tenovi BPM - L")
    assert vendor_api.delete(f"hwi-devices/{early['id']}/").status_code == 204
    assert vendor_api.get(f"hwi-devices/{early['id']}/").status_code == 404

    sim.advance(40)
    refused = vendor_api.delete(f"hwi-devices/{late['id']}/")

    assert refused.status_code == 400
    assert "Unlink it instead" in refused.json()[0]


def test_simulator_unlink_frees_the_gateway_and_is_idempotent(vendor_api, activate_device):
    device = activate_device().json()

    first = vendor_api.get(f"unlink-gateway/{device['id']}/").json()
    second = vendor_api.get(f"unlink-gateway/{device['id']}/").json()

    assert first["status"] == "Unlinked"
    assert first["device"]["hardware_uuid"] is None
    assert second == first
    assert activate_device(patient="pt-next").json()["status"] == "Delivered"


def test_simulator_device_list_includes_unlinked_newest_first_and_filters(vendor_api, activate_device, order_device):
    cuff, scale = activate_device().json(), order_device("Tenovi Scale", patient="pt-other")
    vendor_api.get(f"unlink-gateway/{cuff['id']}/")

    def ids(**query):
        return [each["id"] for each in vendor_api.get("hwi-devices/", params=query).json()]

    assert ids() == [scale["id"], cuff["id"]]
    assert ids(patient__external_id="pt-7f3c") == [cuff["id"]]
    assert ids(patient__external_id="PT-7F3C") == []
    assert ids(search="scale") == [scale["id"]]
    assert ids(no_such_filter="x") == [scale["id"], cuff["id"]]


def test_simulator_device_list_filters_by_hardware_id_and_property(vendor_api, activate_device):
    device = activate_device().json()
    vendor_api.post(f"hwi-devices/{device['id']}/properties/", json={"key": "ref", "value": "a"})
    vendor_api.post(f"hwi-devices/{device['id']}/properties/", json={"key": "ref", "value": "b"})

    def count(**query):
        return len(vendor_api.get("hwi-devices/", params=query).json())

    assert count(device__hardware_uuid__iexact="a1b2c3d4e5f6") == 1
    assert count(device__hardware_uuid="a1b2c3d4e5f6") == 0
    assert count(properties__key="ref", properties__value="b") == 1
    assert count(properties__key="ref", properties__value="a") == 0  # the second POST changed the value


def test_simulator_device_list_without_page_is_cut_at_1000_rows(sim, vendor_api):
    for n in range(1001):
        sim.add_device(external_id=f"pt-{n}")

    flat = vendor_api.get("hwi-devices/", params={"page_size": 5}).json()
    page = vendor_api.get("hwi-devices/", params={"page": 2, "page_size": 1000}).json()

    assert len(flat) == 1000
    assert (page["count"], len(page["results"]), page["next"]) == (1001, 1, None)
    assert page["previous"] == "https://api.tenovi.com/clients/acme-rpm/hwi/hwi-devices/?page=1&page_size=1000"


def test_simulator_device_list_returns_404_beyond_the_last_page(vendor_api):
    beyond = vendor_api.get("hwi-devices/", params={"page": 2})

    assert (beyond.status_code, beyond.json()) == (404, {"detail": "Invalid page."})
    assert vendor_api.get("hwi-devices/", params={"page": 1, "page_size": 5000}).json()["results"] == []
