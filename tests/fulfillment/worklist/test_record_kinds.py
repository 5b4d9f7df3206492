"""Exceptions of records and replacements at the vendor begin with the vendor's refusal and end with what settles it."""

import pytest
from django.urls import reverse
from django.utils import timezone

from devices import device_issues
from devices.models import Device, VendorCall
from devices.patient_records.models import PatientRecord
from fulfillment.client_actions.models import ClientAction
from fulfillment.replacements.models import Replacement
from fulfillment.worklist.kinds import kind_named
from fulfillment.worklist.models import WorklistItem
from fulfillment.worklist.refresh import refresh_worklist
from fulfillment.worklist.sources.orders import find_shipping_questions
from fulfillment.worklist.sources.records import find_record_problems
from fulfillment.worklist.sources.replacements import find_stuck_replacements
from tests.factories import (
    ClientActionFactory,
    DeviceFactory,
    OrderLineFactory,
    PatientRecordFactory,
    ReplacementFactory,
    VendorCallFactory,
)


def kinds(find=find_record_problems):
    return [found.kind for found in find(timezone.now())]


def test_refused_address_is_an_exception_until_a_person_confirms_it(rosa):
    PatientRecordFactory(patient=rosa, address_status="invalid", answered_at=timezone.now())
    assert kinds() == ["record_address"]

    PatientRecord.objects.update(address_override="12 Alder Street")

    assert kinds() == []


def test_refused_record_is_an_exception_until_a_newer_one_is_sent(rosa):
    VendorCallFactory(kind="update_patient", patient=rosa, state="rejected", resolved_at=timezone.now())
    assert kinds() == ["record_refused"]

    VendorCallFactory(kind="update_patient", patient=rosa)

    assert kinds() == []
    assert VendorCall.objects.count() == 2


def test_questioned_device_of_an_order_leads_to_where_it_is_answered(as_cora, rosa):
    """Its device page alone would offer nothing."""
    device = DeviceFactory(patient=rosa, state="requested", duplicate_at_address=True, invalid_address="not found")
    OrderLineFactory(order__patient=rosa, patient=rosa, status="requested", call__device=device)
    refresh_worklist()
    items = {item.kind: item for item in WorklistItem.objects.all()}

    urls = {kind: kind_named(kind).next_action(item).url for kind, item in items.items()}

    assert str(device.hwi_id) in urls["possible_duplicate"]
    assert urls["address_not_confirmed"] == f"/orders/addresses/{rosa.pk}/"
    page = as_cora.get(f"/devices/{device.hwi_id}/").content.decode()
    assert all(f"/exceptions/{item.pk}/" in page for item in items.values())
    assert "Nothing to do now" not in page

    Device.objects.update(duplicate_at_address=False)
    refresh_worklist()

    assert (
        WorklistItem.objects.get(kind="possible_duplicate").solution == "The vendor has cleared it, or both are wanted."
    )


def test_duplicate_that_a_person_wants_is_no_exception(db):
    action = ClientActionFactory()
    device = DeviceFactory(patient=action.line.patient, state="requested", duplicate_at_address=True)
    VendorCall.objects.filter(pk=action.line.call_id).update(device=device)
    assert kinds(find_shipping_questions) == ["possible_duplicate"]

    ClientAction.objects.update(duplicate_wanted_at=timezone.now())

    assert kinds(find_shipping_questions) == []


@pytest.mark.parametrize(
    ("state", "stuck"),
    [("refused", 1), ("action_required", 1), ("on_hold", 1), ("returned", 1), ("pending", 0), ("delivered", 0)],
)
def test_replacement_that_does_not_go_on_is_an_exception_until_it_is_requested_again(rosa, state, stuck):
    closed = timezone.now() if state in ("refused", "returned", "delivered") else None
    device = DeviceFactory(patient=rosa, state="connected")
    ReplacementFactory(device=device, state=state, closed_at=closed)
    assert kinds(find_stuck_replacements) == ["replacement_stuck"] * stuck

    Replacement.objects.update(closed_at=timezone.now())
    ReplacementFactory(device=device)

    assert kinds(find_stuck_replacements) == []


def test_device_page_says_what_is_wrong_once(as_cora, rosa):
    device = DeviceFactory(patient=rosa, state="connected", pinned_webhook_id="of-another-system")
    address = reverse("devices:page", args=[device.hwi_id])
    assert as_cora.get(address).content.decode().count(device_issues.PINNED_ELSEWHERE.meaning.split("'")[0]) == 1
    refresh_worklist()

    page = as_cora.get(address).content.decode()

    assert page.count(device_issues.PINNED_ELSEWHERE.meaning.split("'")[0]) == 1
    assert kind_named("pinned_elsewhere").label in page
