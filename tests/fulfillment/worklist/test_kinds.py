"""Worklist kinds: the cause that begins each exception, its words, and what ends it."""

import datetime as dt

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from devices import device_issues
from devices.models import ApiKeySlot, Delivery, Device
from devices.sync import reconciliation
from fulfillment import equipment
from fulfillment.models import LineStatus
from fulfillment.worklist.kinds import WORST_FIRST, kind_named, registry
from fulfillment.worklist.models import WorklistItem
from fulfillment.worklist.refresh import refresh_worklist
from tests.factories import (
    ApiKeySlotFactory,
    DeliveryFactory,
    DeviceFactory,
    GatewayFactory,
    PatientFactory,
    SyncRowFactory,
    SyncRunFactory,
    VendorCallFactory,
    WebhookSelfTestFactory,
)
from tests.fulfillment.worklist.stuck_rows import ago, end_call, line_in

pytestmark = pytest.mark.django_db
AT_ONCE = [each.value for each in LineStatus.stuck() if each not in ("closed_here", "not_ended")]
LONG_AGO = {"days": 60}


def open_items():
    refresh_worklist()
    return list(WorklistItem.objects.open())


def open_kinds():
    return sorted(item.kind for item in open_items())


def only_item():
    (item,) = open_items()
    return item


def solution_of(item):
    refresh_worklist()
    item.refresh_from_db()
    return item.solution


def used_device(patient, **fields):
    """A device without any issue."""
    return DeviceFactory(patient=patient, **{"last_seen_at": timezone.now(), **fields})


def change(row, **fields):
    type(row).objects.filter(pk=row.pk).update(**fields)


@pytest.mark.parametrize("status", AT_ONCE)
def test_line_that_needs_a_person_is_an_exception_until_its_status_changes(rosa, status):
    device = used_device(rosa, state=status) if status not in ("needs_review", "rejected") else None
    line = line_in(status, rosa, since=ago(days=1), device=device)

    item = only_item()
    text = kind_named(item.kind).describe(item.facts)
    action = kind_named(item.kind).next_action(WorklistItem.objects.for_list().get())

    assert (item.kind, item.line_id, item.patient_id, item.clinic_id) == (status, line.pk, rosa.pk, rosa.clinic_id)
    assert all((text.meaning, text.advice, action.label, action.url))
    change(line, status="shipped", status_at=timezone.now())
    assert solution_of(item) == "Its status is now “Shipped”."


@pytest.mark.parametrize(
    ("status", "kind"), [("unknown", "unknown"), ("requested", "overdue"), ("delivered", "delivered_unused")]
)
def test_line_that_takes_longer_than_usual_is_an_exception(rosa, status, kind):
    line_in(status, rosa, since=ago(**LONG_AGO), device=None)

    item = only_item()

    assert (item.kind, item.since.date()) == (kind, ago(**LONG_AGO).date())


def test_exception_of_closed_line_names_who_closed_it(rosa, cora):
    line = line_in("rejected", rosa, since=ago(days=1))
    item = only_item()
    change(line, closed_by=cora, closed_at=timezone.now())

    assert solution_of(item) == f"{cora.name} closed its order."


def test_end_of_monitoring_that_is_refused_is_an_exception_until_the_device_is_unlinked(rosa):
    device = used_device(rosa)
    end_call("rejected", device, since=ago(days=1))

    item = only_item()

    assert (item.kind, item.device_id) == ("not_ended", device.pk)
    change(device, state="unlinked", unlinked_on=ago(minutes=1))
    assert solution_of(item) == "The device is no longer in use: unlinked."


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"invalid_address": "not found"}, "address_not_confirmed"),
        ({"duplicate_at_address": True}, "possible_duplicate"),
    ],
)
def test_question_of_the_vendor_before_shipping_is_an_exception(rosa, fields, kind):
    device = used_device(rosa, state="requested", **fields)
    item = only_item()
    assert (item.kind, item.device_id) == (kind, device.pk)

    change(device, state="action_required")
    item = only_item()

    assert item.kind == "action_required"  # one exception for one cause, in its words
    cause = {"address_not_confirmed": "could not confirm the address", "possible_duplicate": "possible duplicate"}[kind]
    assert cause in kind_named(item.kind).describe(item.facts).meaning


def test_silent_device_is_an_exception_until_it_sends_something(rosa):
    device = used_device(rosa, last_seen_at=ago(days=2, minutes=1))

    item = only_item()

    assert (item.kind, item.since) == ("silent_device", device.last_seen_at)
    change(device, last_seen_at=timezone.now())
    assert solution_of(item) == "It has sent something again."


