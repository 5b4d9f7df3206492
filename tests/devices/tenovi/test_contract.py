"""Contract of client and simulator: every client method runs against the simulator, and every key and filter that the
client uses is one that the simulator sends or applies. A change of one side alone fails here."""

import datetime as dt
import inspect
import uuid

import pytest

from devices.statuses import DeviceState
from devices.tenovi import PatientDetails, Rejected, TenoviClient, VendorPatient
from devices.tenovi.http_client import VendorHttpClient
from tests.devices.tenovi.protocol_data import GATEWAY, HOOK, WINDOW, add_readings, swap_gateway


def test_order_device(client, order, scale):
    assert (scale.name, scale.state, scale.hardware_uuid) == ("Tenovi Scale", DeviceState.REQUESTED, "")
    assert (scale.external_id, scale.client_notes) == ("pt-7f3c", "V23456789")
    assert scale.device.fulfillment_request.shipping_city == "Dover"


def test_order_device_as_add_on(client, order, monitor):
    added = client.order_device(**(order | {"gateway": GATEWAY}))

    assert (added.hardware_uuid, added.state) == (GATEWAY, DeviceState.REQUESTED)


def test_order_device_under_a_name_that_the_account_does_not_have(client, order):
    with pytest.raises(Rejected) as caught:
        client.order_device(**(order | {"name": "Tenovi Toaster"}))

    assert list(caught.value.fields) == ["device.name"]


def test_activate_device(monitor):
    assert (monitor.state, monitor.hardware_uuid, monitor.device.sensor_code) == (DeviceState.DELIVERED, GATEWAY, "10")


def test_activate_device_on_an_unknown_gateway(client, rosa):
    device = client.activate_device(name="Tenovi BPM - L", hardware_uuid="0000-0000-0001", patient=rosa)

    assert (device.state, device.status) == (DeviceState.UNKNOWN_GATEWAY, "Unknown Gateway ID")


def test_activate_device_twice_on_one_gateway(client, rosa, monitor):
    with pytest.raises(Rejected) as caught:
        client.activate_device(name="Tenovi BPM - L", hardware_uuid=GATEWAY, patient=rosa)

    assert "already exists" in caught.value.fields["device.hardware_uuid"][0]


def test_list_devices(client, scale, monitor):
    assert {row.id for row in client.list_devices().rows} == {scale.id, monitor.id}
    assert [row.id for row in client.list_devices(hardware_uuid="a1b2-c3d4-e5f6").rows] == [monitor.id]
    assert client.list_devices(patient_external_id="pt-other").rows == ()
    assert len(client.list_devices(patient_external_id="pt-7f3c", search="Scale").rows) == 1


def test_get_device(client, scale):
    assert client.get_device(scale.id) == client.get_device(str(scale.id)) == scale


def test_get_device_that_does_not_exist(client):
    with pytest.raises(Rejected) as caught:
        client.get_device(uuid.uuid4())

    assert caught.value.status == 404


def test_update_device_patient(client, scale):
    named = {"name": scale.name, "hardware_uuid": scale.hardware_uuid}
    patient = VendorPatient(external_id="pt-new")

    assert client.update_device_patient(scale.id, **named, patient=patient).external_id == "pt-new"
    assert client.update_device_patient(scale.id, **named, patient=None).external_id is None


def test_delete_device(client, scale):
    client.delete_device(scale.id)

    assert client.list_devices().rows == ()


def test_delete_device_that_has_been_shipped(client, sim, scale):
    sim.ship(str(scale.id))

    with pytest.raises(Rejected) as caught:
        client.delete_device(scale.id)
    assert caught.value.reason


def test_unlink_device(client, monitor):
    unlinked = client.unlink_device(monitor.id)

    assert (unlinked.state, unlinked.hardware_uuid, bool(unlinked.unlinked_on)) == (DeviceState.UNLINKED, "", True)
    assert client.unlink_device(monitor.id).state == DeviceState.UNLINKED


def test_list_hardware_uuid_logs(client, sim, monitor, scale):
    swap_gateway(client, sim, monitor)

    (log,) = client.list_hardware_uuid_logs(monitor.id).rows
    assert (log.old_hardware_uuid, log.new_hardware_uuid) == (GATEWAY, client.get_device(monitor.id).hardware_uuid)
    assert client.list_hardware_uuid_logs(scale.id).rows == ()


def test_patient_measurements(client, sim, monitor):
    add_readings(sim, monitor, 187.4)

    (page,) = client.patient_measurements("PT-7F3C", **WINDOW)

    assert [(item["value_1"], item["hwi_device_id"]) for item in page.items] == [("187.40", str(monitor.id))]
    assert (page.count, page.is_last) == (1, True)


def test_device_measurements_within_a_window(client, sim, monitor):
    noon = dt.datetime(2026, 9, 20, 12, tzinfo=dt.UTC)
    for minutes in (-1, 0, 59, 60):
        add_readings(sim, monitor, 180 + minutes, created=(noon + dt.timedelta(minutes=minutes)).isoformat())
    hour = {"created_from": noon, "created_before": noon + dt.timedelta(hours=1)}

    (page,) = client.device_measurements(monitor.id, **hour)

    assert sorted(item["value_1"] for item in page.items) == ["180.00", "239.00"]


def test_measurement_pages_of_a_patient_over_several_pages(client, sim, monitor):
    add_readings(sim, monitor, *range(2500))

    pages = list(client.patient_measurements("pt-7f3c", **WINDOW))

    assert [len(page.items) for page in pages] == [1000, 1000, 500]
    assert len({item["value_1"] for page in pages for item in page.items}) == 2500


