import threading
import uuid

import pytest
from django.db import connection

from devices import calls
from devices.activation import WrongHardware
from devices.models import VendorCall
from devices.states import DeviceState
from devices.tenovi import ShipTo
from fulfillment import lines, monitoring, orders, tracking
from fulfillment.models import LineStatus, Order, OrderEvent, OrderLine
from patients.models import AuditEvent
from tests.factories import DeviceFactory, KitFactory, PatientFactory
from tests.vendor import posts

HOME = ShipTo(name="Rosa Delgado", address="12 Alder Street", city="Concord", state="NH", zip_code="03301")


@pytest.fixture
def place(rosa, kit, cora):
    def placed(**changes):
        asked = {"patient": rosa, "kit": kit, "ship_to": HOME, "by": cora, "submission_id": uuid.uuid4()}
        return orders.place(**(asked | changes))

    return placed


def send(client):
    calls.drain(client)
    tracking.catch_up()


def statuses(order):
    return sorted(order.lines.values_list("status", flat=True))


def test_an_order_is_one_line_and_one_call_per_device(place, rosa, cora):
    order = place()

    assert [(line.device_type.name, line.call.state) for line in order.lines.order_by("family")] == [
        ("Tenovi BPM - L", "intent"),
        ("Tenovi Scale", "intent"),
    ]
    assert order.events.get().by == cora
    assert AuditEvent.objects.get(action="order").patient_ids == [rosa.pk]


def test_two_of_a_kind_are_first_and_second(place, elm, scale):
    order = place(kit=KitFactory(clinic=elm, items=[(scale, 2)]))

    assert sorted(order.lines.values_list("family", "nth")) == [("13", 1), ("13", 2)]


def test_the_account_id_is_fixed_once_it_is_on_its_way(place, rosa):
    place()

    rosa.refresh_from_db()
    assert rosa.external_id_sent_at is not None


def test_the_same_form_twice_is_one_order(place):
    form = uuid.uuid4()

    assert place(submission_id=form) == place(submission_id=form)
    assert OrderLine.objects.count() == VendorCall.objects.count() == 2


def test_a_form_used_for_somebody_else_orders_nothing(place, elm):
    form = uuid.uuid4()
    place(submission_id=form)

    with pytest.raises(orders.CantOrder, match="new one"):
        place(submission_id=form, patient=PatientFactory(clinic=elm))


def test_a_device_on_its_way_is_not_ordered_again_by_mistake(place):
    place()

    with pytest.raises(orders.AlreadyOpen) as refused:
        place()

    assert len(refused.value.lines) == 2
    assert Order.objects.count() == 1


def test_with_a_reason_it_is_ordered_again(place):
    place()

    order = place(override_reason="The first box was stolen")

    assert {line.override_reason for line in order.lines.all()} == {"The first box was stolen"}


def test_a_reason_is_kept_only_where_it_was_needed(place, elm, scale):
    place(kit=KitFactory(clinic=elm, items=[(scale, 1)]))

    order = place(override_reason="Wants a second scale")

    assert {line.family: line.override_reason for line in order.lines.all()} == {"10": "", "13": "Wants a second scale"}


def test_nothing_is_ordered_for_a_discharged_patient(place, rosa):
    rosa.discharged_at = rosa.enrolled_at
    rosa.save(update_fields=["discharged_at"])

    with pytest.raises(orders.CantOrder, match="discharged"):
        place()
    assert not VendorCall.objects.exists()


def test_an_empty_kit_orders_nothing(place, elm):
    with pytest.raises(orders.CantOrder, match="empty"):
        place(kit=KitFactory(clinic=elm, items=[]))


def test_a_device_that_left_the_catalogue_is_named(place, scale):
    scale.deprecated = True
    scale.save()

    with pytest.raises(orders.CantOrder, match="Tenovi Scale"):
        place()


def test_a_kit_travels_with_one_gateway(place, client, sim):
    order = place()

    send(client)

    assert statuses(order) == ["requested", "requested"]
    assert len({each["parcel"] for each in sim.devices()}) == 1


def test_a_linked_gateway_is_joined(place, client, sim, rosa, elm, scale):
    device = DeviceFactory(patient=rosa, gateway__hardware_uuid="A1B2C3D4E5F6")

    place(kit=KitFactory(clinic=elm, items=[(scale, 1)]), gateway=orders.linked_gateway(rosa))
    send(client)

    assert sim.devices()[0]["device"]["hardware_uuid"] == device.hardware_uuid


def test_a_gateway_of_an_unlinked_device_is_not_joined(rosa):
    DeviceFactory(patient=rosa, state=DeviceState.UNLINKED)

    assert orders.linked_gateway(rosa) is None


@pytest.mark.django_db(transaction=True)
def test_fifty_submits_at_once_are_one_order(place):
    form, seen = uuid.uuid4(), []

    def submit():
        try:
            seen.append(place(submission_id=form).pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=submit) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(seen) == 50
    assert set(seen) == {Order.objects.get().pk}
    assert VendorCall.objects.count() == 2


# --- on site ------------------------------------------------------------------------------------------------------


@pytest.fixture
def activate(rosa, scale, cora):
    def activated(hardware_uuid="a1b2-c3d4-e5f6", **changes):
        asked = {"patient": rosa, "device_type": scale, "by": cora, "submission_id": uuid.uuid4()}
        return orders.activate(hardware_uuid=hardware_uuid, **(asked | changes))

    return activated


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

    lines.correct(line=line, by=cora, gateway="a1b2c3d4e5f6")
    send(client)

    order.refresh_from_db()
    assert order.status == LineStatus.DELIVERED
    line.device.refresh_from_db()
    assert line.device.state == DeviceState.UNLINKED


