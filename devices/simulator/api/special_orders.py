"""Special orders: replacements (by API), bulk orders (placed in the vendor's web app), and their webhook."""

from typing import Any

from devices.simulator.api import gateways
from devices.simulator.api.catalogue import DEVICE_TYPES, GATEWAY_TYPE_NAME, is_cellular
from devices.simulator.api.pagination import matches_search, paginate_if_requested
from devices.simulator.runtime.messages import NOT_FOUND_BODY, ApiError, Json, Request, Response
from devices.simulator.runtime.state import SimulatorState

FIRST_ORDER_NUMBER = 31007
# The webhook speaks words; REST speaks codes, with meanings of its own for the same letters.
WEBHOOK_STATUSES = {
    "RQ": "Pending",
    "PE": "Pending",
    "RS": "Pending",
    "SH": "Shipped",
    "DE": "Delivered",
    "RE": "Returned",
}
NEXT_SHIPPING_STATUS = {"RQ": "PE", "PE": "SH", "SH": "DE"}


def next_order_number(state: SimulatorState) -> str:
    return f"SO-{state.next_number('special order', FIRST_ORDER_NUMBER)}"


def new_tracking_link(state: SimulatorState) -> str:
    return f"https://carrier.example/track/1Z{state.random.randrange(10**9):09d}"


def filter_by_fulfilled(request: Request, rows: list[Json]) -> list[Json]:
    """The `fulfilled` filter of both lists."""
    wanted = request.query.get("fulfilled", "").lower()
    return [each for each in rows if wanted not in ("true", "false") or each["fulfilled"] == (wanted == "true")]


def notify_special_order(
    state: SimulatorState,
    order: Json,
    *,
    order_type: str,
    device: Json | None = None,
    manifest: dict[str, list[str]] | None = None,
) -> None:
    """One webhook to every special-order hook. Unlike the others it carries `updated_on`."""
    person = state.store.get("patient", device["patient"]) if device and device["patient"] else None
    payload: Json = {
        "request_id": order["id"],
        "order_number": order["order_number"],
        "order_type": order_type,
        "hardware_uuid": device["device"]["hardware_uuid"] if device else None,
        "client_device_id": device["id"] if device else None,
        "patient_id": person["external_id"] if person else None,
        "status": WEBHOOK_STATUSES[order["shipping_status"]],
        "created_on": order["created"],
        "updated_on": state.clock.stamp(),
        "tracking_link": order["shipping_tracking_link"],
        "contents": webhook_contents(order),
        "manifest": manifest or {"gateway_ids": [], "imeis": []},
    }
    state.after_commit(lambda: send_special_order_webhooks(state, payload))


def webhook_contents(order: Json) -> list[Json]:
    if "contents" in order:
        return [dict(each) for each in order["contents"]]
    return [{"name": each["name"], "quantity": 1, "kit_id": None} for each in order["list_device_types"]]


def send_special_order_webhooks(state: SimulatorState, payload: Json) -> None:
    for hook in state.store.all("webhook"):
        if hook["event"] == "SPECIAL_ORDER":
            state.webhook_sender.queue_delivery(hook, "SPECIAL_ORDER", payload)


# Bulk orders


def place_bulk_order(state: SimulatorState, contents: list[Json], **shipping: Any) -> Json:
    """`contents`: [{name, quantity, kit_id}], kit_id 0 for loose items. Ships by itself on the lifecycle clock."""
    now = state.clock.stamp()
    order: Json = {
        "id": state.new_id(),
        "created": now,
        "modified": now,
        "order_number": next_order_number(state),
        **dict.fromkeys(("shipping_name", "shipping_address", "shipping_city", "shipping_state", "shipping_zip_code")),
        "shipping_status": "RQ",
        "shipping_tracking_link": None,
        "fulfilled": False,
        "requested_by": f"ops@{state.domain}.example",
        "shipped_on": None,
        "delivered_on": None,
        "notify_emails": None,
        "contents": contents,
        "manifest": [],
        "step_at": state.next_stage_due_at(),
        **shipping,
    }
    notify_special_order(state, order, order_type="BU")
    return state.store.put("bulk_order", order["id"], order)


