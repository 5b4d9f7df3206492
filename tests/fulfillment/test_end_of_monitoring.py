"""The end of monitoring stops every charge."""

from devices.outbox import sending
from fulfillment import end_of_monitoring, tracking
from fulfillment.models import Order, OrderEvent
from tests.fulfillment.order_steps import line_statuses, mark_refresh_due, send_calls


def test_end_of_monitoring_unlinks_every_device(place_order, client, sim, rosa, cora):
    place_order()
    send_calls(client)
    sim.advance(45)
    mark_refresh_due(Order.objects.get())
    tracking.refresh_due_devices(client)

    plan = end_of_monitoring.end_patient_monitoring(patient=rosa, by=cora, reason="Moved to a nursing home")
    send_calls(client)
    tracking.refresh_due_devices(client)

    assert len(plan.unlink) == 2
    assert {each["status"] for each in sim.devices()} == {"Unlinked"}
    assert not rosa.assignments.filter(ended_at__isnull=True).exists()
    assert line_statuses(Order.objects.get()) == ["unlinked", "unlinked"]


def test_end_of_monitoring_withdraws_unsent_and_cancels_unshipped_lines(place_order, client, sim, rosa, cora):
    place_order()
    sending.send_call(sending.claim_next_call(), client)
    tracking.update_order_lines()

    plan = end_of_monitoring.end_patient_monitoring(patient=rosa, by=cora, reason="Changed her mind")
    send_calls(client)

    assert (len(plan.cancel), len(plan.withdraw), len(plan.unlink)) == (1, 1, 0)
    assert line_statuses(Order.objects.get()) == ["cancelled", "cancelled"]
    assert sim.devices() == []


def test_end_of_monitoring_twice_sends_one_unlink(client, sim, rosa, cora, place_activation):
    place_activation()
    send_calls(client)

    for _ in range(2):
        end_of_monitoring.end_patient_monitoring(patient=rosa, by=cora, reason="Recovered")
    send_calls(client)

    assert len(sim.requests.matching_lines("GET", "unlink-gateway")) == 1
    assert OrderEvent.objects.filter(text__contains="Recovered").count() >= 1
