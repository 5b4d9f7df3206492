"""Manual resolution of a vendor call by a person: confirm, send again or abandon, with timeline event and audit row."""

from __future__ import annotations

import uuid

from django.db import transaction

from devices.models import VendorCall
from devices.outbox import manual_resolution
from fulfillment import timeline
from fulfillment.models import OrderLine
from fulfillment.ordering import order_lines
from patients.audit import audit_log
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.queueing.wakeup import wake_worker


def confirm_call(*, call: VendorCall, hwi_id: uuid.UUID, by: User) -> None:
    """The device of the vendor's list is the one that this call made. Raises CannotResolve."""
    with transaction.atomic():
        device = manual_resolution.adopt_device(call=call, hwi_id=hwi_id, by=by)
        found = f"Found at the vendor: {device.name}, {device.vendor_status or 'no status'}"
        record_resolution(call, by, found, "confirm")
    wake_worker("order_lines")
    wake_worker("device_refresh")


def send_call_again(*, call: VendorCall, by: User, typed_reference: str = "") -> None:
    """Send the call once more: a lookup has proved that it is absent, or the user typed its reference.

    Raises CannotResolve.
    """
    proved = manual_resolution.is_proven_absent(call)
    with transaction.atomic():
        manual_resolution.requeue_reviewed_call(call=call, by=by, typed_reference=typed_reference)
        how = "the vendor's list doesn't have it" if proved else "without a proof, confirmed by typing the reference"
        record_resolution(call, by, f"Sent again: {how}", "send_again", proved=proved)
    wake_worker("vendor_calls")


def abandon_call(*, call: VendorCall, by: User, reason: str) -> None:
    """Never send it again, and close its line, if it has one. Raises CannotResolve."""
    with transaction.atomic():
        manual_resolution.abandon_call(call=call, by=by)
        if line := line_for_call(call):
            order_lines.mark_line_closed(line, by=by, abandoned=True)
        record_resolution(call, by, f"Given up: {reason}", "abandon")


def line_for_call(call: VendorCall) -> OrderLine | None:
    """The order line of this call; an unlink or a cancellation has none."""
    found = OrderLine.objects.filter(call=call)
    return found.select_related("order", "device_type", "patient__clinic", "call__device").first()


def record_resolution(call: VendorCall, by: User, text: str, choice: str, **details: bool) -> None:
    patient = call.patient
    if patient is None:
        raise ValueError("a call without a patient can't be resolved")
    if line := line_for_call(call):
        timeline.add_person_event(text, by=by, order=line.order, line=line)
    elif call.device:
        timeline.add_device_event(f"{call.get_kind_display()}. {text}", by=by, device=call.device)
    audit_log.record_event(
        AuditAction.RESOLVE_CALL,
        by=by,
        patients=[patient.pk],
        clinic=patient.clinic,
        target=f"call:{call.pk}",
        choice=choice,
        **details,
    )
    Patient.objects.touch_live_version([patient.pk])
