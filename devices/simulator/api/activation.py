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
from devices.simulator.api.validation import BOOLEAN_FIELD, REQUIRED_TEXT_FIELD, TEXT_FIELD, Field, validate_fields
from devices.simulator.runtime.clock import format_iso_time, parse_iso_time
from devices.simulator.runtime.messages import ApiError, Json, Request, Response
from devices.simulator.runtime.state import SimulatorState

PARCEL_WINDOW = timedelta(minutes=10)  # orders of one patient and address within it share a parcel and a gateway
SHIPPING_FIELDS = ("shipping_name", "shipping_address", "shipping_city", "shipping_state", "shipping_zip_code")
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
    patient = validate_patient(body, errors)
    if errors:
        raise ApiError(400, errors)
    document = new_device_document(state, values)
    document["patient"] = patients.save_nested_patient(state, patient) if patient else None
    start_device_lifecycle(state, document)
    save_device(state, document)
    if document["device"]["fulfillment_request"]:
        notify_device_status(state, document)  # may well overtake the answer to this very POST
    return Response(201, device_json(state, document))


def validate_patient(body: Json, errors: Json) -> Json:
    try:
        return (
            validate_nested_patient(body["patient"])
            if body.get("patient") is not None
            else validate_deprecated_patient(body)
        )
    except ApiError as refusal:
        errors.update(refusal.data)
        return {}


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
    if "sensor id" in DEVICE_TYPES[name][4] and not values.get("sensor_id"):
        return {"sensor_id": ["This field is required for this device type."]}
    if not values["hardware_uuid"] and values.get("fulfillment_request") is None:
        return {"hardware_uuid": ["A Gateway ID or a fulfillment request is required."]}
    if values["hardware_uuid"] and is_hardware_id_taken(state, values):
        word = "IMEI" if is_cellular(name) else "Gateway"
        return {"hardware_uuid": [f"This {word} ID already exists for a {name}."]}
    return {}


def is_hardware_id_taken(state: SimulatorState, values: Json) -> bool:
    """One device per sensor code per gateway, also under different names; per sensor id where the type has one."""
    code = DEVICE_TYPES[values["name"]][0]
    several = "sensor id" in DEVICE_TYPES[values["name"]][4]
    same = [each["device"] for each in state.store.all("device") if each["device"]["sensor_code"] == code]
    return any(
        device["hardware_uuid"] == values["hardware_uuid"]
        and (not several or device["sensor_id"] == values["sensor_id"])
        for device in same
    )


def new_device_document(state: SimulatorState, values: Json) -> Json:
    """A device with nothing decided yet. The keys after `device` are the simulator's own and never shown."""
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
            "sensor_code": DEVICE_TYPES[values["name"]][0],
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
        "story": "",
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
    if uuid and not is_known_hardware(state, uuid, document["device"]["name"]):
        set_device_status(document, "Unknown Gateway ID")
        return
    if order:
        start_shipping(state, document, order)
    else:
        gateways.assign_gateway(state, uuid)
        set_device_status(document, "Delivered")
    if not (order and (order["client_will_fulfill"] or order["flagged_by_client"])):
        document["step_at"] = state.next_stage_due_at()


def start_shipping(state: SimulatorState, document: Json, order: Json) -> None:
    set_device_status(document, "Pending Shipment" if order["client_will_fulfill"] else "Dropship Requested")
    if order["flagged_by_client"]:
        set_device_status(document, "On Hold")
    order["duplicate_device_at_address"] = is_duplicate_at_address(state, document)
    document["parcel"] = parcel_id_for(state, document)


def is_known_hardware(state: SimulatorState, uuid: str, name: str) -> bool:
    return gateways.find_gateway(state, uuid) is not None and gateways.is_imei(uuid) == is_cellular(name)


def shipping_address_key(order: Json) -> tuple[str, ...]:
    return tuple((order[name] or "").casefold() for name in SHIPPING_FIELDS[1:])


def matching_shipments(state: SimulatorState, document: Json) -> list[Json]:
    """Other live shipments to the same patient and address."""
    order = document["device"]["fulfillment_request"]
    return [
        each
        for each in state.store.all("device")
        if each["device"]["fulfillment_request"]
        and each["patient"] == document["patient"]
        and each["status"] not in ("Unlinked", "Returned")
        and shipping_address_key(each["device"]["fulfillment_request"]) == shipping_address_key(order)
    ]


def is_duplicate_at_address(state: SimulatorState, document: Json) -> bool:
    code, name = document["device"]["sensor_code"], document["device"]["name"]
    return any(
        (each["device"]["sensor_code"] or each["device"]["name"]) == (code or name)
        for each in matching_shipments(state, document)
    )


def parcel_id_for(state: SimulatorState, document: Json) -> str:
    since = format_iso_time(parse_iso_time(document["device"]["created"]) - PARCEL_WINDOW)
    for each in reversed(matching_shipments(state, document)):
        if each["parcel"] and each["device"]["created"] >= since:
            return str(each["parcel"])
    return state.new_id()
