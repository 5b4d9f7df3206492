"""Devices handed over on site, and gateway ids that were mistyped."""

import pytest

from devices.outbox.requests import WrongHardware
from devices.statuses import DeviceState
from fulfillment.models import LineStatus, Order
from fulfillment.ordering import order_lines
from tests.fulfillment.steps import send


def test_an_activated_device_is_delivered_at_once(activate, client, rosa):
    order = activate()

    send(client)

    line = order.lines.get()
    assert line.status == LineStatus.DELIVERED
    assert line.device.hardware_uuid == "A1B2C3D4E5F6"
    assert line.device.patient == rosa


@pytest.mark.parametrize("typed", ["", "A1B2C3D4E5", "356000000000017000", "G1B2C3D4E5F6"])
def test_a_gateway_id_that_can_not_be_one_is_refused_before_anything_is_sent(activate, typed):
    with pytest.raises(WrongHardware):
        activate(typed)
    assert not Order.objects.exists()


def test_an_unknown_gateway_is_corrected_by_unlinking_and_activating_anew(activate, client, sim, cora):
    order = activate("AAAA-BBBB-CCCC")
    send(client)
    line = order.lines.select_related("call__device", "patient", "order").get()
    assert line.status == LineStatus.UNKNOWN_GATEWAY

    order_lines.correct(line=line, by=cora, gateway="a1b2c3d4e5f6")
    send(client)

    order.refresh_from_db()
    assert order.status == LineStatus.DELIVERED
    line.device.refresh_from_db()
    assert line.device.state == DeviceState.UNLINKED


def test_correcting_twice_is_one_new_line(activate, client, cora):
    order = activate("AAAA-BBBB-CCCC")
    send(client)
    first, second = (order.lines.get() for _ in range(2))

    corrected = order_lines.correct(line=first, by=cora, gateway="A1B2C3D4E5F6")

    assert order_lines.correct(line=second, by=cora, gateway="B2C3D4E5F6A1") == corrected
    assert order.lines.count() == 2
