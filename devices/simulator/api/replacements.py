"""Replacements: an HWI device gets new hardware; a gateway swap applies to all its devices when it ships."""

from typing import Any

from devices.simulator.api import devices, gateways, special_orders
from devices.simulator.api.catalogue import DEVICE_TYPES, GATEWAY_TYPE_NAME, is_cellular
from devices.simulator.api.pagination import list_response, matches_fulfilled
from devices.simulator.api.validation import REQUIRED_TEXT_FIELD, SHIPPING_FIELDS, TEXT_FIELD, Field, validate_fields
from devices.simulator.runtime.messages import ApiError, Json, Request, Response
from devices.simulator.runtime.state import SimulatorState

REPLACEMENT_FIELDS = {
    **dict.fromkeys(SHIPPING_FIELDS, TEXT_FIELD),
    "device_types": Field(kind="any", required=True, null=False),
    "hwi_device_id": REQUIRED_TEXT_FIELD,
    "notify_emails": Field(max_length=2048),
}


def list_replacements(state: SimulatorState, request: Request) -> Response:
    rows = [each for each in reversed(state.store.all("replacement")) if matches_fulfilled(request, each)]
    return list_response(request, rows, search_texts=lambda each: (each["order_number"],), serialize=replacement_json)


def create_replacement(state: SimulatorState, request: Request) -> Response:
    values, errors = validate_fields(request.json_object(), REPLACEMENT_FIELDS)
    errors = {**device_type_errors(values.get("device_types")), **errors}
    device = state.store.get("device", str(values.get("hwi_device_id")).lower())
    if not device and "hwi_device_id" not in errors:
        errors["hwi_device_id"] = ["No HWI Device with this id exists."]
    from_stock = not any(values.get(name) for name in SHIPPING_FIELDS)
    if from_stock and "device_types" not in errors and GATEWAY_TYPE_NAME in device_type_names(values):
        errors["shipping_address"] = ["This field is required."]
    if errors or not device:
        raise ApiError(400, errors)
    order = {
        "id": state.new_id(),
        **dict.fromkeys((*SHIPPING_FIELDS, "notify_emails")),
        "shipping_status": "RQ",
        "order_number": special_orders.next_order_number(state),
        "fulfilled": False,
        "created": state.clock.stamp(),
        "shipped_on": None,
        "delivered_on": None,
        "shipping_tracking_link": None,
        "step_at": state.next_stage_due_at(),
        **values,
    }
    if from_stock:  # a device from bulk inventory; assumed: it is over at once, nothing is shipped
        order.update(shipping_status="DE", fulfilled=True, step_at=None)
    special_orders.notify_special_order(state, order, order_type="RE", device=device)
    return Response(201, replacement_json(state.store.put("replacement", order["id"], order)))


def device_type_names(values: Json) -> set[str]:
    return {each["name"] for each in values["device_types"]}


def device_type_errors(sent: Any) -> Json:
    if sent is None:
        return {}
    if not isinstance(sent, list) or not sent:
        return {"device_types": ["This list may not be empty."]}
    names = [each.get("name") if isinstance(each, dict) else None for each in sent]
    wrong = [name for name in names if name != GATEWAY_TYPE_NAME and name not in DEVICE_TYPES]
    errors = [f'"{name}" is not a valid device type for this account.' for name in wrong]
    return {"device_types": errors} if errors else {}


def delete_replacement(state: SimulatorState, request: Request, key: str) -> Response:
    order = state.get_or_404("replacement", key.lower())
    if order["fulfilled"]:
        raise ApiError(400, ["This replacement has been fulfilled and can't be deleted."])
    state.store.remove("replacement", order["id"])
    return Response(204)


def replacement_json(order: Json) -> Json:
    return {name: value for name, value in order.items() if name not in ("step_at", "swapped")}


def advance_replacement(state: SimulatorState, order: Json) -> None:
    """Advance one stage: requested, pending, shipped (hardware swapped here, not at delivery), delivered."""
    device = state.store.get("device", order["hwi_device_id"].lower())
    special_orders.enter_next_status(state, order)
    if order["shipping_status"] == "SH":
        link = special_orders.new_tracking_link(state)
        order.update(fulfilled=True, shipped_on=state.clock.stamp(), shipping_tracking_link=link)
        if device:
            ship_replacement_hardware(state, order, device)
    if order["shipping_status"] == "DE":
        for each in state.store.all("device"):
            if order.get("swapped") and each["carries"] == order["swapped"][0]:
                each["carries"] = None
                devices.save_device(state, each)
    state.store.put("replacement", order["id"], order)
    special_orders.notify_special_order(state, order, order_type="RE", device=device)


def ship_replacement_hardware(state: SimulatorState, order: Json, device: Json) -> None:
    """A gateway swap changes every device on it; a device with its own SIM changes its IMEI; else nothing changes."""
    names = device_type_names(order)
    cellular = device["device"]["name"] in names and is_cellular(device["device"]["name"])
    old_uuid = device["device"]["hardware_uuid"]
    if not old_uuid or not (cellular or GATEWAY_TYPE_NAME in names):
        return
    new_uuid = gateways.ship_new_gateway(state, cellular=cellular)["gateway_uuid"]
    order["swapped"] = [old_uuid, new_uuid]
    for each in state.store.all("device"):
        if each["device"]["hardware_uuid"] == old_uuid:
            log_hardware_change(state, each, old_uuid, new_uuid, state.clock.stamp())
            each["device"]["hardware_uuid"] = new_uuid
            each["carries"] = old_uuid  # the patient still uses the old one until the parcel arrives
            devices.save_device(state, each)
            devices.notify_device_status(state, each, status="Replaced", old_uuid=old_uuid)


def log_hardware_change(state: SimulatorState, document: Json, old_uuid: str, new_uuid: str, at: str) -> None:
    line = {
        "id": state.new_id(),
        "created": at,
        "modified": at,
        "object_id": document["id"],
        "device_name": document["device"]["name"],
        "old_hardware_uuid": old_uuid,
        "new_hardware_uuid": new_uuid,
        "changer": "ops@tenovi.example",
    }
    state.store.put("hardware_uuid_log", line["id"], line)


def list_hardware_logs(state: SimulatorState, request: Request) -> Response:
    """`object_id` is the HWI device id; `search` finds hardware ids."""
    wanted = request.query.get("object_id")
    rows = [each for each in reversed(state.store.all("hardware_uuid_log")) if wanted in (None, each["object_id"])]
    return list_response(
        request, rows, search_texts=lambda each: (each["old_hardware_uuid"], each["new_hardware_uuid"])
    )
