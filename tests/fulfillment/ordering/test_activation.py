"""Activation of devices on site, and gateway ids that are mistyped or of the wrong kind."""

import uuid

import pytest
from django.urls import reverse

from devices.hardware_ids import GATEWAY_ID_NEEDED, IMEI_NEEDED
from devices.outbox.requests import InvalidHardwareUuid
from devices.statuses import DeviceState
from fulfillment.models import LineStatus, Order
from fulfillment.ordering import order_lines, orders
from tests.factories import DeviceFactory, DeviceTypeFactory, GatewayFactory
from tests.fulfillment.order_steps import send_calls

IMEI = "356938035643809"


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


@pytest.fixture
def cellular_cuff(db):
    return DeviceTypeFactory(name="Tenovi Cellular BPM", sensor_code="")


def post_activation(browser, patient, device_type, gateway_id):
    typed = {"submission_id": uuid.uuid4(), "device_type": device_type.pk, "gateway_id": gateway_id}
    return browser.post(reverse("orders:new", query={"patient": patient.pk, "how": "activate"}), typed)


def test_activation_refuses_hardware_id_of_other_kind(place_activation, cellular_cuff):
    with pytest.raises(InvalidHardwareUuid, match="not an IMEI"):
        place_activation(IMEI)
    with pytest.raises(InvalidHardwareUuid, match=r"IMEI \(15 digits\)"):
        place_activation("A1B2C3D4E5F6", device_type=cellular_cuff)
    assert not Order.objects.exists()


def test_activation_form_shows_hardware_id_of_other_kind_at_field(as_cora, rosa, scale, cellular_cuff):
    imei_for_scale = post_activation(as_cora, rosa, scale, IMEI)
    gateway_for_modem = post_activation(as_cora, rosa, cellular_cuff, "A1B2-C3D4-E5F6")

    assert imei_for_scale.context["form"].errors["gateway_id"] == [GATEWAY_ID_NEEDED]
    assert gateway_for_modem.context["form"].errors["gateway_id"] == [IMEI_NEEDED]
    assert post_activation(as_cora, rosa, cellular_cuff, IMEI).status_code == 302
    assert Order.objects.get().gateway_id == IMEI


def test_correction_form_shows_hardware_id_of_other_kind_at_field(as_cora, place_activation, client):
    line = place_activation("AAAA-BBBB-CCCC").lines.get()
    send_calls(client)

    answer = as_cora.post(reverse("orders:correct", args=[line.pk]), {"gateway_id": IMEI})

    assert answer.context["form"].errors["gateway_id"] == [GATEWAY_ID_NEEDED]


def test_correction_refuses_hardware_id_of_other_kind(place_activation, client, cora):
    line = place_activation("AAAA-BBBB-CCCC").lines.get()
    send_calls(client)
    line.refresh_from_db()

    with pytest.raises(InvalidHardwareUuid):
        order_lines.correct_line(line=line, by=cora, gateway=IMEI)


def test_linked_gateway_is_never_an_imei(rosa, scale):
    DeviceFactory(patient=rosa, device_type=scale, gateway=GatewayFactory(hardware_uuid=IMEI))

    assert orders.linked_gateway(rosa) is None


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
