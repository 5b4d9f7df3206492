"""Order previews: what would be sent and what it costs, found by placing the order and rolling that back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from devices.hardware_ids import format_hardware_id
from fulfillment.models import Order, OrderKind, OrderLine
from fulfillment.ordering.costs import OrderCosts, describe_costs, sum_costs


@dataclass(frozen=True)
class DevicePreview:
    name: str
    goes_with: str  # the gateway or modem that it sends through


@dataclass(frozen=True)
class OrderPreview:
    order: Order
    devices: list[DevicePreview]
    costs: OrderCosts

    @property
    def costs_text(self) -> str:
        return describe_costs(self.costs)


def preview_order(place: Callable[[], Order]) -> OrderPreview:
    """By the very calls that `place` queues; none is stored. Raises what `place` raises."""
    with transaction.atomic():
        order = place()
        lines = list(order.lines.select_related("device_type", "call").order_by("family", "nth"))
        transaction.set_rollback(True)
    kind = OrderKind(order.kind)
    return OrderPreview(
        order=order,
        devices=[DevicePreview(line.device_type.name, describe_connection(order, line)) for line in lines],
        costs=sum_costs([line.device_type for line in lines], kind=kind),
    )


def describe_connection(order: Order, line: OrderLine) -> str:
    if hardware := line.call.payload["gateway"]:
        word = "IMEI" if line.device_type.cellular else "gateway"
        return f"{word} {format_hardware_id(hardware)}"
    if line.device_type.cellular:
        return "no gateway needed"
    return "gateway from our shelf" if order.kind == OrderKind.CLINIC else "a new gateway"