def test_device_without_reading_is_silent_only_once_the_readings_of_its_patient_were_fetched(rosa):
    """Else each device of a clinic that has just begun here would be an exception until the first pull."""
    used_device(rosa, last_seen_at=None, connected_on=ago(days=9), state_since=ago(days=9))
    assert open_kinds() == []

    SyncRowFactory(patient=rosa, state="done")

    assert open_kinds() == ["silent_device"]


def test_silent_device_of_discharged_patient_is_no_exception(rosa):
    device = used_device(rosa, last_seen_at=ago(days=9))
    item = only_item()

    change(rosa, discharged_at=timezone.now())

    assert open_kinds() == ["linked_after_discharge"]
    item.refresh_from_db()
    assert item.solution == "The patient was discharged."
    end_call("queued", device, since=timezone.now())
    assert open_kinds() == []


def test_low_battery_is_an_exception_until_it_is_charged(rosa):
    device = used_device(rosa, battery_percent=20)

    item = only_item()

    assert item.kind == "low_battery"
    assert "20 %" in kind_named(item.kind).describe(item.facts).meaning
    change(device, battery_percent=80)
    assert solution_of(item) == "Its battery is at 80 %."


def test_silent_gateway_is_one_exception_for_all_devices_on_it(rosa):
    gateway = GatewayFactory(last_checkin_at=ago(days=3))
    used_device(rosa, gateway=gateway)
    used_device(rosa, gateway=gateway)

    item = only_item()

    assert (item.kind, item.gateway_id, item.patient_id) == ("silent_gateway", gateway.pk, rosa.pk)
    change(gateway, last_checkin_at=timezone.now())
    assert solution_of(item) == "It has checked in again."


def test_neighbours_without_whitelist_are_exceptions_until_confirmed(rosa, elm):
    """At one address, on two gateways: the device that its own gateway has confirmed is none."""
    listed = [{"sensor_code": "10", "whitelist_status": "CO"}]
    neighbour = PatientFactory(clinic=elm, street=rosa.street.upper().replace(" ", "  "), zip_code=rosa.zip_code)
    known = {"status_fetched_at": timezone.now(), "last_checkin_at": timezone.now()}
    used_device(neighbour, gateway=GatewayFactory(whitelist=listed, **known))
    device = used_device(rosa, gateway=GatewayFactory(**known))

    item = only_item()

    assert (item.kind, item.device_id) == ("not_whitelisted", device.pk)
    change(device.gateway, whitelist=listed)
    assert "confirmed it" in solution_of(item)


@pytest.mark.parametrize(("street", "alone"), [("12 Other Street", True), ("", True)])
def test_gateways_at_different_addresses_are_no_neighbours(rosa, elm, street, alone):
    known = {"status_fetched_at": timezone.now(), "last_checkin_at": timezone.now()}
    for patient in (rosa, PatientFactory(clinic=elm, street=street, zip_code=rosa.zip_code)):
        used_device(patient, gateway=GatewayFactory(**known))

    assert (open_kinds() == []) == alone


def test_device_unlinked_by_the_vendor_is_an_exception_until_another_one_is_linked(rosa):
    device = used_device(rosa)
    change(device, created_at=ago(days=9))
    assert open_kinds() == []
    change(device, state="unlinked", unlinked_on=ago(days=1))

    item = only_item()

    assert (item.kind, item.device_id) == ("unlinked_by_vendor", device.pk)
    used_device(rosa)
    assert "another one" in solution_of(item)


@pytest.mark.parametrize("state", ["confirmed", "unknown"])
def test_device_unlinked_by_us_is_no_exception(rosa, state):
    device = used_device(rosa, state="unlinked", unlinked_on=timezone.now())
    change(device, created_at=ago(days=9))
    VendorCallFactory(kind="unlink", state=state, device=device, patient=rosa, unknown_since=timezone.now())

    assert open_kinds() == []


def test_device_that_was_unlinked_before_we_knew_it_is_no_exception(rosa):
    used_device(rosa, state="unlinked", unlinked_on=ago(days=90))

    assert open_kinds() == []


