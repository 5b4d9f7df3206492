import threading
import uuid

import pytest
from django.db import connection

from devices.models import VendorCall
from devices.statuses import DeviceState
from fulfillment.models import Order, OrderLine
from fulfillment.ordering import orders
from patients.models import AuditEvent
from tests.factories import DeviceFactory, KitFactory, PatientFactory
from tests.fulfillment.steps import send, statuses


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
