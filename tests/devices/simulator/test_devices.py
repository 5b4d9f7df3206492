"""HWI devices: activation, patients, unlink, delete, lists."""

import pytest


def test_a_dropship_answers_201_in_the_vendors_shape(order):
    device = order("Tenovi Scale", client_notes="ref 7Q2")

    assert device["status"] == "Dropship Requested"
    assert device["id"] == device["hwi_device_id"] != device["device"]["id"]
    assert device["device"]["hardware_uuid"] is None
    assert device["device"]["sensor_code"] == "13"
    assert device["device"]["fulfillment_request"]["client_notes"] == "ref 7Q2"
    assert device["device"]["fulfillment_request"]["shipping_status"] == "PE"
    assert device["patient"]["sms_opt_in"] is True  # the vendor's default, so a client must say false


def test_an_activation_on_site_is_delivered_at_once_and_its_id_normalised(activate):
    device = activate(hardware_uuid="a1b2-c3d4-e5f6").json()

    assert device["status"] == "Delivered"
    assert device["device"]["hardware_uuid"] == "A1B2C3D4E5F6"
    assert device["device"]["fulfillment_request"] is None


@pytest.mark.parametrize(
    ("name", "hardware_uuid"),
    [("Tenovi BPM - L", "0123456789AB"), ("Tenovi Cellular BPM", "A1B2C3D4E5F6"), ("Tenovi Scale", "356000000000018")],
)
def test_hardware_that_does_not_exist_or_fit_looks_like_success(activate, name, hardware_uuid):
    answer = activate(name, hardware_uuid)

    assert answer.status_code == 201
    assert answer.json()["status"] == "Unknown Gateway ID"


def test_an_unknown_gateway_comes_to_life_when_the_vendor_learns_of_it(sim, ask, activate):
    device = activate(hardware_uuid="0123456789AB").json()

    sim.add_gateway("0123-4567-89ab")

    assert ask.get(f"hwi-devices/{device['id']}/").json()["status"] == "Delivered"


def test_a_second_device_of_one_sensor_code_on_a_gateway_is_refused_even_under_another_name(activate):
    activate("Tenovi BPM - L")
    answer = activate("Tenovi BPM - XL")

    assert answer.status_code == 400
    assert answer.json() == {"device": {"hardware_uuid": ["This Gateway ID already exists for a Tenovi BPM - XL."]}}


def test_types_with_a_sensor_id_share_a_gateway_and_must_name_it(activate):
    assert activate("PatchRx PatchCap").json() == {
        "device": {"sensor_id": ["This field is required for this device type."]}
    }
    assert activate("PatchRx PatchCap", sensor_id="01").status_code == 201
    assert activate("PatchRx PatchCap", sensor_id="02").status_code == 201
    assert activate("PatchRx PatchCap", sensor_id="02").status_code == 400


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
def test_what_is_wrong_with_a_device_is_nested_like_the_body(ask, device, field):
    answer = ask.post("hwi-devices/", json={"device": device})

    assert answer.status_code == 400
    assert field in answer.json()["device"]


def test_nothing_is_kept_of_a_refused_order(sim, ask):
    ask.post("hwi-devices/", json={"device": {"name": "No Such Thing"}, "patient": {"external_id": "pt-1"}})

    assert sim.devices() == []
    assert ask.get("hwi-patients/").json()["count"] == 0


def test_put_applies_the_patient_alone_to_all_of_their_devices(ask, order):
    scale, cuff = order("Tenovi Scale"), order("Tenovi BPM - L")
    body = {"device": {"name": "Something else"}, "patient": {"external_id": "PT-7F3C", "phone_number": "6035550142"}}

    changed = ask.put(f"hwi-devices/{scale['id']}/", json=body).json()
    sibling = ask.get(f"hwi-devices/{cuff['id']}/").json()

    assert changed["device"]["name"] == "Tenovi Scale"
    assert changed["patient"]["external_id"] == "pt-7f3c"  # the first spelling is kept
    assert sibling["patient_phone_number"] == "6035550142"


