"""The end of monitoring stops every charge."""

import uuid

import pytest
from django.urls import reverse

from devices.models import Device
from devices.models.vendor_call import CallState
from devices.outbox import sending
from devices.statuses import DeviceState
from fulfillment import end_of_monitoring, tracking
from fulfillment.models import Order, OrderEvent
from patients.models import AuditEvent
from tests.factories import DeviceFactory, OrderFactory, OrderLineFactory, ReplacementFactory, VendorCallFactory
from tests.fulfillment.order_steps import line_statuses, mark_refresh_due, send_calls
from tests.fulfillment.pages import normalized_html


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


def test_device_is_cancelled_before_shipping_and_unlinked_after_it(rosa, django_assert_num_queries):
    """The vendor deletes only what is not fulfilled; what it bills nothing for is left alone."""
    devices = {
        (state, fulfilled): DeviceFactory(patient=rosa, state=state, fulfilled=fulfilled)
        for state in DeviceState
        for fulfilled in (None, False, True)
    }
    before_shipping = {"pending", "requested", "action_required", "on_hold", "ready"}
    over = {"unlinked", "cancelled"}

    plan = end_of_monitoring.plan_for_patient(rosa)

    assert set(plan.cancel) == {
        device for (state, fulfilled), device in devices.items() if state in before_shipping and not fulfilled
    }
    assert set(plan.unlink) == {
        device
        for (state, fulfilled), device in devices.items()
        if state not in over and (fulfilled or state not in before_shipping)
    }
    with django_assert_num_queries(4):  # devices, lines, replacements, calls that end devices
        end_of_monitoring.plan_for_patient(rosa)


def test_order_line_is_withdrawn_before_it_is_sent_and_waited_for_after_it(rosa):
    order, lease = OrderFactory(patient=rosa, lines=0), uuid.uuid4()
    lines = {}
    for nth, state in enumerate(CallState, start=1):
        call = VendorCallFactory(patient=rosa, state=state, lease=lease if state == CallState.SENDING else None)
        lines[state] = OrderLineFactory(order=order, nth=nth, call=call)

    plan = end_of_monitoring.plan_for_patient(rosa)

    assert plan.withdraw == [lines[CallState.QUEUED]]
    assert {line.call.state for line in plan.unresolved} == {"sending", "unknown", "needs_review"}


def test_device_whose_cancellation_is_refused_is_read_again_and_unlinked(client, sim, device, rosa, cora):
    sim.advance(45)  # it ships, and we have not heard of it

    first = end_of_monitoring.end_patient_monitoring(patient=rosa, by=cora, reason="Moved")
    send_calls(client)
    refused, due = rosa.vendor_calls.get(kind="delete"), Device.objects.refresh_due().count()
    second = end_of_monitoring.end_patient_monitoring(patient=rosa, by=cora, reason="Moved")
    send_calls(client)

    assert (first.cancel, refused.state, due) == ([device], "rejected", 1)
    assert second.unlink == [device]
    assert [each["status"] for each in sim.devices()] == ["Unlinked"]


@pytest.mark.parametrize(
    ("replacement", "call", "words"),
    [
        ({"state": "shipped"}, "confirmed", "has shipped and can't be cancelled any more."),
        ({"state": "requested"}, "unknown", "the vendor's answer is not clear yet."),
        ({"state": "needs_review"}, "needs_review", "could not be found out."),
    ],
)
def test_replacement_that_can_not_be_cancelled_is_named_with_what_to_do(as_cora, rosa, replacement, call, words):
    device = DeviceFactory(patient=rosa, fulfilled=True)
    ReplacementFactory(device=device, call__state=call, vendor_id=uuid.uuid4(), **replacement)

    page = normalized_html(as_cora.get(reverse("orders:end_for_patient", args=[rosa.pk])))

    assert f"The replacement of {device.name}" in page
    assert words in page
    assert (f"tel:{rosa.phone}" in page) == (replacement["state"] == "shipped")  # that one asks for a call


def test_end_of_monitoring_withdraws_replacement_that_was_not_sent(rosa, cora):
    replacement = ReplacementFactory(device=DeviceFactory(patient=rosa, fulfilled=True))

    end_of_monitoring.end_patient_monitoring(patient=rosa, by=cora, reason="Moved")

    replacement.refresh_from_db()
    assert (replacement.state, replacement.call.state) == ("cancelled", "cancelled")
    audit = AuditEvent.objects.get(action="end_monitoring")
    assert audit.details == {"devices": 1, "replacements": 1}


def test_end_of_one_device_leaves_replacement_of_gateway_to_its_siblings(rosa, cora):
    device = DeviceFactory(patient=rosa, fulfilled=True)
    DeviceFactory(patient=rosa, fulfilled=True, gateway=device.gateway)
    replacement = ReplacementFactory(device=device, gateway=device.gateway)

    plan = end_of_monitoring.end_device_monitoring(device=device, by=cora, reason="Not needed")

    replacement.refresh_from_db()
    assert (plan.unlink, replacement.state) == ([device], "requested")
    assert "other devices of the patient use this gateway" in plan.remaining[0].words
