"""Solving "Client Action Required": correct or confirm the address and read again; else cancel, verify that the device
is absent at the vendor, and order again on a new line linked to the old one. A possible duplicate is accepted or
cancelled. A device that was ordered in the vendor's web app has no line: its monitoring is ended, and it is ordered
anew.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from devices import tenovi
from devices.models import Device, VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.patient_records import address_checks, records
from devices.statuses import DeviceState
from devices.tenovi import ShipTo
from devices.vendor_reads import drain_vendor_reads
from fulfillment import timeline
from fulfillment.client_actions.models import ClientAction
from fulfillment.models import LineStatus, OrderLine
from fulfillment.ordering import order_lines
from fulfillment.ordering.order_lines import OrderLineActionError
from fulfillment.ordering.shipping_columns import address_columns
from patients.audit import audit_log
from patients.enrollment import admission
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.queueing.wakeup import wake_worker

REREAD_PAUSE = dt.timedelta(seconds=15)
CHECK_PAUSE = dt.timedelta(seconds=30)
NOTHING_TO_SOLVE = "The vendor no longer waits for this: the device has another status now, or its order was closed."
DISCHARGED_PROBLEM = "The patient was discharged meanwhile."
ALREADY_OPEN_PROBLEM = "Another device of this kind was ordered for the patient meanwhile."


@dataclass(frozen=True)
class WaitingDevice:
    """What the vendor holds: the device of an order line, or a device that was not ordered here (`line` None)."""

    patient: Patient
    device: Device | None
    line: OrderLine | None = None

    @classmethod
    def of_line(cls, line: OrderLine) -> WaitingDevice:
        return cls(line.patient, line.call.device, line)

    @property
    def key(self) -> dict[str, Any]:
        """Of its ClientAction."""
        return {"line": self.line} if self.line else {"device": self.device}

    @property
    def name(self) -> str:
        return self.line.device_type.name if self.line else self.device.name if self.device else ""

    @property
    def status_label(self) -> str:
        return str(self.line.get_status_display() if self.line else self.device.state_label if self.device else "")

    @property
    def waits(self) -> bool:
        """As stored now."""
        if self.line is None:
            return self.device is not None and self.device.state == DeviceState.ACTION_REQUIRED
        over = self.line.closed_by_id or hasattr(self.line, "corrected_by")
        return self.line.status == LineStatus.ACTION_REQUIRED and not over

    def require_waiting(self) -> None:
        """Raises OrderLineActionError if another person or the vendor was faster."""
        if self.line is not None:
            self.line.refresh_from_db(fields=("status", "closed_by"))
        elif self.device is not None:
            self.device.refresh_from_db(fields=("state",))
        if not self.waits:
            raise OrderLineActionError(NOTHING_TO_SOLVE)

    def note(self, *, by: User, **changes: Any) -> None:
        """In its ClientAction."""
        defaults = {**changes, "by": by, "patient": self.patient}
        ClientAction.objects.update_or_create(**self.key, defaults=defaults)

    def record(self, text: str, *, by: User) -> None:
        """In the timeline and the audit."""
        if self.line is not None:
            order_lines.record_line_action(self.line, by, AuditAction.CLIENT_ACTION, text)
        elif self.device is not None:
            timeline.add_device_event(text, by=by, device=self.device)
            audit_log.record_event(
                AuditAction.CLIENT_ACTION,
                by=by,
                patients=[self.patient.pk],
                clinic=self.patient.clinic,
                target=f"device:{self.device.pk}",
            )
            Patient.objects.touch_live_version([self.patient.pk])


@transaction.atomic
def settle_address(waiting: WaitingDevice, *, by: User, edit_version: int, confirm: bool, **fields: Any) -> None:
    """The better address is stored on the patient's record and sent to the vendor; with `confirm` it is declared right.
    Then the device is read again for some minutes. Raises OrderLineActionError, EditConflict, ValidationError."""
    waiting.require_waiting()
    patient = admission.edit_patient(patient=waiting.patient, by=by, edit_version=edit_version, **fields)
    if confirm:
        address_checks.confirm_address(patient, by=by)
    records.request_record(patient, by=by, force=True)  # also where the vendor's record has that address already
    until = timezone.now() + dt.timedelta(seconds=settings.CLIENT_ACTION_REREAD_SECONDS)
    waiting.note(by=by, reread_until=until)
    text = "Address confirmed as it is" if confirm else "Address corrected in the patient's record"
    waiting.record(f"{text}; the vendor is asked again", by=by)
    wake_worker("device_refresh")


@transaction.atomic
def cancel_and_order_again(*, line: OrderLine, by: User) -> None:
    """The new line is created once the vendor no longer has the device. Raises OrderLineActionError."""
    waiting = WaitingDevice.of_line(line)
    waiting.require_waiting()
    order_lines.cancel_line(line=line, by=by)
    now = timezone.now()
    waiting.note(by=by, reorder_requested_at=now, next_check_at=now, reread_until=None, problem="")


@transaction.atomic
def keep_duplicate(waiting: WaitingDevice, *, by: User, reason: str) -> None:
    """Both devices are wanted. Raises OrderLineActionError if the vendor sees no duplicate."""
    if not (waiting.device and waiting.device.duplicate_at_address):
        raise OrderLineActionError("The vendor sees no duplicate of this device any more.")
    waiting.note(by=by, duplicate_wanted_at=timezone.now())
    waiting.record(f"Both devices kept on purpose: {reason}", by=by)


def find_duplicates(waiting: WaitingDevice) -> list[Device]:
    """Devices of the same kind that are linked to the patient, or to a patient of the clinic at the same address."""
    patient, device = waiting.patient, waiting.device
    if device is None:
        return []
    household = Q(patient__street__iexact=patient.street, patient__zip_code=patient.zip_code)
    same_address = Q(patient=patient) | (household & Q(patient__clinic=patient.clinic) if patient.street else Q())
    found = Device.objects.linked().filter(same_address).select_related("patient", "gateway", "device_type")
    found = found.exclude(pk=device.pk).order_by("vendor_created", "pk")
    return [each for each in found if each.family == device.family]


# --- what the workers do ----------------------------------------------------------------------------------------------


def schedule_rereads() -> int:
    """Devices whose address was settled are due to be read again, a few times a minute."""
    devices = ClientAction.objects.reread_open().values(waiting=Coalesce("line__call__device", "device"))
    rested = Q(fetched_at__isnull=True) | Q(fetched_at__lte=timezone.now() - REREAD_PAUSE)
    due = Device.objects.filter(rested, pk__in=devices, refresh_due_at__isnull=True)
    return due.update(refresh_due_at=timezone.now())


def order_again_what_is_absent(client: tenovi.TenoviClient) -> int:
    """Look whether the vendor still has each cancelled device; ask again only for what it has not."""
    return drain_vendor_reads(
        claim_next_check,
        lambda check: client.get_device(check.hwi_id),  # still there: read again later
        handle_failed_check,
        purpose="The look for cancelled devices",
        stop_unreachable=True,
    ).count


@dataclass(frozen=True)
class AbsenceCheck:
    """The look whether the vendor still has the cancelled device of a line."""

    action: ClientAction
    line: OrderLine
    hwi_id: uuid.UUID


def claim_next_check() -> AbsenceCheck | None:
    deleted = VendorCall.objects.filter(
        device=OuterRef("line__call__device"), kind=CallKind.DELETE, state=CallState.CONFIRMED
    )
    with transaction.atomic():
        due = ClientAction.objects.reorder_due().filter(Exists(deleted))
        action = due.select_for_update(skip_locked=True, of=("self",), no_key=True).first()
        if action is None:
            return None
        action.next_check_at = timezone.now() + CHECK_PAUSE
        action.save(update_fields=["next_check_at"])
        related = ("order__patient__clinic", "patient__clinic", "device_type", "call__device")
        line = OrderLine.objects.select_related(*related).get(client_action=action)
    return AbsenceCheck(action, line, line.call.device.hwi_id) if line.call.device else None


def handle_failed_check(check: AbsenceCheck, failure: tenovi.VendorFailure) -> None:
    if isinstance(failure, tenovi.Failed) and failure.not_found:
        try:
            with transaction.atomic():
                order_again(check.action, check.line)
        except IntegrityError:  # of the constraint: one open line of a kind for a patient
            ClientAction.objects.filter(pk=check.action.pk).update(problem=ALREADY_OPEN_PROBLEM)


def order_again(action: ClientAction, line: OrderLine) -> None:
    """To the address that the patient's record has now."""
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
