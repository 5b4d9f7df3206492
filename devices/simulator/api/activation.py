"""POST /hwi-devices/: one device per call, activated on site, shipped by the client, or dropshipped."""

from datetime import timedelta
from typing import Any

from devices.simulator.api import gateways, patients
from devices.simulator.api.catalogue import DEVICE_TYPES, device_type_id, is_cellular
from devices.simulator.api.devices import (
    device_json,
    notify_device_status,
    save_device,
    set_device_status,
    validate_deprecated_patient,
    validate_nested_patient,
)
from devices.simulator.api.validation import (
    BOOLEAN_FIELD,
    REQUIRED_TEXT_FIELD,
    SHIPPING_FIELDS,
    TEXT_FIELD,
    Field,
    validate_fields,
)
from devices.simulator.runtime.clock import format_iso_time, parse_iso_time
from devices.simulator.runtime.messages import ApiError, Json, Request, Response
from devices.simulator.runtime.state import SimulatorState

PARCEL_WINDOW = timedelta(minutes=10)  # orders of one patient and address within it share a parcel and a gateway
DEVICE_FIELDS = {
    "name": REQUIRED_TEXT_FIELD,
    "hardware_uuid": TEXT_FIELD,
    "sensor_id": Field(null=False),
    "sensor_code": Field(null=False),  # read-only now: derived from the name, what was sent is dropped
    "fulfillment_request": Field(kind="any"),
}
ORDER_FIELDS = {
    **dict.fromkeys((*SHIPPING_FIELDS, "shipped_on_behalf_of"), TEXT_FIELD),
    "shipping_tracking_link": Field(kind="url", max_length=2000),
    "ship_gateway_only": BOOLEAN_FIELD,
    "require_signature": BOOLEAN_FIELD,
    "client_will_fulfill": BOOLEAN_FIELD,
    "flagged_by_client": BOOLEAN_FIELD,
    "client_notes": Field(max_length=10_000, null=False),
    "notify_emails": Field(max_length=2048),
}


def create_device(state: SimulatorState, request: Request) -> Response:
    """201 with the device, a mistyped gateway included; 400 with errors nested as the body is."""
    body = request.json_object()
    values, errors = validate_device(state, body)
    patient: Json = {}
    try:
        nested = body.get("patient")
        patient = validate_deprecated_patient(body) if nested is None else validate_nested_patient(nested)
    except ApiError as refusal:
        errors.update(refusal.data)
    if errors:
        raise ApiError(400, errors)
    document = new_device_document(state, values)
    document["patient"] = patients.save_nested_patient(state, patient) if patient else None
    start_device_lifecycle(state, document)
    save_device(state, document)
    if document["device"]["fulfillment_request"]:
        notify_device_status(state, document)  # may well overtake the answer to this very POST
    return Response(201, device_json(state, document))


def validate_device(state: SimulatorState, body: Json) -> tuple[Json, Json]:
    if not isinstance(body.get("device"), dict):
        sent = type(body.get("device")).__name__
        wrong = {"non_field_errors": [f"Invalid data. Expected a dictionary, but got {sent}."]}
        return {}, {"device": wrong if body.get("device") is not None else ["This field is required."]}
    values, errors = validate_fields(body["device"], DEVICE_FIELDS)
    values["hardware_uuid"] = gateways.normalise_hardware_id(values.get("hardware_uuid"))
    if values.get("fulfillment_request") is not None:
        values["fulfillment_request"], order_errors = validate_fields(values["fulfillment_request"], ORDER_FIELDS)
        errors.update({"fulfillment_request": order_errors} if order_errors else {})
    if not errors:
        errors = device_type_errors(state, values)
    return values, {"device": errors} if errors else {}


def device_type_errors(state: SimulatorState, values: Json) -> Json:
    name = values["name"]
    if name not in DEVICE_TYPES:
        return {"name": [f'"{name}" is not a valid device type for this account.']}
    if "sensor id" in DEVICE_TYPES[name].flags and not values.get("sensor_id"):
        return {"sensor_id": ["This field is required for this device type."]}
    if not values["hardware_uuid"] and values.get("fulfillment_request") is None:
        return {"hardware_uuid": ["A Gateway ID or a fulfillment request is required."]}
    if values["hardware_uuid"] and is_hardware_id_taken(state, values):
        word = "IMEI" if is_cellular(name) else "Gateway"
        return {"hardware_uuid": [f"This {word} ID already exists for a {name}."]}
    return {}


