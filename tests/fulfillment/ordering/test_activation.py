"""Activation of devices on site, and mistyped gateway ids."""

import pytest

from devices.outbox.requests import InvalidHardwareUuid
from devices.statuses import DeviceState
from fulfillment.models import LineStatus, Order
from fulfillment.ordering import order_lines
from tests.fulfillment.order_steps import send_calls


def test_activation_sets_line_delivered_after_vendor_confirms(place_activation, client, rosa):
    order = place_activation()

    send_calls(client)

    line = order.lines.get()
    assert line.status == LineStatus.DELIVERED
    assert line.device.hardware_uuid == "A1B2C3D4E5F6"
    assert line.device.patient == rosa


@pytest.mark.parametrize("typed", ["", "A1B2C3D4E5", "356000000000017000", "G1B2C3D4E5F6"])
def test_activation_rejects_malformed_gateway_id_before_sending(place_activation, typed):
    with pytest.raises(InvalidHardwareUuid):
        place_activation(typed)
    assert not Order.objects.exists()


def test_activation_correction_unlinks_unknown_gateway_and_activates_again(place_activation, client, sim, cora):
    order = place_activation("AAAA-BBBB-CCCC")
    send_calls(client)
    line = order.lines.select_related("call__device", "patient", "order").get()
    assert line.status == LineStatus.UNKNOWN_GATEWAY

    order_lines.correct_line(line=line, by=cora, gateway="a1b2c3d4e5f6")
    send_calls(client)

    order.refresh_from_db()
    assert order.status == LineStatus.DELIVERED
    line.device.refresh_from_db()
    assert line.device.state == DeviceState.UNLINKED


def test_activation_correction_twice_creates_one_new_line(place_activation, client, cora):
    order = place_activation("AAAA-BBBB-CCCC")
    send_calls(client)
    first, second = (order.lines.get() for _ in range(2))

    corrected = order_lines.correct_line(line=first, by=cora, gateway="A1B2C3D4E5F6")

    assert order_lines.correct_line(line=second, by=cora, gateway="B2C3D4E5F6A1") == corrected
    assert order.lines.count() == 2
