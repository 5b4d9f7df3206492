"""POST /hwi-devices/: one device per call, activated on site, shipped by the client, or dropshipped."""

from datetime import timedelta
from typing import Any

from devices.simulator.api import gateways, patients
from devices.simulator.api.catalogue import TYPES, is_cellular, type_id
from devices.simulator.api.devices import (
    deprecated_patient,
    nested_patient,
    represented,
    save,
    set_status,
    tell_status,
)
from devices.simulator.api.validation import FLAG, NAME, TEXT, Field, clean
from devices.simulator.runtime.clock import iso, parse
from devices.simulator.runtime.messages import Answer, Json, Refusal, Request
from devices.simulator.runtime.state import World

PARCEL_WINDOW = timedelta(minutes=10)  # orders of one patient and address within it share a parcel and a gateway
SHIP_TO = ("shipping_name", "shipping_address", "shipping_city", "shipping_state", "shipping_zip_code")
DEVICE = {
    "name": NAME,
    "hardware_uuid": TEXT,
    "sensor_id": Field(null=False),
    "sensor_code": Field(null=False),  # read-only now: derived from the name, what was sent is dropped
    "fulfillment_request": Field(kind="any"),
}
ORDER = {
    **dict.fromkeys((*SHIP_TO, "shipped_on_behalf_of"), TEXT),
    "shipping_tracking_link": Field(kind="url", longest=2000),
    "ship_gateway_only": FLAG,
    "require_signature": FLAG,
    "client_will_fulfill": FLAG,
    "flagged_by_client": FLAG,
    "client_notes": Field(longest=10_000, null=False),
    "notify_emails": Field(longest=2048),
}


def create_device(world: World, request: Request) -> Answer:
    """201 with the device, a mistyped gateway included; 400 with errors nested as the body is."""
    body = request.object()
    values, errors = _cleaned_device(world, body)
    patient = _cleaned_patient(body, errors)
    if errors:
        raise Refusal(400, errors)
    document = new_document(world, values)
    document["patient"] = patients.apply(world, patient) if patient else None
    begin(world, document)
    save(world, document)
    if document["device"]["fulfillment_request"]:
        tell_status(world, document)  # may well overtake the answer to this very POST
    return Answer(201, represented(world, document))


def _cleaned_patient(body: Json, errors: Json) -> Json:
    try:
        return nested_patient(body["patient"]) if body.get("patient") is not None else deprecated_patient(body)
    except Refusal as refusal:
        errors.update(refusal.data)
        return {}


def _cleaned_device(world: World, body: Json) -> tuple[Json, Json]:
    if not isinstance(body.get("device"), dict):
        sent = type(body.get("device")).__name__
        wrong = {"non_field_errors": [f"Invalid data. Expected a dictionary, but got {sent}."]}
        return {}, {"device": wrong if body.get("device") is not None else ["This field is required."]}
    values, errors = clean(body["device"], DEVICE)
    values["hardware_uuid"] = gateways.normalised(values.get("hardware_uuid"))
    if values.get("fulfillment_request") is not None:
        values["fulfillment_request"], order_errors = clean(values["fulfillment_request"], ORDER)
        errors.update({"fulfillment_request": order_errors} if order_errors else {})
    if not errors:
        errors = _wrong_for_the_type(world, values)
    return values, {"device": errors} if errors else {}


def _wrong_for_the_type(world: World, values: Json) -> Json:
    name = values["name"]
    if name not in TYPES:
        return {"name": [f'"{name}" is not a valid device type for this account.']}
    if "sensor id" in TYPES[name][4] and not values.get("sensor_id"):
        return {"sensor_id": ["This field is required for this device type."]}
    if not values["hardware_uuid"] and values.get("fulfillment_request") is None:
        return {"hardware_uuid": ["A Gateway ID or a fulfillment request is required."]}
    if values["hardware_uuid"] and _taken(world, values):
        word = "IMEI" if is_cellular(name) else "Gateway"
        return {"hardware_uuid": [f"This {word} ID already exists for a {name}."]}
    return {}


