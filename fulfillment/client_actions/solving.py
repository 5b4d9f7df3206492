"""Solving "Client Action Required": correct or confirm the address and read again; else cancel, verify that the device
is absent at the vendor, and order again on a new line linked to the old one. A possible duplicate is accepted or
cancelled.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from devices import tenovi
from devices.models import Device, VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.patient_records import address_checks, records
from devices.tenovi import ShipTo
from devices.vendor_reads import drain_vendor_reads
from fulfillment.client_actions.models import ClientAction
from fulfillment.models import LineStatus, OrderLine
from fulfillment.ordering import order_lines
from fulfillment.ordering.order_lines import OrderLineActionError
from fulfillment.ordering.shipping_columns import address_columns
from patients.enrollment import admission
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.queueing.wakeup import wake_worker

REREAD_PAUSE = dt.timedelta(seconds=15)
CHECK_PAUSE = dt.timedelta(seconds=30)
NOTHING_TO_SOLVE = "The vendor no longer waits for this: the device has another status now, or its order was closed."
DISCHARGED_PROBLEM = "The patient was discharged meanwhile."
ALREADY_OPEN_PROBLEM = "Another device of this kind was ordered for the patient meanwhile."


@transaction.atomic
def settle_address(*, line: OrderLine, by: User, edit_version: int, confirm: bool, **fields: Any) -> None:
    """The better address is stored on the patient's record and sent to the vendor; with `confirm` it is declared right.
    Then the device is read again for some minutes. Raises OrderLineActionError, EditConflict, ValidationError."""
    require_waiting(line)
    patient = admission.edit_patient(patient=line.patient, by=by, edit_version=edit_version, **fields)
    if confirm:
        address_checks.confirm_address(patient, by=by)
    records.request_record(patient, by=by, force=True)  # also where the vendor's record has that address already
    until = timezone.now() + dt.timedelta(seconds=settings.CLIENT_ACTION_REREAD_SECONDS)
    ClientAction.objects.update_or_create(line=line, defaults={"reread_until": until, "by": by})
    text = "Address confirmed as it is" if confirm else "Address corrected in the patient's record"
    order_lines.record_line_action(line, by, AuditAction.CLIENT_ACTION, f"{text}; the vendor is asked again")
    wake_worker("device_refresh")


@transaction.atomic
def cancel_and_order_again(*, line: OrderLine, by: User) -> None:
    """The new line is created once the vendor no longer has the device. Raises OrderLineActionError."""
    require_waiting(line)
    order_lines.cancel_line(line=line, by=by)
    now = timezone.now()
    changes = {"reorder_requested_at": now, "next_check_at": now, "reread_until": None, "problem": "", "by": by}
    ClientAction.objects.update_or_create(line=line, defaults=changes)


@transaction.atomic
def keep_duplicate(*, line: OrderLine, by: User, reason: str) -> None:
    """Both devices are wanted. Raises OrderLineActionError if the vendor sees no duplicate."""
    if not (line.call.device and line.call.device.duplicate_at_address):
        raise OrderLineActionError("The vendor sees no duplicate of this device any more.")
    ClientAction.objects.update_or_create(line=line, defaults={"duplicate_wanted_at": timezone.now(), "by": by})
    order_lines.record_line_action(line, by, AuditAction.CLIENT_ACTION, f"Both devices kept on purpose: {reason}")


def require_waiting(line: OrderLine) -> None:
    line.refresh_from_db(fields=("status", "closed_by"))
    if line.status != LineStatus.ACTION_REQUIRED or line.closed_by_id or hasattr(line, "corrected_by"):
        raise OrderLineActionError(NOTHING_TO_SOLVE)


def find_duplicates(line: OrderLine) -> list[Device]:
    """Devices of the same kind that are linked to the patient, or to a patient of the clinic at the same address."""
    patient, device = line.patient, line.call.device
    household = Q(patient__street__iexact=patient.street, patient__zip_code=patient.zip_code)
    same_address = Q(patient=patient) | (household & Q(patient__clinic=patient.clinic) if patient.street else Q())
    found = Device.objects.linked().filter(same_address).select_related("patient", "gateway", "device_type")
    found = found.exclude(pk=device.pk) if device else found
    return [each for each in found.order_by("vendor_created", "pk") if each.family == line.family]


# --- what the workers do ----------------------------------------------------------------------------------------------


def schedule_rereads() -> int:
    """Devices whose address was settled are due to be read again, a few times a minute."""
    devices = ClientAction.objects.reread_open().values("line__call__device")
    rested = Q(fetched_at__isnull=True) | Q(fetched_at__lte=timezone.now() - REREAD_PAUSE)
    due = Device.objects.filter(rested, pk__in=devices, refresh_due_at__isnull=True)
    return due.update(refresh_due_at=timezone.now())


def order_again_what_is_absent(client: tenovi.TenoviClient) -> int:
    """Look whether the vendor still has each cancelled device; ask again only for what it has not."""
    return drain_vendor_reads(
        claim_next_check,
        lambda action: client.get_device(action.line.call.device.hwi_id),  # still there: read again later
        handle_failed_check,
        purpose="The look for cancelled devices",
        stop_unreachable=True,
    ).count


def claim_next_check() -> Any:
    deleted = VendorCall.objects.filter(
        device=OuterRef("line__call__device"), kind=CallKind.DELETE, state=CallState.CONFIRMED
    )
    with transaction.atomic():
        due = ClientAction.objects.reorder_due().filter(Exists(deleted))
        action = due.select_for_update(skip_locked=True, of=("self",), no_key=True).first()
        if action is not None:
            action.next_check_at = timezone.now() + CHECK_PAUSE
            action.save(update_fields=["next_check_at"])
            related = ("order__patient__clinic", "patient__clinic", "device_type", "call__device")
            action.line = OrderLine.objects.select_related(*related).get(pk=action.line_id)
    return action


def handle_failed_check(action: ClientAction, failure: tenovi.VendorFailure) -> None:
    if isinstance(failure, tenovi.Failed) and failure.not_found:
        try:
            with transaction.atomic():
                order_again(action)
        except IntegrityError:  # of the constraint: one open line of a kind for a patient
            ClientAction.objects.filter(pk=action.pk).update(problem=ALREADY_OPEN_PROBLEM)


def order_again(action: ClientAction) -> None:
    """To the address that the patient's record has now."""
    line = action.line
    Patient.objects.touch_live_version([line.patient_id])
    patient = line.patient
    patient.refresh_from_db()
    if patient.discharged_at:
        ClientAction.objects.filter(pk=action.pk).update(problem=DISCHARGED_PROBLEM)
        return
    place = {name: getattr(patient, name) for name in ("name", "city", "state", "zip_code")}
    columns = address_columns(ShipTo(address=patient.street_lines, **place))
    for name, value in columns.items():
        setattr(line.order, name, value)
    line.order.save(update_fields=list(columns))
    line.order.patient = patient
    # Before the new one: of a kind one is open.
    OrderLine.objects.filter(pk=line.pk, closed_at__isnull=True).update(closed_at=timezone.now())
    corrected = OrderLine.objects.create(
        order=line.order,
        patient=patient,
        device_type=line.device_type,
        family=line.family,
        nth=line.nth,
        override_reason=line.override_reason,
        corrects=line,
        call=order_lines.queue_corrected_call(line, action.by, None),
    )
    ClientAction.objects.filter(pk=action.pk).update(reordered_at=timezone.now())
    text = f"Ordered {line.device_type} again: the vendor no longer has the cancelled one"
    order_lines.record_line_action(corrected, action.by, AuditAction.ORDER, text)
    wake_worker("vendor_calls")