def is_hardware_id_taken(state: SimulatorState, values: Json) -> bool:
    """One device per sensor code per gateway, also under different names; per sensor id where the type has one."""
    kind = DEVICE_TYPES[values["name"]]
    wanted = {"sensor_code": kind.sensor_code, "hardware_uuid": values["hardware_uuid"]}
    if "sensor id" in kind.flags:
        wanted["sensor_id"] = values["sensor_id"]
    return any(wanted.items() <= each["device"].items() for each in state.store.all("device"))


def new_device_document(state: SimulatorState, values: Json) -> Json:
    """A device without status or patient. The keys after `patient` are the simulator's own and never shown."""
    order = values.get("fulfillment_request")
    return {
        "id": state.new_id(),
        "status": "",
        "connected_on": None,
        "unlinked_on": None,
        "last_measurement": None,
        "device": {
            "id": state.new_id(),
            "created": state.clock.stamp(),
            "name": values["name"],
            "hardware_uuid": values.get("hardware_uuid"),
            "sensor_code": DEVICE_TYPES[values["name"]].sensor_code,
            "sensor_id": values.get("sensor_id") or "",
            "device_type": device_type_id(values["name"]),
            "shared_hardware_uuid": False,
            "model_number": "",
            "fulfillment_request": new_fulfillment_request(state, order) if order is not None else None,
        },
        "patient": None,
        "properties": [],
        "parcel": None,
        "step_at": None,  # on the lifecycle clock; None: nothing moves by itself
        "first_readings": 0,  # how many quick readings still follow the first one
        "carries": None,  # the gateway id that readings still carry while a replacement travels
        "time_zone": values.get("time_zone", "America/New_York"),
        "seeded": False,  # part of the demo's history
        "index": 0,  # last measurement_index given
    }


def new_fulfillment_request(state: SimulatorState, sent: Json) -> Json:
    order: dict[str, Any] = {
        "created": state.clock.stamp(),
        "shipping_status": "PE",
        **dict.fromkeys((*SHIPPING_FIELDS, "shipped_on_behalf_of", "shipping_tracking_link")),
        "ship_gateway_only": False,
        "require_signature": False,
        "shipped_on": None,
        "delivered_on": None,
        "requested_by": f"api@{state.domain}.example",
        "client_notes": "",
        "notify_emails": None,
        "fulfilled": False,
        "client_will_fulfill": False,
        "flagged_by_client": False,
        "invalid_address": "",
        "duplicate_device_at_address": False,
    }
    return {**order, **sent}


def start_device_lifecycle(state: SimulatorState, document: Json) -> None:
    """The first status, and when the parcel first moves."""
    uuid, order = document["device"]["hardware_uuid"], document["device"]["fulfillment_request"]
    name = document["device"]["name"]
    if uuid and not (gateways.find_gateway(state, uuid) and gateways.is_imei(uuid) == is_cellular(name)):
        set_device_status(document, "Unknown Gateway ID")
        return
    if not order:
        gateways.assign_gateway(state, uuid)
        set_device_status(document, "Delivered")
        document["step_at"] = state.next_stage_due_at()
        return
    set_device_status(document, "Pending Shipment" if order["client_will_fulfill"] else "Dropship Requested")
    if order["flagged_by_client"]:
        set_device_status(document, "On Hold")
    elif not order["client_will_fulfill"]:
        document["step_at"] = state.next_stage_due_at()
    join_parcel(state, document, order)


def join_parcel(state: SimulatorState, document: Json, order: Json) -> None:
    """Share the parcel of a recent order of the same patient and address, and flag a second device of one kind."""

    def address_key(shipment: Json) -> list[str]:
        return [(shipment[name] or "").casefold() for name in SHIPPING_FIELDS[1:]]

    others = [
        each
        for each in state.store.all("device")
        if each["device"]["fulfillment_request"]
        and each["patient"] == document["patient"]
        and each["status"] not in ("Unlinked", "Returned")
        and address_key(each["device"]["fulfillment_request"]) == address_key(order)
    ]
    kind = document["device"]["sensor_code"] or document["device"]["name"]
    order["duplicate_device_at_address"] = any(
        (each["device"]["sensor_code"] or each["device"]["name"]) == kind for each in others
    )
    since = format_iso_time(parse_iso_time(document["device"]["created"]) - PARCEL_WINDOW)
    recent = [each["parcel"] for each in others if each["parcel"] and each["device"]["created"] >= since]
    document["parcel"] = recent[-1] if recent else state.new_id()
