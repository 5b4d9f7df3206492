"""Filters and fields of the client: the simulator applies each filter and sends each field."""

import msgspec
import pytest

from devices.tenovi import (
    FulfillmentRequest,
    GatewayInfo,
    HardwareUuidLog,
    HwiDevice,
    HwiDeviceType,
    HwiGateway,
    PatientDetails,
    VendorPatient,
    VendorWebhook,
)
from devices.tenovi.account_schemas import MetricInfo, WhitelistedDevice
from devices.tenovi.device_schemas import NestedDevice
from tests.devices.tenovi.protocol_data import GATEWAY, HOOK, KEY, WINDOW, add_readings, swap_gateway

# Sections 1.2 to 1.11 of the protocol: filters of each list. Any other name is silently ignored.
PAGED = {"page", "page_size"}
FILTERS = {
    "hwi-devices/": PAGED | {"device__hardware_uuid__iexact", "patient__external_id", "search"},
    "measurements/": PAGED
    | {"metric__name", "created__gte", "created__lt", "timestamp__gte", "timestamp__lt", "search"},
    "hwi-device-types/": PAGED | {"search"},
    "hwi-patients/": PAGED | {"search"},
    "hwi-gateways/": PAGED | {"last_measurement__isnull", "shipped_on__isnull", "search", "ordering"},
    "webhooks/": PAGED,
    "hardware-uuid-logs/": PAGED | {"object_id", "search"},
}


def call_every_method(client, sim, order, rosa):
    """Every read and write once, with every filter."""
    client.order_device(**order)
    monitor = client.activate_device(name="Tenovi BPM - L", hardware_uuid=GATEWAY, patient=rosa)
    add_readings(sim, monitor, 1)
    swap_gateway(client, sim, monitor)
    client.list_devices(patient_external_id="pt-7f3c", hardware_uuid=GATEWAY, search="BPM")
    list(client.patient_measurements("pt-7f3c", **WINDOW))
    list(client.device_measurements(monitor.id, **WINDOW))
    client.list_patients(search="Rosa")
    client.list_device_types()
    client.list_gateways()
    client.get_gateway_info(GATEWAY)
    client.list_hardware_uuid_logs(monitor.id)
    client.create_webhook(**HOOK)
    client.list_webhooks()


def test_client_requests_use_only_documented_paths_and_filters(client, recording_transport, sim, order, rosa):
    call_every_method(client, sim, order, rosa)

    for request in recording_transport.requests:
        assert request.url.path.endswith("/")
        assert request.headers["Authorization"] == f"Api-Key {KEY}"
        known = next((names for end, names in FILTERS.items() if request.url.path.endswith(end)), set())
        assert set(request.url.params) <= known


def json_objects(document):
    """Every JSON object in it."""
    if isinstance(document, dict):
        yield document
    for inner in document.values() if isinstance(document, dict) else document if isinstance(document, list) else ():
        yield from json_objects(inner)


@pytest.mark.parametrize(
    "kind",
    [
        HwiDevice,
        NestedDevice,
        FulfillmentRequest,
        VendorPatient,
        PatientDetails,
        HwiDeviceType,
        MetricInfo,
        HwiGateway,
        GatewayInfo,
        WhitelistedDevice,
        HardwareUuidLog,
        VendorWebhook,
    ],
)
def test_client_schema_fields_all_appear_in_simulator_responses(client, recording_transport, sim, order, rosa, kind):
    call_every_method(client, sim, order, rosa)
    fields = set(kind.__struct_fields__)
    shown = [document for document in json_objects(recording_transport.documents) if fields <= document.keys()]

    assert shown
    assert all(msgspec.convert(document, kind) for document in shown)
