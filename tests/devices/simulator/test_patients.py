"""People at the vendor, and the gateways beside them."""

import pytest

ADDRESS = {"address": "9 Elm Ct", "city": "Dover", "state": "NH", "zip_code": "03820"}


@pytest.fixture
def rosa(ask):
    return ask.post("hwi-patients/", json={"external_id": "pt-7f3c", "name": "Rosa Quill", **ADDRESS}).json()


def test_a_complete_address_is_verified(rosa):
    assert (rosa["address_status"], rosa["address_verified_by"]) == ("Verified", "USPS")
    assert rosa["sms_opt_in"] is True


def test_a_bad_address_is_invalid_until_the_client_confirms_it(ask):
    bad = {"external_id": "pt-1", **ADDRESS, "zip_code": "00000"}
    assert ask.post("hwi-patients/", json=bad).json()["address_status"] == "Invalid"

    confirmed = ask.patch("hwi-patients/pt-1/", json={"confirm_address": True}).json()

    assert confirmed["address_status"] == "Verified"


def test_an_external_id_is_taken_ignoring_case(ask, rosa):
    answer = ask.post("hwi-patients/", json={"external_id": "PT-7F3C"})

    assert answer.status_code == 400
    assert "already exists" in answer.json()["external_id"][0]
    assert ask.get("hwi-patients/PT-7F3C/").json()["external_id"] == "pt-7f3c"


def test_the_list_is_always_paged(ask, rosa):
    assert ask.get("hwi-patients/").json()["count"] == 1
    assert ask.get("hwi-patients/", params={"search": "nobody"}).json()["results"] == []


def test_a_patient_and_their_devices_are_one_person(ask, rosa, activate):
    device = activate().json()
    ask.put("hwi-patients/pt-7f3c/", json={"external_id": "pt-new", "name": "Rosa Q."})

    assert ask.get(f"hwi-devices/{device['id']}/").json()["patient"]["name"] == "Rosa Q."
    assert ask.get(f"hwi-devices/{device['id']}/").json()["patient_id"] == "pt-new"
    assert ask.delete("hwi-patients/pt-new/").status_code == 204
    assert ask.get(f"hwi-devices/{device['id']}/").json()["patient"] is None


def test_gateways_show_only_what_is_tied_to_the_account(ask, activate):
    assert ask.get("gateway-info/A1B2C3D4E5F6/").status_code == 404
    activate()

    info = ask.get("gateway-info/a1b2c3d4e5f6/").json()
    assert info["provisioned"] is True
    assert ask.get("hwi-gateways/A1B2C3D4E5F6/").json().keys() < info.keys() | {"last_measurement"}
    assert ask.get("gateway-info/A1B2-C3D4-E5F6/").status_code == 404  # hyphens are not understood in a URL


def test_gateways_are_listed_by_what_they_heard(sim, ask, activate):
    heard = activate().json()
    activate("Tenovi Scale", "B2C3D4E5F6A1")
    sim.read([{"hwi_device_id": heard["id"], "metric": "pulse", "value_1": 70}])

    def uuids(**query):
        return [each["gateway_uuid"] for each in ask.get("hwi-gateways/", params=query).json()["results"]]

    assert uuids(last_measurement__isnull="true") == ["B2C3D4E5F6A1"]
    assert uuids(ordering="-last_measurement") == ["A1B2C3D4E5F6", "B2C3D4E5F6A1"]
    assert ask.get("gateway-info/A1B2C3D4E5F6/").json()["whitelisted_devices"][0]["whitelist_status"] == "CO"


def test_the_catalogue_names_types_codes_and_metrics(ask):
    types = {each["name"]: each for each in ask.get("hwi-device-types/").json()}

    assert types["Tenovi BPM - L"]["sensor_code"] == "10"
    assert types["Tenovi Cellular BPM"]["sensor_code"] == ""
    assert types["PatchRx PatchCap"]["sensor_id_required"] is True
    assert types["Tenovi BPM"]["deprecated"] is True
    assert [each["name"] for each in types["Tenovi Pulse Ox"]["metrics"]] == ["spO2", "pulse", "battery_percentage"]
    assert ask.get(f"hwi-device-types/{types['Tenovi Scale']['id']}/").json() == types["Tenovi Scale"]


def test_properties_are_kept_per_device_and_synced_by_the_next_reading(sim, ask, activate):
    device = activate().json()
    path = f"hwi-devices/{device['id']}/properties/"
    made = ask.post(path, json={"key": "step_goal", "value": "4000"}).json()
    assert made["synced"] is False

    sim.read([{"hwi_device_id": device["id"], "metric": "pulse", "value_1": 70}])

    assert ask.get(f"{path}{made['id']}/").json()["synced"] is True
    assert ask.patch(f"{path}{made['id']}/", json={"key": "other", "value": "5"}).json()["key"] == "step_goal"
    assert ask.delete(f"{path}{made['id']}/").status_code == 204
    assert ask.get(path).json() == []
