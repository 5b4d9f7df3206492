"""Columns of an order that say where and how it is shipped, from and to the client's ShipTo."""

from __future__ import annotations

from devices.tenovi import ShipTo
from fulfillment.models import Order, OrderKind


def address_columns(ship_to: ShipTo) -> dict[str, str]:
    columns = {f"ship_{name}": getattr(ship_to, name) for name in ("name", "city", "state", "zip_code")}
    return columns | {"ship_street": ship_to.address}


def option_columns(ship_to: ShipTo) -> dict[str, str | bool]:
    """What an order asks of the shipment besides its address."""
    return {
        "require_signature": ship_to.require_signature,
        "notify_emails": ship_to.notify_emails or "",
        "note": ship_to.client_notes,
    }


def build_ship_to(order: Order) -> ShipTo:
    return ShipTo(
        name=order.ship_name,
        address=order.ship_street,
        city=order.ship_city,
        state=order.ship_state,
        zip_code=order.ship_zip_code,
        require_signature=order.require_signature,
        ship_gateway_only=order.ship_gateway_only,
        client_will_fulfill=order.kind == OrderKind.CLINIC,
        notify_emails=order.notify_emails or None,
        client_notes=order.note,
    )