def test_correcting_twice_is_one_new_line(activate, client, cora):
    order = activate("AAAA-BBBB-CCCC")
    send(client)
    first, second = (order.lines.get() for _ in range(2))

    corrected = lines.correct(line=first, by=cora, gateway="A1B2C3D4E5F6")

    assert lines.correct(line=second, by=cora, gateway="B2C3D4E5F6A1") == corrected
    assert order.lines.count() == 2


# --- ways out -----------------------------------------------------------------------------------------------------


def a_line(order):
    return order.lines.select_related("call__device", "patient__clinic", "order").order_by("family").first()


def test_what_was_not_sent_is_cancelled_at_once(place, client, sim, cora):
    order = place()

    for line in order.lines.all():
        lines.cancel(line=line, by=cora)
    send(client)

    assert statuses(order) == ["cancelled", "cancelled"]
    assert posts(sim) == []


def test_what_has_not_shipped_is_cancelled_at_the_vendor(place, client, sim, cora):
    order = place()
    send(client)

    lines.cancel(line=a_line(order), by=cora)
    send(client)

    assert statuses(order) == ["cancelled", "requested"]
    assert len(sim.devices()) == 1


def test_what_has_shipped_is_not_cancelled_but_unlinked(place, client, sim, cora):
    order = place()
    send(client)
    sim.advance(45)
    hinted(order)
    tracking.reread_due(client)
    tracking.catch_up()

    with pytest.raises(lines.TooLate, match="End its monitoring"):
        lines.cancel(line=a_line(order), by=cora)


def test_what_is_unclear_is_not_cancelled(place, client, sim, cora):
    order = place()
    sim.faults.add("reset_after", match={"method": "POST"}, times=None)
    send(client)

    with pytest.raises(lines.TooLate, match="not clear"):
        lines.cancel(line=a_line(order), by=cora)


def test_a_refused_line_frees_its_place_and_can_be_corrected(place, client, sim, cora):
    order = place()
    body = {"device": {"fulfillment_request": {"shipping_zip_code": ["No such ZIP code."]}}}
    sim.faults.add("status", status=400, body=body, match={"method": "POST"}, times=2)
    send(client)
    line = a_line(order)
    assert (line.status, line.closed_at is None) == (LineStatus.REJECTED, False)

    corrected = lines.correct(line=line, by=cora, ship_to=ShipTo(**{**as_dict(HOME), "zip_code": "03302"}))
    send(client)

    corrected.refresh_from_db()
    assert corrected.status == LineStatus.REQUESTED
    assert corrected.call.payload["ship_to"]["zip_code"] == "03302"
    assert "No such ZIP code" in order.events.filter(line=line, status="rejected").get().text


def test_a_person_closes_a_line_with_a_reason(place, client, sim, cora):
    order = place()
    sim.faults.add("status", status=400, match={"method": "POST"}, times=None)
    send(client)

    for line in order.lines.select_related("call__device", "patient", "order"):
        lines.close(line=line, by=cora, reason="Patient moved abroad")

    assert not Order.objects.get(pk=order.pk).stuck
    assert order.events.filter(text__contains="moved abroad").count() == 2


def test_a_line_that_may_still_ship_is_not_closed(place, cora):
    with pytest.raises(lines.TooLate):
        lines.close(line=a_line(place()), by=cora, reason="Enough")


def test_closing_a_line_that_needs_a_person_gives_its_call_up_for_good(place, client, sim, cora):
    line = a_line(place())
    VendorCall.objects.filter(pk=line.call_id).update(state="needs_human")
    line.call.refresh_from_db()

    lines.close(line=line, by=cora, reason="The vendor never got it")
    send(client)

    line.refresh_from_db()
    line.call.refresh_from_db()
    assert (line.status, line.call.state) == (LineStatus.GIVEN_UP, "given_up")
    assert len(posts(sim)) == 1  # the other line's


def test_ending_monitoring_stops_every_charge(place, client, sim, rosa, cora):
    place()
    send(client)
    sim.advance(45)
    hinted(Order.objects.get())
    tracking.reread_due(client)

    plan = monitoring.end_for_patient(patient=rosa, by=cora, reason="Moved to a nursing home")
    send(client)
    tracking.reread_due(client)

    assert len(plan.unlink) == 2
    assert {each["status"] for each in sim.devices()} == {"Unlinked"}
    assert not rosa.assignments.filter(ended_at__isnull=True).exists()
    assert statuses(Order.objects.get()) == ["unlinked", "unlinked"]


def test_ending_monitoring_withdraws_what_was_not_sent_and_cancels_what_has_not_shipped(place, client, sim, rosa, cora):
    place()
    calls.send(calls.claim_next(), client)
    tracking.catch_up()

    plan = monitoring.end_for_patient(patient=rosa, by=cora, reason="Changed her mind")
    send(client)

    assert (len(plan.cancel), len(plan.withdraw), len(plan.unlink)) == (1, 1, 0)
    assert statuses(Order.objects.get()) == ["cancelled", "cancelled"]
    assert sim.devices() == []


def test_ending_twice_is_one_unlink(client, sim, rosa, cora, activate):
    activate()
    send(client)

    for _ in range(2):
        monitoring.end_for_patient(patient=rosa, by=cora, reason="Recovered")
    send(client)

    assert len(sim.requests.matching("GET", "unlink-gateway")) == 1
    assert OrderEvent.objects.filter(text__contains="Recovered").count() >= 1


def hinted(order):
    """As if a webhook had come for each device."""
    from devices.models import Device

    Device.objects.filter(vendor_calls__line__order=order).update(reread_at=order.placed_at)


def as_dict(ship_to):
    return {name: getattr(ship_to, name) for name in ("name", "address", "city", "state", "zip_code")}
