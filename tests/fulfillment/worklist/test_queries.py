"""What is stuck: one set of conditions behind each list and count, by state and by how long a step usually takes."""

import datetime as dt

import pytest
from django.db.models.functions import Now
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
from fulfillment.models.order import stuck_line_condition
from fulfillment.ordering import order_lines
from fulfillment.worklist import queries
from fulfillment.worklist.queries import StuckSource
from measurements.patient_list.filters import device_condition
from patients.models import Patient
from tests.factories import DeviceFactory, OrderLineFactory, PatientFactory
from tests.fulfillment.worklist.stuck_rows import ago, device_in, end_call, line_in

AT_ONCE = ("action_required", "on_hold", "returned", "unknown_gateway", "other")
LONG_AGO = {"days": 60}


@pytest.fixture
def own(elm):
    return [elm]


def stuck_kinds(clinics):
    return {(source.name, str(kind)): count for (source, kind), count in queries.count_stuck(clinics).items()}


def has_attention(patient):
    """In the patients' list, by the filter "Needs attention"."""
    return Patient.objects.filter(device_condition("attention"), pk=patient.pk).exists()


def everywhere(patient, clinics):
    """Whether something of this patient is stuck, as each page finds it; all must agree."""
    items = [item for item in queries.stuck_items(clinics) if item.patient == patient]
    counted = sum(queries.count_stuck(clinics).values())
    assert counted == len(queries.stuck_items(clinics))
    assert has_attention(patient) == bool(items)
    return items


# --- order lines


@pytest.mark.parametrize("status", ["needs_review", "rejected", *AT_ONCE])
def test_order_line_that_needs_a_person_is_stuck_at_once(rosa, own, status):
    device = DeviceFactory(patient=rosa, state=status) if status in DeviceState.values else None
    line = line_in(status, rosa, since=ago(seconds=1), device=device)

    (item,) = everywhere(rosa, own)

    assert (item.source, item.kind, item.order_id) == (StuckSource.LINE, status, line.order_id)
    assert item.text.advice
    assert Order.objects.with_urgency().get().urgency == Urgency.STUCK


@pytest.mark.parametrize("status", list(step_durations.usual_durations()))
def test_order_line_is_stuck_after_its_usual_duration(rosa, own, status):
    usual, minute = step_durations.usual_durations()[status], dt.timedelta(minutes=1)
    device = DeviceFactory(patient=rosa, state=status) if status in DeviceState.values else None
    line = line_in(status, rosa, since=timezone.now() - usual + minute, device=device)

    assert everywhere(rosa, own) == []
    assert Order.objects.with_urgency().get().urgency == Urgency.OPEN

    since = timezone.now() - usual - minute
    OrderLine.objects.filter(pk=line.pk).update(status_at=since)
    (item,) = everywhere(rosa, own)
    assert (item.kind, item.since) == (status, since)
    assert item.text == step_durations.OVERDUE_TEXTS[status]
    assert Order.objects.get().stuck


@pytest.mark.parametrize(("status", "dated"), list(step_durations.VENDOR_DATES.items()))
def test_order_line_is_stuck_by_the_vendors_date_of_its_state(rosa, own, status, dated):
    """The vendor's record may have been read only today."""
    long_ago = ago(**LONG_AGO)
    device = DeviceFactory(patient=rosa, state=status, **{dated: long_ago})
    line_in(status, rosa, since=ago(minutes=1), device=device)

    (item,) = everywhere(rosa, own)

    assert (item.kind, item.since) == (status, long_ago)


@pytest.mark.parametrize("status", ["connected", "unlinked", "cancelled", "abandoned"])
def test_order_line_that_is_over_is_never_stuck(rosa, own, status):
    line_in(status, rosa, since=ago(**LONG_AGO), closed_at=ago(days=50))

    assert everywhere(rosa, own) == []


def test_delivered_and_unused_days_are_a_setting(rosa, own, settings):
    settings.UNUSED_DEVICE_DAYS = 10
    line_in("delivered", rosa, since=ago(days=6), device=DeviceFactory(patient=rosa, state="delivered"))

    assert queries.stuck_items(own) == []


# --- devices without an order


@pytest.mark.parametrize("state", AT_ONCE)
def test_device_without_an_order_that_needs_a_person_is_stuck(rosa, own, state):
    device = device_in(state, rosa, since=ago(seconds=1))

    (item,) = everywhere(rosa, own)

    assert (item.source, item.kind, item.hwi_id) == (StuckSource.DEVICE, state, device.hwi_id)


@pytest.mark.parametrize("state", ["pending", "requested", "ready", "shipped", "delivered"])
def test_device_without_an_order_is_stuck_after_its_usual_duration(rosa, own, state):
    usual = step_durations.usual_durations()[state]
    device = device_in(state, rosa, since=timezone.now() - usual / 2)
    assert everywhere(rosa, own) == []

    Device.objects.filter(pk=device.pk).update(state_since=timezone.now() - usual * 2)
    (item,) = everywhere(rosa, own)
    assert item.kind == state

    Device.objects.filter(pk=device.pk).update(first_reading_at=timezone.now())
    assert everywhere(rosa, own) == []


@pytest.mark.parametrize(
    "fields", [{"state": "connected"}, {"state": "unlinked"}, {"state": "cancelled"}, {"state": "other"}]
)
def test_device_without_an_order_that_works_or_is_over_is_not_stuck(rosa, own, fields):
    device = device_in("connected", rosa, since=ago(**LONG_AGO))
    Device.objects.filter(pk=device.pk).update(**fields, vendor_status="")

    assert everywhere(rosa, own) == []


