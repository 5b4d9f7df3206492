"""Actions of a person on one order line: correct a refused line, cancel, close with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain, repeat
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from devices.models import VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.outbox import manual_resolution, requests, unlinking
from devices.tenovi import ShipTo
from fulfillment import timeline
from fulfillment.models import LineStatus, OrderLine
from fulfillment.ordering.gateway_sharing import check_gateway_sharing
from fulfillment.ordering.orders import OrderError, check_note
from fulfillment.ordering.shipping_columns import address_columns, build_ship_to
from patients.audit import audit_log
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.queueing.wakeup import wake_worker

CORRECTABLE_STATUSES = frozenset({LineStatus.REJECTED, LineStatus.UNKNOWN_GATEWAY})
NOTHING_TO_CORRECT = (
    "There is nothing to correct here any more: the device has another status now, or its order was closed."
)
NOTHING_TO_CLOSE = (
    "This can't be closed: the device's order is finished, or its call to the vendor is not resolved yet."
)


class OrderLineActionError(Exception):
    """Why the action is not possible (any more, or yet) and what to do instead, for the person who tried."""


def can_correct(line: OrderLine) -> bool:
    return awaits_correction(line) and not hasattr(line, "corrected_by")


def awaits_correction(line: OrderLine) -> bool:
    """A shipped device that needs a sensor ID would be refused again: none can be typed before it is packed."""
    shippable = line.order.on_site or not line.device_type.sensor_id_required
    return line.status in CORRECTABLE_STATUSES and line.closed_by_id is None and shippable


def can_cancel(line: OrderLine) -> bool:
    device = line.call.device
    unsent = line.call.state == CallState.QUEUED
    ordered = line.closed_at is None or line.is_closed_here_only
    return unsent or (ordered and device is not None and unlinking.can_be_cancelled(device))


def can_close(line: OrderLine) -> bool:
    """A line whose call may still ship something can't be closed: what is on its way must stay listed."""
    settled = line.call.state not in CallState.unresolved() or line.call.state == CallState.NEEDS_REVIEW
    finished = line.status in (LineStatus.CONNECTED, LineStatus.UNLINKED, LineStatus.CANCELLED)
    return settled and not finished and line.closed_by_id is None and not hasattr(line, "corrected_by")


def correct_line(
    *,
    line: OrderLine,
    by: User,
    ship_to: ShipTo | None = None,
    gateway: str | None = None,
    sharing_reason: str = "",
    sensor_id: str | None = None,
    order_changes: Mapping[str, str] | None = None,
) -> OrderLine:
    """Request the device again with another address, gateway ID, IMEI or sensor ID, on a new line linked to the
    refused one. What is None stays as it was. `order_changes`: other columns of the order, such as its note.

    A device that the vendor created for a mistyped gateway is unlinked, or it would be charged. Corrected twice at
    once, it is one new line. Raises OrderLineActionError, InvalidHardwareUuid, GatewayHeldError, OrderError.
    """
    if earlier := OrderLine.objects.filter(corrects=line).first():
        return earlier
    if not can_correct(line):
        raise OrderLineActionError(NOTHING_TO_CORRECT)
    try:
        with transaction.atomic():
            columns = changed_columns(ship_to, gateway, order_changes or {})
            corrected = create_corrected_line(line, by, columns, sharing_reason, sensor_id)
    except IntegrityError:
        return OrderLine.objects.get(corrects=line)
    wake_worker("vendor_calls")
    return corrected


@transaction.atomic
def correct_lines(lines: Iterable[OrderLine], *, sensor_id: str | None = None, **values: Any) -> list[OrderLine]:
    """All or none, with the same values for each, but the sensor ID for the first. Raises as `correct_line`."""
    sensor_ids = chain([sensor_id], repeat(None))
    return [correct_line(line=line, sensor_id=own, **values) for line, own in zip(lines, sensor_ids, strict=False)]


def cancel_line(*, line: OrderLine, by: User) -> str:
    """Possible until it ships. Returns a message for the person. Raises OrderLineActionError."""
    with transaction.atomic():
        queued = VendorCall.objects.filter(pk=line.call_id, state=CallState.QUEUED)
        withdrawn = queued.update(state=CallState.CANCELLED, resolved_at=timezone.now())
        result = "Cancelled before it was sent." if withdrawn else request_cancellation(line, by)
        record_line_action(line, by, AuditAction.CANCEL, result)
    wake_worker("order_lines")
    wake_worker("vendor_calls")
    return result


