"""What is stuck: one set of conditions behind each exception, by state and by how long a step usually takes."""

import datetime as dt

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from devices import step_durations
from devices.models import Device, VendorCall
from devices.outbox import sending
from devices.statuses import DeviceState
from devices.sync import reconciliation
from fulfillment import call_resolution, tracking
from fulfillment.models import LineStatus, Order, OrderLine, Urgency
from fulfillment.ordering import order_lines
from fulfillment.worklist.kinds import kind_named
from fulfillment.worklist.models import WorklistItem
from fulfillment.worklist.refresh import refresh_worklist
from measurements.patient_list.filters import device_condition
from patients.models import Patient
from tests.factories import DeviceFactory, OrderLineFactory
from tests.fulfillment.worklist.stuck_rows import ago, device_in, end_call, line_in

AT_ONCE = ("action_required", "on_hold", "returned", "unknown_gateway", "other")
LONG_AGO = {"days": 60}


def has_attention(patient):
    """In the patients' list, by the filter "Needs attention"."""
    return Patient.objects.filter(device_condition("attention"), pk=patient.pk).exists()


def found_for(patient):
    """The exceptions of this patient; the patients' list must agree with the list of exceptions."""
    refresh_worklist()
    items = list(WorklistItem.objects.open().filter(patient=patient))
    assert has_attention(patient) == bool(items)
    return items


# --- order lines


@pytest.mark.parametrize("status", ["needs_review", "rejected", *AT_ONCE])
def test_order_line_that_needs_a_person_is_stuck_at_once(rosa, status):
    device = DeviceFactory(patient=rosa, state=status) if status in DeviceState.values else None
    line = line_in(status, rosa, since=ago(seconds=1), device=device)

    (item,) = found_for(rosa)

    assert (item.facts["status"], item.line) == (status, line)
    assert Order.objects.with_urgency().get().urgency == Urgency.STUCK


@pytest.mark.parametrize("status", list(step_durations.usual_durations()))
def test_order_line_is_stuck_after_its_usual_duration(rosa, status):
    usual, minute = step_durations.usual_durations()[status], dt.timedelta(minutes=1)
    device = DeviceFactory(patient=rosa, state=status) if status in DeviceState.values else None
    line = line_in(status, rosa, since=timezone.now() - usual + minute, device=device)

    assert found_for(rosa) == []
    assert Order.objects.with_urgency().get().urgency == Urgency.OPEN

    since = timezone.now() - usual - minute
    OrderLine.objects.filter(pk=line.pk).update(status_at=since)
    (item,) = found_for(rosa)
    assert (item.facts["status"], item.since) == (status, since)
    assert kind_named(item.kind).describe(item.facts) == step_durations.OVERDUE_TEXTS[status]


@pytest.mark.parametrize(("status", "dated"), list(step_durations.VENDOR_DATES.items()))
def test_order_line_is_stuck_by_the_vendors_date_of_its_state(rosa, status, dated):
    """The vendor's record may have been read only today."""
    long_ago = ago(**LONG_AGO)
    device = DeviceFactory(patient=rosa, state=status, **{dated: long_ago})
    line_in(status, rosa, since=ago(minutes=1), device=device)

    (item,) = found_for(rosa)

    assert (item.facts["status"], item.since) == (status, long_ago)


@pytest.mark.parametrize("status", ["connected", "unlinked", "cancelled", "abandoned"])
def test_order_line_that_is_over_is_never_stuck(rosa, status):
    line_in(status, rosa, since=ago(**LONG_AGO), closed_at=ago(days=50))

    assert found_for(rosa) == []


def test_delivered_and_unused_days_are_a_setting(rosa, settings):
    settings.UNUSED_DEVICE_DAYS = 10
    line_in("delivered", rosa, since=ago(days=6), device=DeviceFactory(patient=rosa, state="delivered"))

    assert found_for(rosa) == []


# --- devices without an order


@pytest.mark.parametrize("state", AT_ONCE)
def test_device_without_an_order_that_needs_a_person_is_stuck(rosa, state):
    device = device_in(state, rosa, since=ago(seconds=1))

    (item,) = found_for(rosa)

    assert (item.subject, item.facts["status"]) == (f"device:{device.pk}", state)


@pytest.mark.parametrize("state", ["pending", "requested", "ready", "shipped", "delivered"])
def test_device_without_an_order_is_stuck_after_its_usual_duration(rosa, state):
    usual = step_durations.usual_durations()[state]
    device = device_in(state, rosa, since=timezone.now() - usual / 2)
    assert found_for(rosa) == []

    Device.objects.filter(pk=device.pk).update(state_since=timezone.now() - usual * 2)
    (item,) = found_for(rosa)
    assert item.facts["status"] == state

    Device.objects.filter(pk=device.pk).update(first_reading_at=timezone.now())
    assert found_for(rosa) == []


@pytest.mark.parametrize(
    "fields", [{"state": "connected"}, {"state": "unlinked"}, {"state": "cancelled"}, {"state": "other"}]
)
def test_device_without_an_order_that_works_or_is_over_is_not_stuck(rosa, fields):
    device = device_in("connected", rosa, since=ago(**LONG_AGO))
    Device.objects.filter(pk=device.pk).update(**fields, vendor_status="")

    assert found_for(rosa) == []


def test_ordered_device_is_counted_once(rosa):
    device = device_in("action_required", rosa, since=ago(days=1))
    line = line_in("action_required", rosa, since=ago(days=1), device=device)

    assert [item.subject for item in found_for(rosa)] == [f"line:{line.pk}"]


# --- ends of monitoring


