"""Batches: none placed twice, stop, and patients that are left out."""

import uuid
from collections import Counter

import pytest
from django.utils import timezone

from devices.outbox import sending
from fulfillment import tracking
from fulfillment.batches import placing
from fulfillment.batches.models import BatchItem, ItemState, OrderBatch
from fulfillment.models import LineStatus, Order
from patients.models import AuditEvent
from tests.factories import DeviceFactory, KitFactory, PatientFactory


@pytest.fixture
def scale_kit(elm, scale):
    return KitFactory(clinic=elm, items=[(scale, 1)])


@pytest.fixture
def patients(elm):
    return PatientFactory.create_batch(3, clinic=elm)


@pytest.fixture
def place_batch(scale_kit, patients, cora):
    def placed(**changes):
        asked = {"batch_id": uuid.uuid4(), "kit": scale_kit, "patients": patients, "by": cora}
        return placing.place_batch(**(asked | changes))

    return placed


def test_batch_places_one_order_per_patient(place_batch, patients, cora):
    batch = place_batch()

    assert placing.place_due_orders() == 3
    assert Counter(Order.objects.values_list("patient", flat=True)) == {patient.pk: 1 for patient in patients}
    assert batch.count_items() == {ItemState.PLACED: 3}
    assert {order.placed_by for order in Order.objects.all()} == {cora}
    assert AuditEvent.objects.filter(target=f"batch:{batch.pk}").exists()


def test_batch_sent_again_orders_none_twice(place_batch):
    batch = place_batch()
    placing.place_due_orders()

    assert place_batch(batch_id=batch.pk) == batch
    placing.place_due_orders()
    assert (OrderBatch.objects.count(), Order.objects.count()) == (1, 3)


def test_batch_item_worked_on_twice_finds_its_own_order(place_batch):
    place_batch()
    placing.place_due_orders()
    item = BatchItem.objects.first()
    order = item.order

    BatchItem.objects.filter(pk=item.pk).update(state=ItemState.WAITING, order=None)  # as if the worker had died
    placing.place_due_orders()

    item.refresh_from_db()
    assert (item.state, item.order) == (ItemState.PLACED, order)
    assert Order.objects.count() == 3


def test_batch_refuses_patient_who_can_not_be_ordered_for_and_orders_the_others(place_batch, patients):
    place_batch()
    type(patients[0]).objects.filter(pk=patients[0].pk).update(discharged_at=timezone.now())
    type(patients[1]).objects.filter(pk=patients[1].pk).update(street="")
    placing.place_due_orders()

    reasons = dict(BatchItem.objects.values_list("patient", "reason"))
    assert "discharged" in reasons[patients[0].pk]
    assert "not complete: street" in reasons[patients[1].pk]
    assert list(Order.objects.values_list("patient", flat=True)) == [patients[2].pk]


def test_plan_names_what_is_on_the_way(place_order, rosa, scale_kit, patients, django_assert_num_queries):
    place_order(kit=scale_kit)

    with django_assert_num_queries(3):
        planned = placing.plan_batch(scale_kit, [rosa, *patients])
    assert [bool(each.problem) for each in planned] == [True, False, False, False]
    assert "Tenovi Scale" in planned[0].problem


def test_stopped_batch_cancels_what_is_not_sent(place_batch, cora, client, sim):
    batch = place_batch()
    placing.place_item(placing.claim_next_item())
    sending.send_due_calls(client)
    placing.place_item(placing.claim_next_item())

    assert placing.stop_batch(batch=batch, by=cora) == 1
    placing.place_due_orders()
    sending.send_due_calls(client)
    tracking.update_order_lines()

    assert len(sim.devices()) == 1
    assert batch.count_items() == {ItemState.PLACED: 2, ItemState.CANCELLED: 1}
    assert Counter(order.status for order in Order.objects.all()) == {LineStatus.REQUESTED: 1, LineStatus.CANCELLED: 1}


def test_batch_refuses_patients_of_other_clinic(place_batch, harbor):
    with pytest.raises(placing.BatchError, match="kit's clinic"):
        place_batch(patients=[PatientFactory(clinic=harbor)])


def test_batch_joins_gateway_with_room_alone(elm, scale, scale_kit, patients):
    DeviceFactory(patient=patients[0], gateway__hardware_uuid="A1B2C3D4E5F6", sensor_code="10")
    DeviceFactory(patient=patients[1], gateway__hardware_uuid="B2C3D4E5F6A1", sensor_code="13")

    chosen = [placing.choose_gateway(patient, [scale]) for patient in patients]
    assert chosen == ["A1B2C3D4E5F6", None, None]