def advance_bulk_order(state: SimulatorState, order: Json) -> None:
    order["shipping_status"] = NEXT_SHIPPING_STATUS[order["shipping_status"]]
    order["modified"] = state.clock.stamp()
    order["step_at"] = state.next_stage_due_at() if order["shipping_status"] in NEXT_SHIPPING_STATUS else None
    if order["shipping_status"] == "SH":
        pack_bulk_order(state, order)
    if order["shipping_status"] == "DE":
        order["delivered_on"] = state.clock.stamp()
    state.store.put("bulk_order", order["id"], order)
    notify_special_order(state, order, order_type="BU", manifest=manifest_hardware_ids(order))


def pack_bulk_order(state: SimulatorState, order: Json) -> None:
    """Kits with a new gateway each, then the loose items. The hardware exists from now on, tied to nobody."""
    order.update(fulfilled=True, shipped_on=state.clock.stamp(), shipping_tracking_link=new_tracking_link(state))
    kits = sorted({each["kit_id"] for each in order["contents"] if each["kit_id"]})
    order["manifest"] = [pack_kit_section(state, order, kit) for kit in kits]
    loose = [each for each in order["contents"] if not each["kit_id"]]
    items = [pack_loose_item(state, each["name"]) for each in loose for _ in range(each["quantity"])]
    if items:
        order["manifest"].append({"order_section": "Loose Items", "kitted_items": [], "loose_items": items})


def pack_kit_section(state: SimulatorState, order: Json, kit: int) -> Json:
    lines = [each for each in order["contents"] if each["kit_id"] == kit]
    kits = [pack_kit(state, lines, number) for number in range(min(each["quantity"] for each in lines))]
    return {"order_section": f"Kit {kit}", "kitted_items": kits, "loose_items": []}


def pack_kit(state: SimulatorState, lines: list[Json], number: int) -> Json:
    gateway_id = gateways.create_gateway(state, gateways.new_gateway_uuid(state))["gateway_uuid"]
    contents: list[Json] = [{"device_type": GATEWAY_TYPE_NAME, "gateway_id": gateway_id}]
    others = [each["name"] for each in lines if each["name"] != GATEWAY_TYPE_NAME]
    contents += [{"device_type": name, "mac_address": gateways.new_gateway_uuid(state)} for name in others]
    return {"kit_number": number, "gateway_id": gateway_id, "contents": contents}


def pack_loose_item(state: SimulatorState, name: str) -> Json:
    cellular = name in DEVICE_TYPES and is_cellular(name)
    imei = gateways.create_gateway(state, gateways.new_imei(state))["gateway_uuid"] if cellular else None
    gateway_id = (
        gateways.create_gateway(state, gateways.new_gateway_uuid(state))["gateway_uuid"]
        if name == GATEWAY_TYPE_NAME
        else None
    )
    return {"device_type": name, "imei": imei, "gateway_id": gateway_id, "mac_address": "", "model_number": None}


def manifest_hardware_ids(order: Json) -> dict[str, list[str]]:
    items = [each for section in order["manifest"] for each in section["kitted_items"] + section["loose_items"]]
    gateway_ids = [each["gateway_id"] for each in items if each["gateway_id"]]
    return {"gateway_ids": gateway_ids, "imeis": [each["imei"] for each in items if each.get("imei")]}


def list_bulk_orders(state: SimulatorState, request: Request) -> Response:
    """Always paged; `page_size=0` gives everything. Read-only: there is no POST."""
    rows = [bulk_order_json(each) for each in reversed(state.store.all("bulk_order"))]
    words = request.query.get("search", "")
    rows = [
        each
        for each in filter_by_fulfilled(request, rows)
        if matches_search(words, each["order_number"], each["shipping_name"])
    ]
    if request.query.get("page_size") == "0":
        return Response(data={"count": len(rows), "next": None, "previous": None, "results": rows})
    return Response(data=paginate_if_requested(request, rows, always_paged=True))


def get_bulk_order(state: SimulatorState, request: Request, key: str) -> Response:
    order = state.store.get("bulk_order", key.lower())
    if not order:
        raise ApiError(404, NOT_FOUND_BODY)
    return Response(data=bulk_order_json(order))


def bulk_order_json(order: Json) -> Json:
    return {name: value for name, value in order.items() if name != "step_at"}