def close_line(*, line: OrderLine, by: User, reason: str) -> None:
    """The line is no longer stuck. Nothing changes at the vendor.

    If its call needs review, the call is abandoned: it is never sent again. Raises OrderLineActionError.
    """
    with transaction.atomic():
        calls = VendorCall.objects.select_for_update(of=("self",), no_key=True).select_related("device")
        line.call = calls.get(pk=line.call_id)
        if not can_close(line):
            raise OrderLineActionError(NOTHING_TO_CLOSE)
        needs_review = line.call.state == CallState.NEEDS_REVIEW
        if needs_review:
            manual_resolution.abandon_call(call=line.call, by=by)
        mark_line_closed(line, by=by, abandoned=needs_review)
        record_line_action(line, by, AuditAction.CLOSE, f"Closed: {reason}")


def mark_line_closed(line: OrderLine, *, by: User, abandoned: bool) -> None:
    """Call it in the transaction that records why. Raises OrderLineActionError if another person has closed it."""
    status = LineStatus.ABANDONED if abandoned else line.status
    Patient.objects.touch_live_version([line.patient_id])  # locked before its lines, as everywhere
    open_lines = OrderLine.objects.filter(pk=line.pk, closed_by__isnull=True)
    if not open_lines.update(closed_at=line.closed_at or timezone.now(), closed_by=by, status=status):
        raise OrderLineActionError("Another person has just closed this.")
    wake_worker("exceptions")


def request_cancellation(line: OrderLine, by: User) -> str:
    call = VendorCall.objects.select_related("device").get(pk=line.call_id)
    if call.state in CallState.sent_unresolved():
        text = "Its order is with the vendor and the answer is not clear yet. Please try again later."
        raise OrderLineActionError(text)
    if call.device is None:
        raise OrderLineActionError("The vendor refused it, so there is nothing to cancel.")
    if not unlinking.can_be_cancelled(call.device):
        raise OrderLineActionError("It has been shipped and can't be cancelled any more. End monitoring instead.")
    unlinking.request_unlink_or_delete(CallKind.DELETE, device=call.device, by=by)
    return "Asked the vendor to cancel it."


def changed_columns(ship_to: ShipTo | None, gateway: str | None, others: Mapping[str, str]) -> dict[str, str]:
    """Of the order. Raises InvalidHardwareUuid, NoteError."""
    check_note(others.get("note", ""))
    columns = {**others, **(address_columns(ship_to) if ship_to else {})}
    if gateway is not None:
        columns["gateway_id"] = requests.validate_hardware_uuid(gateway) if gateway else ""
    return columns


def create_corrected_line(
    line: OrderLine, by: User, columns: Mapping[str, str], sharing_reason: str, sensor_id: str | None
) -> OrderLine:
    order, device = line.order, line.call.device
    Patient.objects.touch_live_version([line.patient_id])  # locks the patient: other actions on the line wait
    line.refresh_from_db(fields=("status", "closed_by"))
    if not awaits_correction(line):
        raise OrderLineActionError(NOTHING_TO_CORRECT)
    OrderLine.objects.filter(pk=line.pk).update(closed_at=line.closed_at or timezone.now())
    if device is not None:
        unlinking.request_unlink_or_delete(CallKind.UNLINK, device=device, by=by)
    for name, value in columns.items():
        setattr(order, name, value)
    check_gateway_sharing(order, [line.device_type], by=by, reason=sharing_reason, line=line)
    order.save(update_fields=list(columns))
    corrected = OrderLine.objects.create(
        order=order,
        patient=line.patient,
        device_type=line.device_type,
        family=line.family,
        nth=line.nth,
        override_reason=line.override_reason,
        corrects=line,
        call=queue_corrected_call(line, by, sensor_id),
    )
    record_line_action(corrected, by, AuditAction.ORDER, f"Corrected {line.device_type} and asked again")
    return corrected


def queue_corrected_call(line: OrderLine, by: User, sensor_id: str | None) -> VendorCall:
    order, patient, device_type = line.order, line.patient, line.device_type
    if not order.on_site:
        return requests.request_order(
            patient=patient,
            device_type=device_type,
            gateway=order.gateway_id or None,
            ship_to=build_ship_to(order),
            physician=order.physician,
            by=by,
        )
    if not order.gateway_id:
        raise OrderError("An activation needs a gateway ID or an IMEI.")
    return requests.request_activation(
        patient=patient,
        device_type=device_type,
        hardware_uuid=order.gateway_id,
        sensor_id=(line.call.payload.get("sensor_id") or "") if sensor_id is None else sensor_id,
        by=by,
    )


def record_line_action(line: OrderLine, by: User, action: AuditAction, text: str) -> None:
    timeline.add_person_event(text, by=by, order=line.order, line=line)
    audit_log.record_event(
        action, by=by, patients=[line.patient_id], clinic=line.patient.clinic, target=f"line:{line.pk}"
    )
    Patient.objects.touch_live_version([line.patient_id])