def test_put_of_null_detaches_this_device_only(ask, order):
    scale, cuff = order("Tenovi Scale"), order("Tenovi BPM - L")

    detached = ask.put(f"hwi-devices/{scale['id']}/", json={"device": scale["device"], "patient": None}).json()

    assert (detached["patient"], detached["patient_id"]) == (None, None)
    assert ask.get(f"hwi-devices/{cuff['id']}/").json()["patient_id"] == "pt-7f3c"


def test_patch_applies_the_deprecated_fields_alone(ask, order):
    device = order()
    body = {"patient_phone_number": "6035550100", "patient": {"name": "ignored"}}

    changed = ask.patch(f"hwi-devices/{device['id']}/", json=body).json()

    assert (changed["patient_phone_number"], changed["patient"]["name"]) == ("6035550100", None)


def test_delete_works_until_the_order_is_fulfilled_and_then_says_why_not(sim, ask, order):
    early, late = order("Tenovi Scale"), order("Tenovi BPM - L")
    assert ask.delete(f"hwi-devices/{early['id']}/").status_code == 204
    assert ask.get(f"hwi-devices/{early['id']}/").status_code == 404

    sim.advance(40)
    refused = ask.delete(f"hwi-devices/{late['id']}/")

    assert refused.status_code == 400
    assert "Unlink it instead" in refused.json()[0]


def test_unlink_is_a_get_that_frees_the_gateway_and_does_nothing_twice(ask, activate):
    device = activate().json()

    first = ask.get(f"unlink-gateway/{device['id']}/").json()
    second = ask.get(f"unlink-gateway/{device['id']}/").json()

    assert first["status"] == "Unlinked"
    assert first["device"]["hardware_uuid"] is None
    assert second == first
    assert activate(patient="pt-next").json()["status"] == "Delivered"


def test_the_list_shows_unlinked_devices_newest_first_and_filters(ask, activate, order):
    cuff, scale = activate().json(), order("Tenovi Scale", patient="pt-other")
    ask.get(f"unlink-gateway/{cuff['id']}/")

    def ids(**query):
        return [each["id"] for each in ask.get("hwi-devices/", params=query).json()]

    assert ids() == [scale["id"], cuff["id"]]
    assert ids(patient__external_id="pt-7f3c") == [cuff["id"]]
    assert ids(patient__external_id="PT-7F3C") == []
    assert ids(search="scale") == [scale["id"]]
    assert ids(no_such_filter="x") == [scale["id"], cuff["id"]]


def test_devices_are_found_by_hardware_and_by_property(ask, activate):
    device = activate().json()
    ask.post(f"hwi-devices/{device['id']}/properties/", json={"key": "ref", "value": "a"})
    ask.post(f"hwi-devices/{device['id']}/properties/", json={"key": "ref", "value": "b"})

    def count(**query):
        return len(ask.get("hwi-devices/", params=query).json())

    assert count(device__hardware_uuid__iexact="a1b2c3d4e5f6") == 1
    assert count(device__hardware_uuid="a1b2c3d4e5f6") == 0
    assert count(properties__key="ref", properties__value="b") == 1
    assert count(properties__key="ref", properties__value="a") == 0  # the second POST changed the value


def test_a_list_is_paged_only_with_page_and_cut_silently_without(sim, ask):
    for n in range(1001):
        sim.add_device(external_id=f"pt-{n}")

    flat = ask.get("hwi-devices/", params={"page_size": 5}).json()
    page = ask.get("hwi-devices/", params={"page": 2, "page_size": 1000}).json()

    assert len(flat) == 1000
    assert (page["count"], len(page["results"]), page["next"]) == (1001, 1, None)
    assert page["previous"] == "https://api.tenovi.com/clients/acme-rpm/hwi/hwi-devices/?page=1&page_size=1000"


def test_a_page_beyond_the_last_is_404_and_none_is_larger_than_1000(ask):
    beyond = ask.get("hwi-devices/", params={"page": 2})

    assert (beyond.status_code, beyond.json()) == (404, {"detail": "Invalid page."})
    assert ask.get("hwi-devices/", params={"page": 1, "page_size": 5000}).json()["results"] == []
