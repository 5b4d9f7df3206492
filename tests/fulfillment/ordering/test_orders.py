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
from tests.fulfillment.order_steps import line_statuses, send_calls


def test_place_order_creates_one_line_and_one_call_per_device(place_order, rosa, cora):
    order = place_order()

    assert [(line.device_type.name, line.call.state) for line in order.lines.order_by("family")] == [
        ("Tenovi BPM - L", "queued"),
        ("Tenovi Scale", "queued"),
    ]
    assert order.events.get().by == cora
    assert AuditEvent.objects.get(action="order").patient_ids == [rosa.pk]


def test_place_order_numbers_lines_of_same_device_family(place_order, elm, scale):
    order = place_order(kit=KitFactory(clinic=elm, items=[(scale, 2)]))

    assert sorted(order.lines.values_list("family", "nth")) == [("13", 1), ("13", 2)]


def test_place_order_fixes_external_id_of_patient(place_order, rosa):
    place_order()

    rosa.refresh_from_db()
    assert rosa.external_id_sent_at is not None


def test_place_order_with_same_submission_id_returns_same_order(place_order):
    form = uuid.uuid4()

    assert place_order(submission_id=form) == place_order(submission_id=form)
    assert OrderLine.objects.count() == VendorCall.objects.exclude(line=None).count() == 2


def test_place_order_refuses_submission_id_of_another_patient(place_order, elm):
    form = uuid.uuid4()
    place_order(submission_id=form)

    with pytest.raises(orders.OrderError, match="new one"):
        place_order(submission_id=form, patient=PatientFactory(clinic=elm))


def test_place_order_refuses_device_with_open_line(place_order):
    place_order()

    with pytest.raises(orders.LineAlreadyOpenError) as refused:
        place_order()

    assert len(refused.value.lines) == 2
    assert Order.objects.count() == 1


def test_place_order_with_override_reason_orders_device_again(place_order):
    place_order()

    order = place_order(override_reason="The first box was stolen")

    assert {line.override_reason for line in order.lines.all()} == {"The first box was stolen"}


def test_place_order_stores_override_reason_only_on_lines_that_need_it(place_order, elm, scale):
    place_order(kit=KitFactory(clinic=elm, items=[(scale, 1)]))

    order = place_order(override_reason="Wants a second scale")

    assert {line.family: line.override_reason for line in order.lines.all()} == {"10": "", "13": "Wants a second scale"}


def test_place_order_refuses_discharged_patient(place_order, rosa):
    rosa.discharged_at = rosa.enrolled_at
    rosa.save(update_fields=["discharged_at"])

    with pytest.raises(orders.OrderError, match="discharged"):
        place_order()
    assert not VendorCall.objects.exists()


def test_place_order_refuses_empty_kit(place_order, elm):
    with pytest.raises(orders.OrderError, match="empty"):
        place_order(kit=KitFactory(clinic=elm, items=[]))


def test_place_order_refuses_deprecated_device_type_by_name(place_order, scale):
    scale.deprecated = True
    scale.save()

    with pytest.raises(orders.OrderError, match="Tenovi Scale"):
        place_order()


def test_place_order_ships_kit_with_one_gateway(place_order, client, sim):
    order = place_order()

    send_calls(client)

    assert line_statuses(order) == ["requested", "requested"]
    assert len({each["parcel"] for each in sim.devices()}) == 1


def test_place_order_joins_linked_gateway(place_order, client, sim, rosa, elm, scale):
    device = DeviceFactory(patient=rosa, gateway__hardware_uuid="A1B2C3D4E5F6")

    place_order(kit=KitFactory(clinic=elm, items=[(scale, 1)]), gateway=orders.linked_gateway(rosa))
    send_calls(client)

    assert sim.devices()[0]["device"]["hardware_uuid"] == device.hardware_uuid


def test_linked_gateway_ignores_unlinked_device(rosa):
    DeviceFactory(patient=rosa, state=DeviceState.UNLINKED)

    assert orders.linked_gateway(rosa) is None


@pytest.mark.django_db(transaction=True)
def test_place_order_fifty_concurrent_submits_create_one_order(place_order):
    form, seen = uuid.uuid4(), []

    def submit():
        try:
            seen.append(place_order(submission_id=form).pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=submit) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(seen) == 50
    assert set(seen) == {Order.objects.get().pk}
    assert VendorCall.objects.exclude(line=None).count() == 2
