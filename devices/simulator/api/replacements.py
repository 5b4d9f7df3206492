"""Replacements: the same HWI device goes on with new hardware; a gateway's swap reaches all its devices at shipping."""

from typing import Any

from devices.simulator.api import devices, gateways, special_orders
from devices.simulator.api.catalogue import GATEWAY, TYPES, is_cellular
from devices.simulator.api.pagination import listed, matches
from devices.simulator.api.validation import NAME, TEXT, Field, clean
from devices.simulator.runtime.messages import NOT_FOUND, Answer, Json, Refusal, Request
from devices.simulator.runtime.state import World

SHIP_TO = ("shipping_name", "shipping_address", "shipping_city", "shipping_state", "shipping_zip_code")
REPLACEMENT = {
    **dict.fromkeys(SHIP_TO, TEXT),
    "device_types": Field(kind="any", required=True, null=False),
    "hwi_device_id": NAME,
    "notify_emails": Field(longest=2048),
}


def list_replacements(world: World, request: Request) -> Answer:
    rows = [_shown(each) for each in reversed(world.store.all("replacement"))]
    words = request.query.get("search", "")
    rows = special_orders.is_fulfilled(request, rows)
    return Answer(data=listed(request, [each for each in rows if matches(words, each["order_number"])]))


def create_replacement(world: World, request: Request) -> Answer:
    values, errors = clean(request.object(), REPLACEMENT)
    errors = {**_wrong_types(values.get("device_types")), **errors}
    device = world.store.get("device", str(values.get("hwi_device_id")).lower())
    if not device and "hwi_device_id" not in errors:
        errors["hwi_device_id"] = ["No HWI Device with this id exists."]
    if errors or not device:
        raise Refusal(400, errors)
    order = {**_new(world), **values}
    special_orders.tell(world, order, order_type="RE", device=device)
    return Answer(201, _shown(world.store.put("replacement", order["id"], order)))


def _wrong_types(sent: Any) -> Json:
    if sent is None:
        return {}
    if not isinstance(sent, list) or not sent:
        return {"device_types": ["This list may not be empty."]}
    names = [each.get("name") if isinstance(each, dict) else None for each in sent]
    wrong = [name for name in names if name != GATEWAY and name not in TYPES]
    return (
        {"device_types": [f'"{name}" is not a valid device type for this account.' for name in wrong]} if wrong else {}
    )


def _new(world: World) -> Json:
    return {
        "id": world.new_id(),
        **dict.fromkeys((*SHIP_TO, "notify_emails")),
        "shipping_status": "RQ",
        "order_number": special_orders.order_number(world),
        "fulfilled": False,
        "created": world.clock.stamp(),
        "shipped_on": None,
        "delivered_on": None,
        "shipping_tracking_link": None,
        "step_at": world.soon(),
    }


def delete_replacement(world: World, request: Request, key: str) -> Answer:
    order = world.store.get("replacement", key.lower())
    if not order:
        raise Refusal(404, NOT_FOUND)
    if order["fulfilled"]:
        raise Refusal(400, ["This replacement has been fulfilled and can't be deleted."])
    world.store.remove("replacement", order["id"])
    return Answer(204)


def _shown(order: Json) -> Json:
    return {name: value for name, value in order.items() if name not in ("step_at", "swapped")}


def step(world: World, order: Json) -> None:
    """One stage onwards: requested, pending, shipped (hardware swapped here, not at delivery), delivered."""
    device = world.store.get("device", order["hwi_device_id"].lower())
    order["shipping_status"] = special_orders.NEXT[order["shipping_status"]]
    order["step_at"] = world.soon() if order["shipping_status"] in special_orders.NEXT else None
    if order["shipping_status"] == "SH":
        link = special_orders.tracking_link(world)
        order.update(fulfilled=True, shipped_on=world.clock.stamp(), shipping_tracking_link=link)
        if device:
            _swap(world, order, device)
    if order["shipping_status"] == "DE":
        order["delivered_on"] = world.clock.stamp()
        _arrived(world, order)
    world.store.put("replacement", order["id"], order)
    special_orders.tell(world, order, order_type="RE", device=device)


def _swap(world: World, order: Json, device: Json) -> None:
    """A gateway swap changes every device on it; a device with its own SIM changes its IMEI; else nothing changes."""
    names = {each["name"] for each in order["device_types"]}
    cellular = device["device"]["name"] in names and is_cellular(device["device"]["name"])
    old_uuid = device["device"]["hardware_uuid"]
    if not old_uuid or not (cellular or GATEWAY in names):
        return
    new_uuid = gateways.ship_new(world, cellular=cellular)["gateway_uuid"]
    order["swapped"] = [old_uuid, new_uuid]
    for each in world.store.all("device"):
        if each["device"]["hardware_uuid"] == old_uuid:
            swap(world, each, new_uuid, world.clock.stamp())
            each["carries"] = old_uuid  # the patient still uses the old one until the parcel comes
            devices.save(world, each)
            devices.tell_status(world, each, status="Replaced", old_uuid=old_uuid)


def swap(world: World, document: Json, new_uuid: str, at: str) -> None:
    """Write the new hardware id and its line in the audit trail."""
    log(world, document, document["device"]["hardware_uuid"], new_uuid, at)
    document["device"]["hardware_uuid"] = new_uuid


def log(world: World, document: Json, old_uuid: str, new_uuid: str, at: str) -> None:
    line = {
        "id": world.new_id(),
        "created": at,
        "modified": at,
        "object_id": document["id"],
        "device_name": document["device"]["name"],
        "old_hardware_uuid": old_uuid,
        "new_hardware_uuid": new_uuid,
        "changer": "ops@tenovi.example",
    }
    world.store.put("hardware_uuid_log", line["id"], line)


def _arrived(world: World, order: Json) -> None:
    for each in world.store.all("device"):
        if order.get("swapped") and each["carries"] == order["swapped"][0]:
            each["carries"] = None
            devices.save(world, each)


def list_logs(world: World, request: Request) -> Answer:
    """`object_id` is the HWI device id; `search` finds hardware ids."""
    wanted, words = request.query.get("object_id"), request.query.get("search", "")
    rows = [each for each in reversed(world.store.all("hardware_uuid_log")) if wanted in (None, each["object_id"])]
    found = [each for each in rows if matches(words, each["old_hardware_uuid"], each["new_hardware_uuid"])]
    return Answer(data=listed(request, found))
