"""Special orders: replacements (by API), bulk orders (placed in the vendor's web app), and their webhook."""

from typing import Any

from devices.simulator.api import gateways
from devices.simulator.api.catalogue import GATEWAY, TYPES, is_cellular
from devices.simulator.api.pagination import listed, matches
from devices.simulator.runtime.messages import NOT_FOUND, Answer, Json, Refusal, Request
from devices.simulator.runtime.state import World

FIRST_NUMBER = 31007
# The webhook speaks words; REST speaks codes, with meanings of its own for the same letters.
WORDS = {"RQ": "Pending", "PE": "Pending", "RS": "Pending", "SH": "Shipped", "DE": "Delivered", "RE": "Returned"}
NEXT = {"RQ": "PE", "PE": "SH", "SH": "DE"}


def order_number(world: World) -> str:
    return f"SO-{world.number('special order', FIRST_NUMBER)}"


def tracking_link(world: World) -> str:
    return f"https://carrier.example/track/1Z{world.random.randrange(10**9):09d}"


def is_fulfilled(request: Request, rows: list[Json]) -> list[Json]:
    """The `fulfilled` filter of both lists."""
    wanted = request.query.get("fulfilled", "").lower()
    return [each for each in rows if wanted not in ("true", "false") or each["fulfilled"] == (wanted == "true")]


def tell(
    world: World,
    order: Json,
    *,
    order_type: str,
    device: Json | None = None,
    manifest: dict[str, list[str]] | None = None,
) -> None:
    """One webhook to every special-order hook. Unlike the others it carries `updated_on`."""
    person = world.store.get("patient", device["patient"]) if device and device["patient"] else None
    payload: Json = {
        "request_id": order["id"],
        "order_number": order["order_number"],
        "order_type": order_type,
        "hardware_uuid": device["device"]["hardware_uuid"] if device else None,
        "client_device_id": device["id"] if device else None,
        "patient_id": person["external_id"] if person else None,
        "status": WORDS[order["shipping_status"]],
        "created_on": order["created"],
        "updated_on": world.clock.stamp(),
        "tracking_link": order["shipping_tracking_link"],
        "contents": _contents(order),
        "manifest": manifest or {"gateway_ids": [], "imeis": []},
    }
    world.after_commit(lambda: send(world, payload))


def _contents(order: Json) -> list[Json]:
    if "contents" in order:
        return [dict(each) for each in order["contents"]]
    return [{"name": each["name"], "quantity": 1, "kit_id": None} for each in order["device_types"]]


def send(world: World, payload: Json) -> None:
    for hook in world.store.all("webhook"):
        if hook["event"] == "SPECIAL_ORDER":
            world.outbox.push(hook, "SPECIAL_ORDER", payload)


# Bulk orders


def place_bulk(world: World, contents: list[Json], **shipping: Any) -> Json:
    """`contents`: [{name, quantity, kit_id}], kit_id 0 for loose items. Ships by itself on the lifecycle clock."""
    now = world.clock.stamp()
    order: Json = {
        "id": world.new_id(),
        "created": now,
        "modified": now,
        "order_number": order_number(world),
        **dict.fromkeys(("shipping_name", "shipping_address", "shipping_city", "shipping_state", "shipping_zip_code")),
        "shipping_status": "RQ",
        "shipping_tracking_link": None,
        "fulfilled": False,
        "requested_by": f"ops@{world.domain}.example",
        "shipped_on": None,
        "delivered_on": None,
        "notify_emails": None,
        "contents": contents,
        "manifest": [],
        "step_at": world.soon(),
        **shipping,
    }
    tell(world, order, order_type="BU")
    return world.store.put("bulk_order", order["id"], order)


def step_bulk(world: World, order: Json) -> None:
    order["shipping_status"] = NEXT[order["shipping_status"]]
    order["modified"] = world.clock.stamp()
    order["step_at"] = world.soon() if order["shipping_status"] in NEXT else None
    if order["shipping_status"] == "SH":
        pack(world, order)
    if order["shipping_status"] == "DE":
        order["delivered_on"] = world.clock.stamp()
    world.store.put("bulk_order", order["id"], order)
    tell(world, order, order_type="BU", manifest=_hardware(order))


def pack(world: World, order: Json) -> None:
    """Kits with a new gateway each, then the loose items. The hardware exists from now on, tied to nobody."""
    order.update(fulfilled=True, shipped_on=world.clock.stamp(), shipping_tracking_link=tracking_link(world))
    kits = sorted({each["kit_id"] for each in order["contents"] if each["kit_id"]})
    order["manifest"] = [_kit_section(world, order, kit) for kit in kits]
    loose = [each for each in order["contents"] if not each["kit_id"]]
    items = [_loose(world, each["name"]) for each in loose for _ in range(each["quantity"])]
    if items:
        order["manifest"].append({"order_section": "Loose Items", "kitted_items": [], "loose_items": items})


def _kit_section(world: World, order: Json, kit: int) -> Json:
    lines = [each for each in order["contents"] if each["kit_id"] == kit]
    kits = [_kitted(world, lines, number) for number in range(min(each["quantity"] for each in lines))]
    return {"order_section": f"Kit {kit}", "kitted_items": kits, "loose_items": []}


def _kitted(world: World, lines: list[Json], number: int) -> Json:
    gateway_id = gateways.make(world, gateways.new_uuid(world))["gateway_uuid"]
    contents: list[Json] = [{"device_type": GATEWAY, "gateway_id": gateway_id}]
    others = [each["name"] for each in lines if each["name"] != GATEWAY]
    contents += [{"device_type": name, "mac_address": gateways.new_uuid(world)} for name in others]
    return {"kit_number": number, "gateway_id": gateway_id, "contents": contents}


def _loose(world: World, name: str) -> Json:
    cellular = name in TYPES and is_cellular(name)
    imei = gateways.make(world, gateways.new_imei(world))["gateway_uuid"] if cellular else None
    gateway_id = gateways.make(world, gateways.new_uuid(world))["gateway_uuid"] if name == GATEWAY else None
    return {"device_type": name, "imei": imei, "gateway_id": gateway_id, "mac_address": "", "model_number": None}


def _hardware(order: Json) -> dict[str, list[str]]:
    items = [each for section in order["manifest"] for each in section["kitted_items"] + section["loose_items"]]
    gateway_ids = [each["gateway_id"] for each in items if each["gateway_id"]]
    return {"gateway_ids": gateway_ids, "imeis": [each["imei"] for each in items if each.get("imei")]}


def list_bulk(world: World, request: Request) -> Answer:
    """Always paged; `page_size=0` gives everything. Read-only: there is no POST."""
    rows = [_shown(each) for each in reversed(world.store.all("bulk_order"))]
    words = request.query.get("search", "")
    rows = [each for each in is_fulfilled(request, rows) if matches(words, each["order_number"], each["shipping_name"])]
    if request.query.get("page_size") == "0":
        return Answer(data={"count": len(rows), "next": None, "previous": None, "results": rows})
    return Answer(data=listed(request, rows, always_paged=True))


def get_bulk(world: World, request: Request, key: str) -> Answer:
    order = world.store.get("bulk_order", key.lower())
    if not order:
        raise Refusal(404, NOT_FOUND)
    return Answer(data=_shown(order))


def _shown(order: Json) -> Json:
    return {name: value for name, value in order.items() if name != "step_at"}
