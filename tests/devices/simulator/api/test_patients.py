"""Patients, gateways, device types and properties of the simulator."""

import pytest

ADDRESS = {"address": "9 Elm Ct", "city": "Dover", "state": "NH", "zip_code": "03820"}


@pytest.fixture
def rosa(vendor_api):
    return vendor_api.post("hwi-patients/", json={"external_id": "pt-7f3c", "name": "Rosa Quill", **ADDRESS}).json()


def test_simulator_patient_with_a_complete_address_is_verified(rosa):
    assert (rosa["address_status"], rosa["address_verified_by"]) == ("Verified", "USPS")
    assert rosa["sms_opt_in"] is True


def test_simulator_patient_address_is_invalid_until_confirmed(vendor_api):
    bad = {"external_id": "pt-1", **ADDRESS, "zip_code": "00000"}
    assert vendor_api.post("hwi-patients/", json=bad).json()["address_status"] == "Invalid"

    confirmed = vendor_api.patch("hwi-patients/pt-1/", json={"confirm_address": True}).json()

    assert confirmed["address_status"] == "Verified"


def test_simulator_patient_external_id_is_unique_ignoring_case(vendor_api, rosa):
    answer = vendor_api.post("hwi-patients/", json={"external_id": "PT-7F3C"})

    assert answer.status_code == 400
    assert "already exists" in answer.json()["external_id"][0]
    assert vendor_api.get("hwi-patients/PT-7F3C/").json()["external_id"] == "pt-7f3c"


def test_simulator_patient_list_is_always_paged(vendor_api, rosa):
    assert vendor_api.get("hwi-patients/").json()["count"] == 1
    assert vendor_api.get("hwi-patients/", params={"search": "nobody"}).json()["results"] == []


def test_simulator_patient_changes_appear_on_their_devices(vendor_api, rosa, activate_device):
    device = activate_device().json()
    vendor_api.put("hwi-patients/pt-7f3c/", json={"external_id": "pt-new", "name": "Rosa Q."})

    assert vendor_api.get(f"hwi-devices/{device['id']}/").json()["patient"]["name"] == "Rosa Q."
    assert vendor_api.get(f"hwi-devices/{device['id']}/").json()["patient_id"] == "pt-new"
    assert vendor_api.delete("hwi-patients/pt-new/").status_code == 204
    assert vendor_api.get(f"hwi-devices/{device['id']}/").json()["patient"] is None


def test_simulator_gateway_info_covers_only_gateways_of_the_account(vendor_api, activate_device):
    assert vendor_api.get("gateway-info/A1B2C3D4E5F6/").status_code == 404
    activate_device()

    info = vendor_api.get("gateway-info/a1b2c3d4e5f6/").json()
    assert info["provisioned"] is True
    assert vendor_api.get("hwi-gateways/A1B2C3D4E5F6/").json().keys() < info.keys() | {"last_measurement"}
    assert vendor_api.get("gateway-info/A1B2-C3D4-E5F6/").status_code == 404  # hyphens are not understood in a URL


def test_simulator_gateway_list_filters_and_sorts_by_last_measurement(sim, vendor_api, activate_device):
    heard = activate_device().json()
    activate_device("Tenovi Scale", "B2C3D4E5F6A1")
    sim.add_readings([{"hwi_device_id": heard["id"], "metric": "pulse", "value_1": 70}])

    def uuids(**query):
        return [each["gateway_uuid"] for each in vendor_api.get("hwi-gateways/", params=query).json()["results"]]

    assert uuids(last_measurement__isnull="true") == ["B2C3D4E5F6A1"]
    assert uuids(ordering="-last_measurement") == ["A1B2C3D4E5F6", "B2C3D4E5F6A1"]
    assert vendor_api.get("gateway-info/A1B2C3D4E5F6/").json()["whitelisted_devices"][0]["whitelist_status"] == "CO"


def test_simulator_device_types_have_sensor_codes_and_metrics(vendor_api):
    types = {each["name"]: each for each in vendor_api.get("hwi-device-types/").json()}

    assert types["Tenovi BPM - L"]["sensor_code"] == "10"
    assert types["Tenovi Cellular BPM"]["sensor_code"] == ""
    assert types["PatchRx PatchCap"]["sensor_id_required"] is True
    assert types["Tenovi BPM"]["deprecated"] is True
    assert [each["name"] for each in types["Tenovi Pulse Ox"]["metrics"]] == ["spO2", "pulse", "battery_percentage"]
    assert vendor_api.get(f"hwi-device-types/{types['Tenovi Scale']['id']}/").json() == types["Tenovi Scale"]


def test_simulator_device_properties_are_synced_by_the_next_reading(sim, vendor_api, activate_device):
    device = activate_device().json()
    path = f"hwi-devices/{device['id']}/properties/"
    made = vendor_api.post(path, json={"key": "step_goal", "value": "4000"}).json()
    assert made["synced"] is False

    sim.add_readings([{"hwi_device_id": device["id"], "metric": "pulse", "value_1": 70}])

    assert vendor_api.get(f"{path}{made['id']}/").json()["synced"] is True
    assert vendor_api.patch(f"{path}{made['id']}/", json={"key": "other", "value": "5"}).json()["key"] == "step_goal"
    assert vendor_api.delete(f"{path}{made['id']}/").status_code == 204
    assert vendor_api.get(path).json() == []
