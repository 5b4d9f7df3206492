"""A person decides what became of a call to the vendor: each choice is audited and told in the timeline."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import transaction

from devices.models import VendorCall
from devices.outbox import manual_resolution
from devices.outbox.manual_resolution import CantDecide
from fulfillment import timeline
from fulfillment.models import OrderLine
from fulfillment.ordering import order_lines
from fulfillment.ordering.order_lines import TooLate
from patients.audit import audit_log
from patients.models import Patient
from patients.models.audit import AuditAction
from patients.queueing.wakeup import nudge

if TYPE_CHECKING:
    from patients.models import User

__all__ = ["CantDecide", "TooLate", "adopt", "give_up", "line_of", "send_again"]


def adopt(*, call: VendorCall, hwi_id: uuid.UUID, by: User) -> None:
    """It exists: this one. Raises CantDecide."""
    with transaction.atomic():
        device = manual_resolution.adopt(call=call, hwi_id=hwi_id, by=by)
        _told(call, by, f"Found at the vendor: {device.name}, {device.vendor_status or 'no status'}", "adopt")
    nudge("fulfillment.tasks.catch_up")
    nudge("fulfillment.tasks.reread_devices")


def send_again(*, call: VendorCall, by: User, typed: str = "") -> None:
    """It doesn't exist, as a look has just proved, or as the person says who typed the reference. Raises CantDecide."""
    proved = manual_resolution.proved_absent(call)
    with transaction.atomic():
        manual_resolution.send_again(call=call, by=by, typed=typed)
        how = "a fresh look found nothing" if proved else "without a proof, as confirmed by typing"
        _told(call, by, f"Sent again: {how}", "send_again", proved=proved)
    nudge("fulfillment.tasks.send_calls")


def give_up(*, call: VendorCall, by: User, reason: str) -> None:
    """It is never sent again; its line, if it has one, is closed. Raises CantDecide."""
    with transaction.atomic():
        manual_resolution.give_up(call=call, by=by)
        if line := line_of(call):
            order_lines.shut(line, by=by, given_up=True)
        _told(call, by, f"Given up: {reason}", "give_up")


def line_of(call: VendorCall) -> OrderLine | None:
    """The line that this call was to fulfil; an unlink or a cancellation has none of its own."""
    found = OrderLine.objects.filter(call=call)
    return found.select_related("order", "device_type", "patient__clinic", "call__device").first()


def _told(call: VendorCall, by: User, text: str, choice: str, **details: bool) -> None:
    patient = call.patient
    if patient is None:
        raise ValueError("a decision is made on a patient's page")
    if line := line_of(call):
        timeline.by_person(text, by=by, order=line.order, line=line)
    elif call.device:
        timeline.about_device(f"{call.get_kind_display()}. {text}", by=by, device=call.device)
    target = f"call:{call.pk}"
    audit_log.record(
        AuditAction.VENDOR_CALL,
        by=by,
        patients=[patient.pk],
        clinic=patient.clinic,
        target=target,
        choice=choice,
        **details,
    )
    Patient.objects.bump([patient.pk])