def _taken(world: World, values: Json) -> bool:
    """One device per sensor code per gateway, also under different names; per sensor id where the type has one."""
    code = TYPES[values["name"]][0]
    several = "sensor id" in TYPES[values["name"]][4]
    same = [each["device"] for each in world.store.all("device") if each["device"]["sensor_code"] == code]
    return any(
        device["hardware_uuid"] == values["hardware_uuid"]
        and (not several or device["sensor_id"] == values["sensor_id"])
        for device in same
    )


def new_document(world: World, values: Json) -> Json:
    """A device with nothing decided yet. The keys after `device` are the simulator's own and never shown."""
    order = values.get("fulfillment_request")
    return {
        "id": world.new_id(),
        "status": "",
        "connected_on": None,
        "unlinked_on": None,
        "last_measurement": None,
        "device": {
            "id": world.new_id(),
            "created": world.clock.stamp(),
            "name": values["name"],
            "hardware_uuid": values.get("hardware_uuid"),
            "sensor_code": TYPES[values["name"]][0],
            "sensor_id": values.get("sensor_id") or "",
            "device_type": type_id(values["name"]),
            "shared_hardware_uuid": False,
            "model_number": "",
            "fulfillment_request": _new_order(world, order) if order is not None else None,
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


def _new_order(world: World, sent: Json) -> Json:
    order: dict[str, Any] = {
        "created": world.clock.stamp(),
        "shipping_status": "PE",
        **dict.fromkeys((*SHIP_TO, "shipped_on_behalf_of", "shipping_tracking_link")),
        "ship_gateway_only": False,
        "require_signature": False,
        "shipped_on": None,
        "delivered_on": None,
        "requested_by": f"api@{world.domain}.example",
        "client_notes": "",
        "notify_emails": None,
        "fulfilled": False,
        "client_will_fulfill": False,
        "flagged_by_client": False,
        "invalid_address": "",
        "duplicate_device_at_address": False,
    }
    return {**order, **sent}


def begin(world: World, document: Json) -> None:
    """The first status, and when the parcel first moves."""
    uuid, order = document["device"]["hardware_uuid"], document["device"]["fulfillment_request"]
    if uuid and not _is_known(world, uuid, document["device"]["name"]):
        set_status(document, "Unknown Gateway ID")
        return
    if order:
        _begin_shipping(world, document, order)
    else:
        gateways.assign(world, uuid)
        set_status(document, "Delivered")
    if not (order and (order["client_will_fulfill"] or order["flagged_by_client"])):
        document["step_at"] = world.soon()


def _begin_shipping(world: World, document: Json, order: Json) -> None:
    set_status(document, "Pending Shipment" if order["client_will_fulfill"] else "Dropship Requested")
    if order["flagged_by_client"]:
        set_status(document, "On Hold")
    order["duplicate_device_at_address"] = _repeated(world, document)
    document["parcel"] = _parcel(world, document)


def _is_known(world: World, uuid: str, name: str) -> bool:
    return gateways.find(world, uuid) is not None and gateways.is_imei(uuid) == is_cellular(name)


def address(order: Json) -> tuple[str, ...]:
    return tuple((order[name] or "").casefold() for name in SHIP_TO[1:])


def _orders_like(world: World, document: Json) -> list[Json]:
    """Other live shipments to the same patient and address."""
    order = document["device"]["fulfillment_request"]
    return [
        each
        for each in world.store.all("device")
        if each["device"]["fulfillment_request"]
        and each["patient"] == document["patient"]
        and each["status"] not in ("Unlinked", "Returned")
        and address(each["device"]["fulfillment_request"]) == address(order)
    ]


def _repeated(world: World, document: Json) -> bool:
    code, name = document["device"]["sensor_code"], document["device"]["name"]
    return any(
        (each["device"]["sensor_code"] or each["device"]["name"]) == (code or name)
        for each in _orders_like(world, document)
    )


def _parcel(world: World, document: Json) -> str:
    since = iso(parse(document["device"]["created"]) - PARCEL_WINDOW)
    for each in reversed(_orders_like(world, document)):
        if each["parcel"] and each["device"]["created"] >= since:
            return str(each["parcel"])
    return world.new_id()
