"""Sensor IDs: typed where a device type needs one, and corrected after the vendor has refused one."""

import uuid

import pytest
from django.urls import reverse

from fulfillment.models import LineStatus, OrderLine
from fulfillment.ordering import order_lines
from tests.factories import DeviceTypeFactory, OrderFactory, OrderLineFactory
from tests.fulfillment.order_steps import send_calls
from tests.page_texts import page_text

GATEWAY = "A1B2C3D4E5F6"


@pytest.fixture
def cap(db):
    return DeviceTypeFactory(name="PatchRx PatchCap", sensor_code="27", sensor_id_required=True)


@pytest.fixture
def refused_cap(place_activation, client, sim, cap):
    """A cap whose sensor ID the vendor has refused."""
    body = {"device": {"sensor_id": ["This sensor ID is not valid."]}}
    sim.faults.add("status", status=400, body=body, match={"method": "POST"}, times=1)
    order = place_activation(device_type=cap, sensor_id="0A1")
    send_calls(client)
    line = order.lines.get()
    assert line.status == LineStatus.REJECTED
    return line


def test_correction_form_shows_refused_sensor_id_with_the_vendors_message(as_cora, refused_cap):
    page = as_cora.get(reverse("orders:correct", args=[refused_cap.pk]))

    assert page.context["form"]["sensor_id"].value() == "0A1"
    assert page.context["form"].rejections == {"sensor_id": ["This sensor ID is not valid."]}


def test_corrected_sensor_id_is_sent(as_cora, refused_cap, client):
    as_cora.post(reverse("orders:correct", args=[refused_cap.pk]), {"gateway_id": GATEWAY, "sensor_id": " OA1 "})
    send_calls(client)

    corrected = OrderLine.objects.get(corrects=refused_cap)
    assert corrected.call.payload["sensor_id"] == "OA1"
    assert corrected.status != LineStatus.REJECTED


def test_correction_needs_a_sensor_id_where_the_type_does(as_cora, refused_cap):
    page = as_cora.post(reverse("orders:correct", args=[refused_cap.pk]), {"gateway_id": GATEWAY, "sensor_id": " "})

    assert "PatchRx PatchCap needs its sensor ID." in page_text(page)
    assert not OrderLine.objects.filter(corrects=refused_cap).exists()


def test_correction_of_several_lines_changes_the_sensor_id_of_the_first_only(refused_cap, cap, cora):
    other = OrderLineFactory(order=refused_cap.order, device_type=cap, nth=2, status="rejected")
    other.call.payload = {"sensor_id": "0B2"}
    other.call.save(update_fields=["payload"])

    first, second = order_lines.correct_lines([refused_cap, other], by=cora, gateway=GATEWAY, sensor_id="OA1")

    assert [line.call.payload["sensor_id"] for line in (first, second)] == ["OA1", "0B2"]


def test_correction_form_has_no_sensor_id_for_types_without_one(as_cora, place_activation, client, sim):
    sim.faults.add("status", status=400, match={"method": "POST"}, times=1)
    order = place_activation()
    send_calls(client)

    page = as_cora.get(reverse("orders:correct", args=[order.lines.get().pk]))

    assert "sensor_id" not in page.context["form"].fields


def test_shipped_device_that_needs_a_sensor_id_can_not_be_asked_for_again(rosa, cap, cora):
    """Of a kit that was put together before such kits were refused."""
    order = OrderFactory(patient=rosa, lines=0, placed_by=cora)
    line = OrderLineFactory(order=order, device_type=cap, status="rejected")

    assert not order_lines.can_correct(line)


def test_activation_form_asks_for_a_sensor_id_only_where_the_type_has_one(as_cora, rosa, cap, scale):
    form = reverse("orders:new", query={"patient": rosa.pk, "how": "activate"})
    typed = {"submission_id": uuid.uuid4(), "gateway_id": GATEWAY}

    missing = as_cora.post(form, typed | {"device_type": cap.pk, "sensor_id": ""})
    surplus = as_cora.post(form, typed | {"device_type": scale.pk, "sensor_id": "0A1"})

    assert "PatchRx PatchCap needs its sensor ID." in page_text(missing)
    assert "Tenovi Scale has no sensor ID. Please leave this empty." in page_text(surplus)
    assert not OrderLine.objects.exists()
