"""Shipping test: a device of a test patient is created at the vendor, its messages are followed, and it is deleted.

As the vendor's FAQ describes: activated as shipped by the client; each edit of its shipping in the vendor's web app
sends a message to the fulfillment webhook.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from django.db import transaction
from django.utils import timezone

from devices import tenovi
from devices.models import DeviceType, VendorCall
from devices.models.vendor_call import CallKind, CallState, generate_reference
from devices.outbox import unlinking
from devices.outbox.requests import struct_to_json
from fulfillment.models import EventSource, OrderEvent
from fulfillment.shipping_tests.models import ShippingTest
from patients.audit import audit_log
from patients.models.audit import AuditAction
from patients.queueing.wakeup import wake_worker

if TYPE_CHECKING:
    from patients.models import User

TEST_PATIENT = tenovi.VendorPatient(external_id="shipping-test", name="Shipping Test", sms_opt_in=False)
NO_PARCEL = tenovi.ShipTo(
    name="Shipping Test", address="Not shipped", city="Concord", state="NH", zip_code="03301", client_will_fulfill=True
)
STILL_OPEN = "A test is under way. End it first."
BEING_SENT = "It is being sent to the vendor now. Please try again in a minute."
BEING_ENDED = "Its device is being deleted already."
NEEDS_LOOK = "Given up. Please look in the vendor's web app for a device of “Shipping Test”, and delete it there."


class ShippingTestError(Exception):
    """Why a test can't begin or end, for the person who asked."""


@dataclass(frozen=True)
class TestStep:
    """One step as the page shows it. `tone` as of a badge."""

    name: str
    text: str
    tone: str


@transaction.atomic
def begin_test(device_type: DeviceType, *, by: User) -> ShippingTest:
    """Raises ShippingTestError."""
    newest = ShippingTest.objects.select_for_update(of=("self",)).select_related("call__device").first()
    if newest is not None and not newest.is_over:
        raise ShippingTestError(STILL_OPEN)
    reference = generate_reference()
    ship_to = msgspec.structs.replace(NO_PARCEL, client_notes=f"{reference} webhook test")
    said = {
        "name": device_type.name,
        "gateway": None,
        "patient": struct_to_json(TEST_PATIENT),
        "ship_to": struct_to_json(ship_to),
    }
    call = VendorCall.objects.create(kind=CallKind.ORDER, requested_by=by, reference=reference, payload=said)
    test = ShippingTest.objects.create(call=call, requested_by=by)
    record_action(test, "begin", by=by)
    return test


@transaction.atomic
def end_test(test: ShippingTest, *, by: User) -> str:
    """Delete its device, or unlink it where the vendor refuses that. Returns what happens. Raises ShippingTestError."""
    rows = ShippingTest.objects.select_for_update(of=("self",)).select_related("call__device", "deletion")
    test = rows.get(pk=test.pk)
    waiting = VendorCall.objects.filter(pk=test.call_id, device=None)
    over = {"resolved_at": timezone.now(), "resolved_by": by}
    record_action(test, "end", by=by)
    if waiting.filter(state=CallState.QUEUED).update(state=CallState.CANCELLED, **over):
        return "Withdrawn before it was sent to the vendor."
    if waiting.filter(state=CallState.NEEDS_REVIEW).update(state=CallState.ABANDONED, search_after=None, **over):
        return NEEDS_LOOK
    if test.device is None:
        raise ShippingTestError(BEING_SENT)
    if test.deletion is not None and test.deletion.state in CallState.unresolved():
        raise ShippingTestError(BEING_ENDED)
    refused = test.deletion is not None and test.deletion.state == CallState.REJECTED
    kind = CallKind.DELETE if unlinking.can_be_cancelled(test.device) and not refused else CallKind.UNLINK
    test.deletion = unlinking.request_unlink_or_delete(kind, device=test.device, by=by)
    test.save(update_fields=["deletion"])
    return "Its device is being deleted at the vendor."


def record_action(test: ShippingTest, step: str, *, by: User) -> None:
    audit_log.record_event(AuditAction.SYNC, by=by, target=f"shipping_test:{test.pk}", step=step)
    wake_worker("vendor_calls")


def received_messages(test: ShippingTest) -> list[OrderEvent]:
    """Shipping messages of its device, oldest first."""
    if test.device is None:
        return []
    return list(OrderEvent.objects.filter(device=test.device, source=EventSource.WEBHOOK).order_by("at", "pk"))


def describe_steps(test: ShippingTest, messages: list[OrderEvent]) -> list[TestStep]:
    call, deletion = test.call, test.deletion
    first = f"{messages[0].text}, {timezone.localtime(messages[0].at):%b %-d, %H:%M:%S}" if messages else ""
    made = TestStep("Create the device", describe_call(call), CallState(call.state).tone)
    arrived = TestStep("Its first message arrives", first or "Not arrived yet.", "ok" if first else "idle")
    count = max(len(messages) - 1, 0)
    further = f"Further messages that have arrived: {count}." if count else "No further message has arrived yet."
    edited = TestStep("Edit its shipping in the vendor's web app", further, "ok" if count else "idle")
    if deletion is None:
        return [made, arrived, edited, TestStep("Delete the device", "Not asked for yet.", "idle")]
    deleted = TestStep("Delete the device", describe_call(deletion), CallState(deletion.state).tone)
    return [made, arrived, edited, deleted]


def describe_call(call: VendorCall) -> str:
    return f"{CallState(call.state).label}. {call.reason}".strip()