def test_list_device_types(client):
    types = {row.name: row for row in client.list_device_types().rows}

    assert (types["Tenovi BPM - L"].sensor_code, types["Tenovi BPM - L"].metrics[0].name) == ("10", "blood_pressure")


def test_create_patient_and_get_patient(client):
    created = client.create_patient(PatientDetails(external_id="pt-1", name="Rosa Quill", zip_code="03820"))

    assert (created.external_id, created.sms_opt_in) == ("pt-1", False)
    assert client.get_patient("PT-1") == created


def test_create_patient_twice(client):
    client.create_patient(PatientDetails(external_id="pt-1"))

    with pytest.raises(Rejected):
        client.create_patient(PatientDetails(external_id="PT-1"))


def test_list_patients(client, scale):
    client.create_patient(PatientDetails(external_id="pt-1", name="Mei-Lin Tan"))

    assert [row.external_id for row in client.list_patients(search="Mei-Lin").rows] == ["pt-1"]
    assert len(client.list_patients().rows) == 2


def test_update_patient(client, scale):
    client.update_patient("pt-7f3c", PatientDetails(external_id="pt-7f3c", name="Rosa Quill-Tan"))

    assert client.get_device(scale.id).patient.name == "Rosa Quill-Tan"


def test_delete_patient(client):
    client.create_patient(PatientDetails(external_id="pt-1"))
    client.delete_patient("pt-1")

    assert client.list_patients().rows == ()


def test_list_gateways_and_get_gateway_info(client, sim, monitor):
    add_readings(sim, monitor, 180)

    assert [row.gateway_uuid for row in client.list_gateways().rows] == [GATEWAY]
    info = client.get_gateway_info("a1b2-c3d4-e5f6")
    assert (info.gateway_uuid, info.last_checkin_time is not None) == (GATEWAY, True)


def test_get_gateway_info_of_one_that_the_account_does_not_have(client):
    with pytest.raises(Rejected):
        client.get_gateway_info("B2C3D4E5F6A1")


def test_create_webhook_list_webhooks_update_webhook_delete_webhook(client):
    made = client.create_webhook(**HOOK)
    changed = client.update_webhook(made.id, **(HOOK | {"endpoint": "https://rpm.example/other/"}))

    assert client.list_webhooks().rows == (changed,)
    assert (changed.auth_key, changed.auth_header, changed.post_as_array) == ("X-Hook", "Token abc", True)
    client.delete_webhook(made.id)
    assert client.list_webhooks().rows == ()


def test_send_test_webhook_to_one_hook_only(client, sim):
    hook, _ = client.create_webhook(**HOOK), client.create_webhook(**HOOK)
    sent = []
    sim.webhooks.sender = lambda endpoint, headers, body: sent.append(body) or 204

    client.send_test_webhook(hook_id=hook.id, event=HOOK["event"], hwi_device_id=str(hook.id), patient_id="self-test")

    assert len(sent) == 1
    assert str(hook.id).encode() in sent[0]


def test_list_device_properties_delete_device_property(client, sim, monitor):
    document = sim.device(str(monitor.id))
    document["properties"].append({"id": str(uuid.uuid4()), "key": "measurement_webhook_id", "value": "elsewhere"})
    sim.state.store.put("device", document["id"], document)

    (pin,) = client.list_device_properties(monitor.id).rows
    client.delete_device_property(monitor.id, pin.id)

    assert (pin.key, pin.value) == ("measurement_webhook_id", "elsewhere")
    assert client.list_device_properties(monitor.id).rows == ()


def test_set_device_property(client, sim, monitor):
    made = client.set_device_property(monitor.id, "step_goal", "8000")

    assert (made.key, made.value, made.synced) == ("step_goal", "8000", False)
    assert client.set_device_property(monitor.id, "step_goal", "9000").id == made.id
    assert [row.value for row in client.list_device_properties(monitor.id).rows] == ["9000"]


def test_set_device_property_to_an_impossible_goal(client, monitor):
    with pytest.raises(Rejected) as caught:
        client.set_device_property(monitor.id, "step_goal", "many")

    assert list(caught.value.fields) == ["value"]


def test_create_replacement_list_replacements_delete_replacement(client, sim, monitor, order):
    asked = client.create_replacement(monitor.id, names=["Tenovi BPM - L", "Gateway"], ship_to=order["ship_to"])

    assert (asked.hwi_device_id, asked.shipping_status, asked.fulfilled) == (str(monitor.id), "RQ", False)
    assert [item.name for item in asked.device_types] == ["Tenovi BPM - L", "Gateway"]
    assert [row.id for row in client.list_replacements().rows] == [asked.id]
    client.delete_replacement(asked.id)
    assert client.list_replacements().rows == ()


def test_create_replacement_of_a_type_that_the_account_does_not_have(client, monitor, order):
    with pytest.raises(Rejected) as caught:
        client.create_replacement(monitor.id, names=["Tenovi Toaster"], ship_to=order["ship_to"])

    assert list(caught.value.fields) == ["device_types"]


def test_list_bulk_orders(client, sim):
    placed = sim.place_bulk_order([{"name": "Tenovi Scale", "quantity": 1, "kit_id": 1}])

    [row] = client.list_bulk_orders().rows
    assert str(row.id) == placed["id"]


def test_client_methods_all_have_a_test_in_this_module():
    methods = {name for name, _ in inspect.getmembers(TenoviClient, inspect.isfunction) if not name.startswith("_")}
    tests = " ".join(name for name in globals() if name.startswith("test_"))

    assert [name for name in sorted(methods - set(dir(VendorHttpClient))) if name not in tests] == []
