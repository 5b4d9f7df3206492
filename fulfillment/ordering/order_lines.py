"""What a person may do with one ordered device: correct what the vendor refused, cancel, close with a reason."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from devices.models import VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.outbox import manual_resolution, requests, unlinking
from devices.tenovi import ShipTo
from fulfillment import timeline
from fulfillment.models import LineStatus, OrderKind, OrderLine
from fulfillment.ordering.orders import OrderError, shipping_address, shipping_columns
from patients.audit import audit_log
from patients.models import Patient
from patients.models.audit import AuditAction
from patients.queueing.wakeup import wake_worker

if TYPE_CHECKING:
    from patients.models import User

CORRECTABLE_STATUSES = frozenset({LineStatus.REJECTED, LineStatus.UNKNOWN_GATEWAY})


NOTHING_TO_CORRECT = "There is nothing to correct here any more: the line has moved on or was closed."


class OrderLineActionError(Exception):
    """Why this can't be done any more (or not yet), and what to do instead, for the person who tried."""


def can_correct(line: OrderLine) -> bool:
    return awaits_correction(line) and not hasattr(line, "corrected_by")


def awaits_correction(line: OrderLine) -> bool:
    return line.status in CORRECTABLE_STATUSES and line.closed_by_id is None


def can_cancel(line: OrderLine) -> bool:
    device = line.call.device
    unsent = line.call.state == CallState.QUEUED
    return unsent or (line.closed_at is None and device is not None and unlinking.can_be_cancelled(device))


def can_close(line: OrderLine) -> bool:
    """A line whose call may still ship something is not closed: what is on its way must stay in sight."""
    settled = line.call.state not in CallState.unresolved() or line.call.state == CallState.NEEDS_REVIEW
    finished = line.status in (LineStatus.CONNECTED, LineStatus.UNLINKED, LineStatus.CANCELLED)
    return settled and not finished and line.closed_by_id is None and not hasattr(line, "corrected_by")


def correct_line(*, line: OrderLine, by: User, ship_to: ShipTo | None = None, gateway: str | None = None) -> OrderLine:
    """Ask again with a better address, gateway ID or IMEI: a new line, linked to the refused one.

    A device that the vendor made for a mistyped gateway is unlinked, or it would be charged. Corrected twice at once,
    it is one new line. Raises TooLate, WrongHardware, CantOrder.
    """
    if earlier := OrderLine.objects.filter(corrects=line).first():
        return earlier
    if not can_correct(line):
        raise OrderLineActionError(NOTHING_TO_CORRECT)
    try:
        with transaction.atomic():
            corrected = create_corrected_line(line, by, ship_to, gateway)
    except IntegrityError:
        return OrderLine.objects.get(corrects=line)
    wake_worker("vendor_calls")
    return corrected


@transaction.atomic
def correct_lines(lines: Iterable[OrderLine], **values: Any) -> list[OrderLine]:
    """As `correct`, with the same values for each; none of them where one can't be. Raises the same."""
    return [correct_line(line=line, **values) for line in lines]


def cancel_line(*, line: OrderLine, by: User) -> str:
    """Before it ships. Returns, for the person, what has happened. Raises TooLate with what to do instead."""
    with transaction.atomic():
        withdrawn = VendorCall.objects.filter(pk=line.call_id, state=CallState.QUEUED).update(
            state=CallState.CANCELLED, resolved_at=timezone.now()
        )
        said = "Cancelled before it was sent." if withdrawn else request_cancellation(line, by)
        record_line_action(line, by, AuditAction.CANCEL, said)
    wake_worker("order_lines")
    wake_worker("vendor_calls")
    return said


def close_line(*, line: OrderLine, by: User, reason: str) -> None:
    """A person has seen to it: it leaves the list of what is stuck. Nothing changes at the vendor.

    A call of which nobody could find out what became is given up by this: it is never sent again.
    """
    with transaction.atomic():
        held = (
            VendorCall.objects.select_for_update(of=("self",), no_key=True)
            .select_related("device")
            .get(pk=line.call_id)
        )
        line.call = held
        if not can_close(line):
            raise OrderLineActionError(
                "This line can't be closed: it is finished, or its call to the vendor is not settled yet."
            )
        if held.state == CallState.NEEDS_REVIEW:
            manual_resolution.abandon_call(call=held, by=by)
        mark_line_closed(line, by=by, abandoned=held.state == CallState.NEEDS_REVIEW)
        record_line_action(line, by, AuditAction.CLOSE, f"Closed: {reason}")