def test_ordered_device_is_counted_once(rosa, own):
    device = device_in("action_required", rosa, since=ago(days=1))
    line_in("action_required", rosa, since=ago(days=1), device=device)

    assert stuck_kinds(own) == {("LINE", "action_required"): 1}


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
def test_end_of_monitoring_is_stuck_while_the_device_stays_linked(rosa, own, state, minutes, kind):
    device = device_in("connected", rosa, since=ago(days=60))
    end_call(state, device, since=ago(minutes=minutes))

    assert [item.kind for item in everywhere(rosa, own)] == ([kind] if kind else [])

    Device.objects.filter(pk=device.pk).update(state="unlinked")
    assert everywhere(rosa, own) == []


def test_refused_end_of_monitoring_is_over_when_it_was_asked_for_again(rosa, own):
    device = device_in("connected", rosa, since=ago(days=60))
    end_call("rejected", device, since=ago(days=2))
    end_call("queued", device, since=ago(minutes=1))

    assert everywhere(rosa, own) == []


def test_refused_cancellation_of_a_device_in_use_is_over(rosa, own):
    device = device_in("connected", rosa, since=ago(days=60))
    end_call("rejected", device, since=ago(days=2), kind="delete")

    assert everywhere(rosa, own) == []


# --- closed here, open there


@pytest.mark.parametrize("state", [str(status) for status in LineStatus.open_at_vendor()])
def test_line_closed_here_stays_stuck_while_it_is_open_at_the_vendor(rosa, own, cora, state):
    device = DeviceFactory(patient=rosa, state=state, vendor_status=state.title())
    line = line_in(state, rosa, since=ago(minutes=1), device=device)

    order_lines.close_line(line=line, by=cora, reason="Enough")

    order = Order.objects.with_urgency().get()
    assert (order.status, order.urgency) == (LineStatus.CLOSED_HERE, Urgency.STUCK)
    (item,) = everywhere(rosa, own)
    assert item.kind == LineStatus.CLOSED_HERE
    assert "at the vendor" in item.text.meaning


@pytest.mark.parametrize("state", ["unlinked", "cancelled", "connected"])
def test_line_closed_here_is_over_when_it_is_over_at_the_vendor(rosa, own, cora, state):
    device = DeviceFactory(patient=rosa, state="action_required")
    line = line_in("action_required", rosa, since=ago(minutes=1), device=device)
    order_lines.close_line(line=line, by=cora, reason="Enough")

    Device.objects.filter(pk=device.pk).update(state=state)
    tracking.update_order_lines()

    assert everywhere(rosa, own) == []
    assert Order.objects.with_urgency().get().urgency == Urgency.FINISHED
    assert line.events.filter(status=state).exists()


def test_line_closed_here_follows_the_vendor_and_can_be_cancelled_there(rosa, own, cora):
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
def test_line_closed_here_that_the_vendor_does_not_have_is_over(rosa, own, cora, status):
    line = line_in(status, rosa, since=ago(minutes=1))

    order_lines.close_line(line=line, by=cora, reason="Enough")

    assert everywhere(rosa, own) == []
    assert Order.objects.with_urgency().get().urgency == Urgency.FINISHED


def test_line_given_up_that_the_vendor_has_after_all_stays_in_sight(rosa, own, cora, place_one_line, client):
    line = place_one_line()
    sending.send_due_calls(client)
    VendorCall.objects.filter(pk=line.call_id).update(state="needs_review", device=None)
    call_resolution.abandon_call(call=VendorCall.objects.get(pk=line.call_id), by=cora, reason="Handed over here")

    reconciliation.reconcile_devices(client)
    tracking.update_order_lines()

    order = Order.objects.with_urgency().get()
    assert (order.status, order.urgency) == (LineStatus.CLOSED_HERE, Urgency.STUCK)
    assert [item.kind for item in everywhere(rosa, own)] == [LineStatus.CLOSED_HERE]


# --- all of it


def test_stuck_rows_of_other_clinics_are_not_counted(rosa, own, harbor):
    theirs = PatientFactory(clinic=harbor)
    line_in("rejected", theirs, since=ago(days=1))
    end_call("rejected", device_in("on_hold", theirs, since=ago(days=1)), since=ago(days=1))

    assert stuck_kinds(own) == {}
    assert len(stuck_kinds([harbor])) == 3
    assert len(stuck_kinds([*own, harbor])) == 3


def test_stuck_queries_are_three_however_many_rows(rosa, own, django_assert_num_queries):
    for _ in range(5):
        line_in("rejected", PatientFactory(clinic=rosa.clinic), since=ago(days=1))
        device = device_in("on_hold", rosa, since=ago(days=1))
        end_call("rejected", device, since=ago(days=1))

    with django_assert_num_queries(3):
        counts = queries.count_stuck(own)
    with django_assert_num_queries(3):
        items = queries.stuck_items(own)

    assert sum(counts.values()) == len(items) == 15
    worst = LineStatus.worst_first()
    assert [item.kind for item in items] == sorted((item.kind for item in items), key=worst.index)


def test_stuck_conditions_say_the_same_by_the_databases_clock(rosa):
    for status in step_durations.usual_durations():
        line_in(status, rosa, since=ago(days=60), override_reason="one more")
        line_in(status, rosa, since=ago(seconds=1), override_reason="one more")

    by_ours = OrderLine.objects.filter(stuck_line_condition(timezone.now())).values_list("pk", flat=True)
    by_theirs = OrderLine.objects.filter(stuck_line_condition(Now())).values_list("pk", flat=True)

    assert set(by_ours) == set(by_theirs)
    assert len(by_ours) == len(step_durations.usual_durations())


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
