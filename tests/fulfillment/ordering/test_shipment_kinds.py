"""The ways of getting a device: shipped by the clinic, a gateway alone, options of the vendor's shipment, our note."""

import uuid

import msgspec
import pytest
from django.db import IntegrityError, transaction

from devices.models import VendorCall
from fulfillment.models import LineStatus, Order, OrderKind
from fulfillment.ordering import order_lines, orders
from fulfillment.ordering.orders import OrderError
from tests.factories import DeviceTypeFactory, OrderFactory
from tests.fulfillment.order_steps import line_statuses, send_calls
from tests.simulated_vendor import SHIPPING_ADDRESS


def ship_to(**changes):
    return msgspec.structs.replace(SHIPPING_ADDRESS, **changes)


@pytest.fixture
def ship_gateway(rosa, scale, cora):
    def shipped(device_type=scale, address=SHIPPING_ADDRESS, **changes):
        asked = {"patient": rosa, "device_type": device_type, "by": cora, "submission_id": uuid.uuid4()}
        return orders.ship_gateway(ship_to=address, **(asked | changes))

    return shipped


def fulfillment_requests(sim):
    return [device["device"]["fulfillment_request"] for device in sim.devices()]


def test_clinic_shipment_waits_for_staff_and_follows_the_vendor(place_order, client, sim):
    order = place_order(ship_to=ship_to(client_will_fulfill=True), carrier="usps", tracking_number="9400111")
    send_calls(client)

    assert (order.kind, order.shipped_by_clinic, order.tracking_number) == (OrderKind.CLINIC, True, "9400111")
    assert {request["client_will_fulfill"] for request in fulfillment_requests(sim)} == {True}
    assert {device["device"]["hardware_uuid"] for device in sim.devices()} == {None}
    assert line_statuses(order) == [LineStatus.PENDING, LineStatus.PENDING]


def test_clinic_shipment_joins_no_gateway(place_order):
    order = place_order(ship_to=ship_to(client_will_fulfill=True), gateway="A1B2C3D4E5F6")

    assert order.gateway_id == ""
    assert {line.call.payload["gateway"] for line in order.lines.select_related("call")} == {None}


def test_gateway_alone_is_ordered_for_one_device(ship_gateway, client, sim, scale):
    order = ship_gateway()
    send_calls(client)

    (request,) = fulfillment_requests(sim)
    assert (request["ship_gateway_only"], request["client_will_fulfill"]) == (True, False)
    assert sim.devices()[0]["device"]["name"] == scale.name
    assert line_statuses(order) == [LineStatus.REQUESTED]
    sim.advance(60)
    assert len(sim.devices()[0]["device"]["hardware_uuid"]) == 12


def test_gateway_alone_is_refused_for_cellular_device(ship_gateway):
    with pytest.raises(OrderError, match="needs no gateway"):
        ship_gateway(DeviceTypeFactory(name="Tenovi Cellular BPM", sensor_code=""))
    assert not Order.objects.exists()


def test_order_sends_note_beside_reference_and_options(place_order, client, sim, rosa):
    address = ship_to(client_notes="Large cuff please", notify_emails="cora@elm.example,ada@elm.example")
    place_order(ship_to=address, physician="Dr. Ann Field", require_signature=True)
    send_calls(client)

    references = set(VendorCall.objects.values_list("reference", flat=True))
    for device in sim.devices():
        request = device["device"]["fulfillment_request"]
        reference, note = request["client_notes"].split(" ", 1)
        assert (reference in references, note) == (True, "Large cuff please")
        assert request["notify_emails"] == "cora@elm.example,ada@elm.example"
        assert request["require_signature"] is True
    assert client.get_patient(rosa.external_id).physician == "Dr. Ann Field"


def test_order_refuses_note_with_reference_of_other_call(place_one_line, place_order):
    reference = place_one_line().call.reference

    with pytest.raises(orders.NoteError, match="reference of another order"):
        place_order(ship_to=ship_to(client_notes=f"as {reference}"), override_reason="another")
    assert Order.objects.count() == 1


def test_corrected_line_retains_options_of_its_order(place_one_line, client, sim, cora):
    line = place_one_line(ship_to=ship_to(client_notes="Ring twice"), physician="Dr. Ann Field")
    sim.faults.add("status", status=400, body={"device": {"name": ["No."]}}, match={"method": "POST"})
    send_calls(client)
    line.refresh_from_db()
    assert line.status == LineStatus.REJECTED

    corrected = order_lines.correct_line(line=line, by=cora, ship_to=ship_to(address="9 Elm Court"))

    payload = corrected.call.payload
    assert payload["ship_to"]["address"] == "9 Elm Court"
    assert payload["ship_to"]["client_notes"].endswith(" Ring twice")
    assert payload["patient"]["physician"] == "Dr. Ann Field"


def test_activation_shipped_by_clinic_has_own_parcel_note(place_activation, client, sim):
    order = place_activation(shipped_by_clinic=True, carrier="ups", tracking_number="1Z999AA10123456784")
    send_calls(client)

    assert sim.devices()[0]["device"]["fulfillment_request"] is None
    assert (order.kind, order.carrier) == (OrderKind.ACTIVATION, "ups")
    assert order.events.get(source="person").text == "Activated; shipped by us"


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "dropship", "shipped_by_clinic": True},
        {"kind": "clinic", "shipped_by_clinic": False},
        {"ship_gateway_only": True, "gateway_id": "A1B2C3D4E5F6"},
        {"carrier": "pigeon"},
    ],
)
def test_database_refuses_order_of_contradicting_kind(rosa, wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        OrderFactory(patient=rosa, lines=0, **wrong)