def test_device_absent_at_the_vendor_is_an_exception_until_it_is_read_again(rosa):
    device = used_device(rosa, fetched_at=ago(days=2))
    row = {"kind": reconciliation.ABSENT_AT_VENDOR, "hwi_id": str(device.hwi_id)}
    SyncRunFactory(kind="devices", started_at=ago(hours=2), finished_at=ago(hours=1), differences=[row])

    item = only_item()

    assert (item.kind, item.device_id) == ("absent_at_vendor", device.pk)
    change(device, fetched_at=timezone.now())
    assert solution_of(item) == "The vendor lists it again."


def test_device_of_no_patient_here_is_an_exception_of_no_clinic(db):
    device = DeviceFactory(patient=None, assignment=None)
    DeliveryFactory(hwi_id=device.hwi_id, state="quarantined")

    item = only_item()

    assert (item.kind, item.clinic_id, item.patient_id) == ("unknown_device", None, None)
    assert "charges" in kind_named(item.kind).describe(item.facts).meaning
    change(device, state="unlinked")
    Delivery.objects.update(state="done")
    assert "attached" in solution_of(item)


def test_device_that_only_messages_name_is_an_exception(db):
    DeliveryFactory(hwi_id="11111111-2222-3333-4444-555555555555", state="quarantined")

    item = only_item()

    assert item.kind == "unknown_device"
    assert kind_named(item.kind).describe(item.facts).meaning.startswith("1 message came")


def test_message_of_the_webhook_self_test_is_no_exception(db):
    DeliveryFactory(hwi_id=WebhookSelfTestFactory(kind="measurement").test_device_id, state="waiting")

    assert open_kinds() == []


def test_unreadable_messages_of_a_device_are_one_exception_of_its_patient(rosa):
    device = used_device(rosa)
    DeliveryFactory(hwi_id=device.hwi_id, state="quarantined")
    DeliveryFactory(hwi_id=device.hwi_id, state="dead")

    item = only_item()

    assert (item.kind, item.patient_id, item.facts) == ("unreadable_messages", rosa.pk, {"count": 2})
    Delivery.objects.update(state="done")
    assert solution_of(item) == "They were replayed or dismissed."


def test_unreadable_messages_of_no_device_are_exceptions_by_their_reason(db):
    for reason in ("Not JSON.", "Not JSON.", "Too deep."):
        DeliveryFactory(state="quarantined", reason=reason)

    assert open_kinds() == ["unreadable_messages", "unreadable_messages"]
    assert sorted(item.facts["count"] for item in WorklistItem.objects.open()) == [1, 2]


def test_stopped_lane_is_an_exception_of_no_clinic(db, settings):
    settings.TENOVI_API_KEYS = ["a-key"]
    ApiKeySlotFactory(refused_since=ago(minutes=5))

    item = next(item for item in open_items() if item.facts["lane"] == "people")

    assert (item.kind, item.clinic_id) == ("lane_stopped", None)
    assert "refuses our key" in kind_named(item.kind).describe(item.facts).meaning
    ApiKeySlot.objects.all().delete()
    assert solution_of(item) == "Calls get through again."


def test_every_kind_has_a_place_in_the_order_of_urgency_and_words():
    assert set(registry.kinds) <= set(WORST_FIRST)
    for kind in registry.kinds.values():
        text = kind.describe({})
        assert all((kind.label, text.tone, text.meaning, text.advice, kind.ended))


AGES = st.sampled_from([None, *(dt.timedelta(hours=hours) for hours in (0, 1, 47, 49, 500))])


@settings(max_examples=60)
@given(
    seen=AGES, connected=AGES, state=st.sampled_from(["connected", "shipped", "unlinked"]), battery=st.integers(0, 100)
)
def test_device_issue_of_one_device_agrees_with_the_condition_on_rows(seen, connected, state, battery):
    now = timezone.now()
    device = DeviceFactory(
        state=state,
        last_seen_at=None if seen is None else now - seen,
        connected_on=None if connected is None else now - connected,
        battery_percent=battery,
    )
    rows = Device.objects.filter(pk=device.pk)

    issues = device_issues.issues_for_device(device, now=now)

    assert (device_issues.SILENT_DEVICE in issues) == rows.filter(device_issues.silent_device_condition(now)).exists()
    assert any("battery" in each.meaning for each in issues) == rows.filter(device_issues.LOW_BATTERY).exists()


def test_patient_page_judges_equipment_as_the_exceptions_do(rosa):
    used_device(rosa, last_seen_at=ago(days=5))
    text = kind_named(only_item().kind).describe({})

    (held,) = equipment.equipment_of(rosa).items

    assert held.problems == (text,)