@pytest.mark.parametrize(
    ("state", "minutes", "kind"),
    [
        ("needs_review", 1, "needs_review"),
        ("rejected", 1, "not_ended"),
        ("queued", 20, "not_ended"),
        ("sending", 20, "not_ended"),
        ("unknown", 24 * 60, "not_ended"),
        ("queued", 1, None),
        ("unknown", 5, None),
        ("cancelled", 24 * 60, None),
        ("abandoned", 24 * 60, None),
    ],
)
def test_end_of_monitoring_is_stuck_while_the_device_stays_linked(rosa, state, minutes, kind):
    device = device_in("connected", rosa, since=ago(days=60))
    end_call(state, device, since=ago(minutes=minutes))

    assert [item.kind for item in found_for(rosa)] == ([kind] if kind else [])

    Device.objects.filter(pk=device.pk).update(state="unlinked")
    assert found_for(rosa) == []


def test_replacement_whose_answer_was_lost_needs_a_decision(rosa):
    device = device_in("connected", rosa, since=ago(days=60))
    call = end_call("needs_review", device, since=ago(days=1), kind="replace")

    (item,) = found_for(rosa)

    assert (item.kind, item.call_id, item.device_id) == ("needs_review", call.pk, device.pk)
    VendorCall.objects.update(state="confirmed", resolved_at=timezone.now())
    assert found_for(rosa) == []


def test_refused_end_of_monitoring_is_over_when_it_was_asked_for_again(rosa):
    device = device_in("connected", rosa, since=ago(days=60))
    end_call("rejected", device, since=ago(days=2))
    end_call("queued", device, since=ago(minutes=1))

    assert found_for(rosa) == []


def test_refused_cancellation_of_a_device_in_use_is_over(rosa):
    device = device_in("connected", rosa, since=ago(days=60))
    end_call("rejected", device, since=ago(days=2), kind="delete")

    assert found_for(rosa) == []


# --- closed here, open there


@pytest.mark.parametrize("state", [str(status) for status in LineStatus.open_at_vendor()])
def test_line_closed_here_stays_stuck_while_it_is_open_at_the_vendor(rosa, cora, state):
    device = DeviceFactory(patient=rosa, state=state, vendor_status=state.title())
    line = line_in(state, rosa, since=ago(minutes=1), device=device)

    order_lines.close_line(line=line, by=cora, reason="Enough")

    order = Order.objects.with_urgency().get()
    assert (order.status, order.urgency) == (LineStatus.CLOSED_HERE, Urgency.STUCK)
    (item,) = found_for(rosa)
    assert item.kind == LineStatus.CLOSED_HERE
    assert "at the vendor" in kind_named(item.kind).describe(item.facts).meaning


@pytest.mark.parametrize("state", ["unlinked", "cancelled", "connected"])
def test_line_closed_here_is_over_when_it_is_over_at_the_vendor(rosa, cora, state):
    device = DeviceFactory(patient=rosa, state="action_required")
    line = line_in("action_required", rosa, since=ago(minutes=1), device=device)
    order_lines.close_line(line=line, by=cora, reason="Enough")

    Device.objects.filter(pk=device.pk).update(state=state)
    tracking.update_order_lines()

    assert found_for(rosa) == []
    assert Order.objects.with_urgency().get().urgency == Urgency.FINISHED
    assert line.events.filter(status=state).exists()


def test_line_closed_here_follows_the_vendor_and_can_be_cancelled_there(rosa, cora):
    device = DeviceFactory(patient=rosa, state="action_required")
    line = line_in("action_required", rosa, since=ago(minutes=1), device=device)
    order_lines.close_line(line=line, by=cora, reason="Enough")
    Device.objects.filter(pk=device.pk).update(state="on_hold")

    tracking.update_order_lines()

    line.refresh_from_db()
    assert (line.status, line.closed_by) == (LineStatus.ON_HOLD, cora)
    assert order_lines.can_cancel(line)
    order_lines.cancel_line(line=line, by=cora)
    assert VendorCall.objects.filter(kind="delete", device=device).exists()


@pytest.mark.parametrize("status", ["rejected", "needs_review"])
def test_line_closed_here_that_the_vendor_does_not_have_is_over(rosa, cora, status):
    line = line_in(status, rosa, since=ago(minutes=1))

    order_lines.close_line(line=line, by=cora, reason="Enough")

    assert found_for(rosa) == []
    assert Order.objects.with_urgency().get().urgency == Urgency.FINISHED


def test_line_given_up_that_the_vendor_has_after_all_stays_in_sight(rosa, cora, place_one_line, client):
    line = place_one_line()
    sending.send_due_calls(client)
    VendorCall.objects.filter(pk=line.call_id).update(state="needs_review", device=None)
    call_resolution.abandon_call(call=VendorCall.objects.get(pk=line.call_id), by=cora, reason="Handed over here")

    reconciliation.reconcile_devices(client)
    tracking.update_order_lines()

    order = Order.objects.with_urgency().get()
    assert (order.status, order.urgency) == (LineStatus.CLOSED_HERE, Urgency.STUCK)
    assert [item.kind for item in found_for(rosa)] == [LineStatus.CLOSED_HERE]


# --- all of it


def test_stuck_kind_is_empty_for_a_line_that_moves(rosa):
    OrderLineFactory(order__patient=rosa)

    assert OrderLine.objects.with_stuck_kind().get().stuck_kind == ""


@given(
    state=st.sampled_from([*LineStatus.values]),
    seconds=st.integers(0, 90 * 86400),
)
@settings(max_examples=60)
def test_is_overdue_only_after_the_usual_duration_of_a_step_that_has_one(state, seconds):
    usual = step_durations.usual_durations().get(state)

    overdue = step_durations.is_overdue(state, ago(seconds=seconds))

    assert overdue == (usual is not None and dt.timedelta(seconds=seconds) >= usual)