def mark_line_closed(line: OrderLine, *, by: User, abandoned: bool) -> None:
    """Inside the transaction that says why. Of two people who close at once the second is told. Raises TooLate."""
    status = LineStatus.ABANDONED if abandoned else line.status
    Patient.objects.touch_live_version([line.patient_id])  # locked before its lines, everywhere
    open_lines = OrderLine.objects.filter(pk=line.pk, closed_by__isnull=True)
    if not open_lines.update(closed_at=line.closed_at or timezone.now(), closed_by=by, status=status):
        raise OrderLineActionError("Somebody else has just closed this line.")


def request_cancellation(line: OrderLine, by: User) -> str:
    call = VendorCall.objects.select_related("device").get(pk=line.call_id)
    if call.state in CallState.sent_unresolved():
        raise OrderLineActionError(
            "Its order is with the vendor and the answer is not clear yet. Please try again later."
        )
    if call.device is None:
        raise OrderLineActionError("The vendor refused it, so there is nothing to cancel.")
    if not unlinking.can_be_cancelled(call.device):
        raise OrderLineActionError(
            "It has been shipped, so it can't be cancelled any more. End its monitoring instead."
        )
    unlinking.request_unlink_or_delete(CallKind.DELETE, device=call.device, by=by)
    return "Asked the vendor to cancel it."


def create_corrected_line(line: OrderLine, by: User, ship_to: ShipTo | None, gateway: str | None) -> OrderLine:
    order, device = line.order, line.call.device
    changes: dict[str, Any] = {"closed_at": line.closed_at or timezone.now()}
    Patient.objects.touch_live_version(
        [line.patient_id]
    )  # whoever does something else to it meanwhile waits here, or was waited for
    line.refresh_from_db(fields=("status", "closed_by"))
    if not awaits_correction(line):
        raise OrderLineActionError(NOTHING_TO_CORRECT)
    OrderLine.objects.filter(pk=line.pk).update(**changes)
    if device is not None:
        unlinking.request_unlink_or_delete(CallKind.UNLINK, device=device, by=by)
    if gateway is not None:
        order.gateway_id = requests.validate_hardware_uuid(gateway) if gateway else ""
    for name, value in (shipping_columns(ship_to) if ship_to else {}).items():
        setattr(order, name, value)
    order.save(update_fields=["gateway_id", *shipping_columns(shipping_address(order))])
    corrected = OrderLine.objects.create(
        order=order,
        patient=line.patient,
        device_type=line.device_type,
        family=line.family,
        nth=line.nth,
        override_reason=line.override_reason,
        corrects=line,
        call=queue_corrected_call(line, by),
    )
    record_line_action(corrected, by, AuditAction.ORDER, f"Corrected {line.device_type} and asked again")
    return corrected


def queue_corrected_call(line: OrderLine, by: User) -> VendorCall:
    order, patient, device_type = line.order, line.patient, line.device_type
    if order.kind == OrderKind.DROPSHIP:
        gateway = order.gateway_id or None
        return requests.request_order(
            patient=patient, device_type=device_type, gateway=gateway, ship_to=shipping_address(order), by=by
        )
    if not order.gateway_id:
        raise OrderError("An activation needs a gateway ID or an IMEI.")
    return requests.request_activation(
        patient=patient,
        device_type=device_type,
        hardware_uuid=order.gateway_id,
        sensor_id=line.call.payload.get("sensor_id") or "",
        by=by,
    )


def record_line_action(line: OrderLine, by: User, action: AuditAction, text: str) -> None:
    timeline.add_person_event(text, by=by, order=line.order, line=line)
    audit_log.record_event(
        action, by=by, patients=[line.patient_id], clinic=line.patient.clinic, target=f"line:{line.pk}"
    )
    Patient.objects.touch_live_version([line.patient_id])
