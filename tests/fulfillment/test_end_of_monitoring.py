"""The end of monitoring stops every charge."""

from devices.outbox import sending
from fulfillment import end_of_monitoring, tracking
from fulfillment.models import Order, OrderEvent
from tests.fulfillment.steps import hinted, send, statuses


def test_ending_monitoring_stops_every_charge(place, client, sim, rosa, cora):
    place()
    send(client)
    sim.advance(45)
    hinted(Order.objects.get())
    tracking.reread_due(client)

    plan = end_of_monitoring.end_for_patient(patient=rosa, by=cora, reason="Moved to a nursing home")
    send(client)
    tracking.reread_due(client)

    assert len(plan.unlink) == 2
    assert {each["status"] for each in sim.devices()} == {"Unlinked"}
    assert not rosa.assignments.filter(ended_at__isnull=True).exists()
    assert statuses(Order.objects.get()) == ["unlinked", "unlinked"]


def test_ending_monitoring_withdraws_what_was_not_sent_and_cancels_what_has_not_shipped(place, client, sim, rosa, cora):
    place()
    sending.send(sending.claim_next(), client)
    tracking.catch_up()

    plan = end_of_monitoring.end_for_patient(patient=rosa, by=cora, reason="Changed her mind")
    send(client)

    assert (len(plan.cancel), len(plan.withdraw), len(plan.unlink)) == (1, 1, 0)
    assert statuses(Order.objects.get()) == ["cancelled", "cancelled"]
    assert sim.devices() == []


def test_ending_twice_is_one_unlink(client, sim, rosa, cora, activate):
    activate()
    send(client)

    for _ in range(2):
        end_of_monitoring.end_for_patient(patient=rosa, by=cora, reason="Recovered")
    send(client)

    assert len(sim.requests.matching("GET", "unlink-gateway")) == 1
    assert OrderEvent.objects.filter(text__contains="Recovered").count() >= 1
