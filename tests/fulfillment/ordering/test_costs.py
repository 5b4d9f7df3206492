"""Costs of an order: sums, and what the catalogue doesn't state."""

from decimal import Decimal

import pytest

from devices.models import DeviceType
from fulfillment.models import OrderKind
from fulfillment.ordering.costs import describe_costs, sum_costs


def device_type(up_front, shipping, monthly, name="Scale"):
    amounts = (None if amount is None else Decimal(amount) for amount in (up_front, shipping, monthly))
    return DeviceType(name=name, **dict(zip(("up_front_cost", "shipping_cost", "monthly_cost"), amounts, strict=True)))


@pytest.mark.parametrize(
    ("contents", "text"),
    [
        ([("45.00", "12.50", "6.00")] * 2, "$115.00 once, $12.00 a month"),
        ([("0.00", "0.00", "6.00")], "$6.00 a month; not all is stated of Scale"),
        ([("45.00", None, "6.00")], "$45.00 once, $6.00 a month; not all is stated of Scale"),
        ([(None, None, None)], "cost not stated"),
        ([("0.00", "0.00", "0.00")], "cost not stated"),
        ([("1200.00", "12.50", "0.00")], "$1,212.50 once; not all is stated of Scale"),
        ([], "cost not stated"),
    ],
)
def test_costs_of_vendor_shipment_in_words(contents, text):
    assert describe_costs(sum_costs(device_type(*each) for each in contents)) == text


@pytest.mark.parametrize("kind", [OrderKind.CLINIC, OrderKind.ACTIVATION])
def test_costs_of_own_hardware_are_monthly_alone(kind):
    costs = sum_costs([device_type("45.00", None, "6.00")], kind=kind)

    assert describe_costs(costs) == "$6.00 a month"
