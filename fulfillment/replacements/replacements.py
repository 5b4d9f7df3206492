"""Replacing a device or gateway: requested once, followed until it is delivered, cancelled before it ships."""

from __future__ import annotations

import uuid

from django.db import IntegrityError, transaction
from django.utils import timezone

from devices.models import Device, VendorCall
from devices.models.vendor_call import CallState
from devices.outbox import replacement_calls
from devices.statuses import DeviceState
from devices.tenovi import ShipTo
from fulfillment import timeline
from fulfillment.replacements.models import Replacement, ReplacementReason, ReplacementState
from fulfillment.special_orders import stock
from patients.audit import audit_log
from patients.models import AuditEvent, Patient, User
from patients.queueing.wakeup import wake_worker

NOT_LINKED = "Only a device that is linked to the patient at the vendor can be replaced."
NOT_SHIPPED = "It has not shipped yet, so there is nothing to replace. Correct or cancel its order instead."
ALREADY_OPEN = "A replacement of it is on its way already."
NOT_FROM_STOCK = "Only a device without a modem of its own can be replaced by one of the stock; its gateway can't."
NO_GATEWAY = "No gateway of this device is known, so only the device can be replaced."


class ReplacementError(Exception):
    """Why it can't be replaced or cancelled, for the person who asked."""


def replacement_problem(device: Device) -> str:
    """Why the device can't be replaced; empty if it can."""
    if device.patient_id is None or not device.is_linked:
        return NOT_LINKED
    return NOT_SHIPPED if device.state in DeviceState.before_shipping() else ""


def can_come_from_stock(device: Device, *, by: User) -> bool:
    """The vendor takes a device of a bulk order without an address; a gateway or modem would need its new ID as well,
    for which its API has no place."""
    carried = device.gateway is not None and not device.gateway.is_modem
    return carried and stock.loose_devices_in_stock(device.name, by=by).exists()


def request_replacement(
    *,
    device: Device,
    replace_device: bool,
    replace_gateway: bool,
    ship_to: ShipTo | None,
    reason: ReplacementReason,
    reason_words: str,
    by: User,
    submission_id: uuid.UUID,
) -> Replacement:
    """`ship_to` None: the device comes from our own stock, which is counted down. The same `submission_id` again
    returns the same replacement. Raises ReplacementError."""
    patient = device.patient
    if same := Replacement.objects.filter(submission_id=submission_id, requested_by=by, device=device).first():
        return same
    if (problem := replacement_problem(device)) or patient is None:
        raise ReplacementError(problem)
    if replace_gateway and (device.gateway is None or device.gateway.is_modem):
        raise ReplacementError(NO_GATEWAY)
    if ship_to is None and (replace_gateway or device.gateway is None or device.gateway.is_modem):
        raise ReplacementError(NOT_FROM_STOCK)
    names = ([device.name] if replace_device else []) + ([replacement_calls.GATEWAY_NAME] if replace_gateway else [])
    try:
        with transaction.atomic():
            call = replacement_calls.request_replacement(device=device, names=names, ship_to=ship_to, by=by)
            replacement = Replacement.objects.create(
                submission_id=submission_id,
                device=device,
                patient=patient,
                replaces_device=replace_device,
                gateway=device.gateway if replace_gateway else None,
                old_hardware_uuid=device.hardware_uuid,
                call=call,
                from_stock=ship_to is None,
                reason=reason,
                reason_words=reason_words,
                requested_by=by,
            )
            record_action(replacement, f"Replacement requested: {', '.join(replacement.items)}", by=by)
            if ship_to is None:
                stock.give_out_loose_device(device.name, reason="Given out as a replacement", by=by)
    except stock.StockError as problem:
        raise ReplacementError(str(problem)) from None
    except IntegrityError:
        raise ReplacementError(ALREADY_OPEN) from None
    wake_worker("vendor_calls")
    return replacement


def cancel_replacement(*, replacement: Replacement, by: User) -> str:
    """Withdraw it, or have the vendor delete it. Returns what happens now. Raises ReplacementError."""
    with transaction.atomic():
        held = Replacement.objects.select_for_update(of=("self",)).select_related("call", "cancellation", "device")
        replacement = held.get(pk=replacement.pk)
        if not replacement.can_be_cancelled:
            raise ReplacementError("It can't be cancelled any more: it has shipped, or is over.")
        queued = VendorCall.objects.filter(pk=replacement.call_id, state=CallState.QUEUED)
        if queued.update(state=CallState.CANCELLED, resolved_at=timezone.now()):
            set_state(replacement, ReplacementState.CANCELLED)
            record_action(replacement, "Replacement withdrawn before it was sent", by=by)
            return "Withdrawn: it was not sent to the vendor yet."
        if not replacement.call.answer:
            raise ReplacementError("It is being sent to the vendor now. Please try again in a minute.")
        replacement.cancellation = replacement_calls.request_cancellation(replacement.call, by=by)
        replacement.save(update_fields=["cancellation"])
        record_action(replacement, "Cancellation of the replacement requested", by=by)
    wake_worker("vendor_calls")
    return "The vendor has been asked to cancel it."


def set_state(replacement: Replacement, state: ReplacementState) -> bool:
    """Whether it has changed."""
    if state == replacement.state:
        return False
    now = timezone.now()
    closed_at = now if state in ReplacementState.closing() else None
    changed = {"state": state, "state_since": now, "closed_at": closed_at}
    Replacement.objects.filter(pk=replacement.pk).update(**changed)
    replacement.state, replacement.state_since, replacement.closed_at = state, now, closed_at
    return True


def record_action(replacement: Replacement, text: str, *, by: User) -> None:
    """Timeline, audit and live pages, in the transaction of the change."""
    timeline.add_device_event(text, by=by, device=replacement.device)
    audit_log.record_event(
        AuditEvent.Action.REPLACE,
        by=by,
        patients=[replacement.patient_id],
        clinic=replacement.patient.clinic,
        target=f"replacement:{replacement.pk}",
    )
    Patient.objects.touch_live_version([replacement.patient_id])
