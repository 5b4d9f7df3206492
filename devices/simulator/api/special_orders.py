"""Special orders: replacements (by API), bulk orders (placed in the vendor's web app), and their webhook."""

from typing import Any

from devices.simulator.api import gateways
from devices.simulator.api.catalogue import DEVICE_TYPES, GATEWAY_TYPE_NAME, is_cellular
from devices.simulator.api.pagination import list_response, matches_fulfilled, matches_search
from devices.simulator.api.patients import patient_of_device
from devices.simulator.api.validation import SHIPPING_FIELDS
from devices.simulator.runtime.messages import Json, Request, Response
from devices.simulator.runtime.state import SimulatorState

FIRST_ORDER_NUMBER = 31007
# The webhook sends words; REST sends codes, and its letters differ from those of a device's shipping status.
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


def enter_next_status(state: SimulatorState, order: Json) -> None:
    order["shipping_status"] = NEXT_SHIPPING_STATUS[order["shipping_status"]]
    order["step_at"] = state.next_stage_due_at() if order["shipping_status"] in NEXT_SHIPPING_STATUS else None
    if order["shipping_status"] == "DE":
        order["delivered_on"] = state.clock.stamp()


def notify_special_order(
    state: SimulatorState,
    order: Json,
    *,
    order_type: str,
    device: Json | None = None,
    manifest: dict[str, list[str]] | None = None,
) -> None:
    """The special-order webhook, after the commit. Unlike the others it carries `updated_on`."""
    person = patient_of_device(state, device)
    contents = order.get("contents")
    if contents is None:
        contents = [{"name": each["name"], "quantity": 1, "kit_id": None} for each in order["device_types"]]
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
        "contents": [dict(each) for each in contents],
        "manifest": manifest or {"gateway_ids": [], "imeis": []},
    }
    state.notify_webhooks("SPECIAL_ORDER", payload)


# Bulk orders


def place_bulk_order(state: SimulatorState, contents: list[Json], **shipping: Any) -> Json:
    """`contents`: [{name, quantity, kit_id}], kit_id 0 for loose items. Ships by itself on the lifecycle clock."""
    now = state.clock.stamp()
    order: Json = {
        "id": state.new_id(),
        "created": now,
        "modified": now,
        "order_number": next_order_number(state),
        **dict.fromkeys(SHIPPING_FIELDS),
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
    enter_next_status(state, order)
    order["modified"] = state.clock.stamp()
    if order["shipping_status"] == "SH":
        pack_bulk_order(state, order)
    state.store.put("bulk_order", order["id"], order)
    items = [each for section in order["manifest"] for each in section["kitted_items"] + section["loose_items"]]
    manifest = {
        "gateway_ids": [each["gateway_id"] for each in items if each["gateway_id"]],
        "imeis": [each["imei"] for each in items if each.get("imei")],
    }
    notify_special_order(state, order, order_type="BU", manifest=manifest)


def pack_bulk_order(state: SimulatorState, order: Json) -> None:
    """Kits with a new gateway each, then the loose items. The hardware exists from now on, linked to no device."""
    order.update(fulfilled=True, shipped_on=state.clock.stamp(), shipping_tracking_link=new_tracking_link(state))
    for kit in sorted({each["kit_id"] for each in order["contents"] if each["kit_id"]}):
        lines = [each for each in order["contents"] if each["kit_id"] == kit]
        kits = [pack_kit(state, lines, number) for number in range(min(each["quantity"] for each in lines))]
        order["manifest"].append({"order_section": f"Kit {kit}", "kitted_items": kits, "loose_items": []})
    loose = [each for each in order["contents"] if not each["kit_id"]]
    items = [pack_loose_item(state, each["name"]) for each in loose for _ in range(each["quantity"])]
    if items:
        order["manifest"].append({"order_section": "Loose Items", "kitted_items": [], "loose_items": items})


def pack_kit(state: SimulatorState, lines: list[Json], number: int) -> Json:
    gateway_id = new_gateway_id(state)
    contents: list[Json] = [{"device_type": GATEWAY_TYPE_NAME, "gateway_id": gateway_id}]
    others = [each["name"] for each in lines if each["name"] != GATEWAY_TYPE_NAME]
    contents += [{"device_type": name, "mac_address": gateways.new_gateway_uuid(state)} for name in others]
    return {"kit_number": number, "gateway_id": gateway_id, "contents": contents}


def pack_loose_item(state: SimulatorState, name: str) -> Json:
    cellular = name in DEVICE_TYPES and is_cellular(name)
    imei = gateways.create_gateway(state, gateways.new_imei(state))["gateway_uuid"] if cellular else None
    gateway_id = new_gateway_id(state) if name == GATEWAY_TYPE_NAME else None
    return {"device_type": name, "imei": imei, "gateway_id": gateway_id, "mac_address": "", "model_number": None}


def new_gateway_id(state: SimulatorState) -> str:
    return str(gateways.create_gateway(state, gateways.new_gateway_uuid(state))["gateway_uuid"])


def list_bulk_orders(state: SimulatorState, request: Request) -> Response:
    """Always paged; `page_size=0` gives everything. Read-only: there is no POST."""
    rows = [each for each in reversed(state.store.all("bulk_order")) if matches_fulfilled(request, each)]
    rows = [each for each in rows if matches_search(request, each["order_number"], each["shipping_name"])]
    if request.query.get("page_size") == "0":
        results = [bulk_order_json(each) for each in rows]
        return Response(data={"count": len(rows), "next": None, "previous": None, "results": results})
    return list_response(request, rows, serialize=bulk_order_json, always_paged=True)


def get_bulk_order(state: SimulatorState, request: Request, key: str) -> Response:
    return Response(data=bulk_order_json(state.get_or_404("bulk_order", key.lower())))


def bulk_order_json(order: Json) -> Json:
    return {name: value for name, value in order.items() if name != "step_at"}
