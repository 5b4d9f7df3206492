"""Costs of an order by the catalogue, in USD: what is charged once, what each month, and what the catalogue doesn't
state. The vendor's bill decides; an amount of 0.00 is one that is not stated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from devices.models import DeviceType
from fulfillment.models import OrderKind

NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class DeviceCosts:
    """Of one device; None where the catalogue states nothing."""

    name: str
    up_front: Decimal | None
    shipping: Decimal | None
    monthly: Decimal | None


@dataclass(frozen=True)
class OrderCosts:
    """`charges_once`: whether the vendor charges for device and shipping at all."""

    devices: tuple[DeviceCosts, ...]
    charges_once: bool = True

    @property
    def once(self) -> Decimal:
        amounts = [amount for each in self.devices for amount in (each.up_front, each.shipping)]
        return sum(filter(None, amounts), NOTHING) if self.charges_once else NOTHING

    @property
    def monthly(self) -> Decimal:
        return sum((each.monthly for each in self.devices if each.monthly), NOTHING)

    @property
    def not_stated(self) -> list[str]:
        """Names of devices that the sums leave something out of."""
        once = [each.name for each in self.devices if self.charges_once and None in (each.up_front, each.shipping)]
        return list(dict.fromkeys([*once, *(each.name for each in self.devices if each.monthly is None)]))


def describe_costs(costs: OrderCosts) -> str:
    """In one line, such as "$115.00 once, $12.00 a month"."""
    amounts = [(costs.once, "once")] if costs.charges_once else []
    stated = [f"${amount:,} {when}" for amount, when in (*amounts, (costs.monthly, "a month")) if amount]
    missing = f"; not all is stated of {', '.join(costs.not_stated)}" if costs.not_stated and stated else ""
    return (", ".join(stated) or "cost not stated") + missing


def sum_costs(contents: Iterable[DeviceType], *, kind: OrderKind = OrderKind.DROPSHIP) -> OrderCosts:
    """What the clinic ships or hands out itself has been paid for: the vendor charges by the month."""
    devices = tuple(
        DeviceCosts(
            name=each.name,
            up_front=each.up_front_cost or None,
            shipping=each.shipping_cost or None,
            monthly=each.monthly_cost or None,
        )
        for each in contents
    )
    return OrderCosts(devices, charges_once=kind == OrderKind.DROPSHIP)
