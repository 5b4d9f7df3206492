"""The end of monitoring: every charge stops, for one device or for all that a patient has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from devices.models import Device, VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.outbox import unlinking
from fulfillment import timeline
from fulfillment.models import OrderLine
from fulfillment.ordering.order_lines import UNDECIDED
from patients.audit import audit_log
from patients.models import AuditEvent, Patient
from patients.queueing.wakeup import nudge

if TYPE_CHECKING:
    from patients.models import User


@dataclass(frozen=True)
class Plan:
    """What ending will do; shown before it is done."""

    unlink: Sequence[Device]
    cancel: Sequence[Device]  # not shipped yet
    withdraw: Sequence[OrderLine]  # not even sent
    undecided: Sequence[OrderLine]  # sent, answer unclear: must be settled before it can be ended

    @property
    def empty(self) -> bool:
        return not (self.unlink or self.cancel or self.withdraw or self.undecided)


def plan_for_device(device: Device) -> Plan:
    return _plan([device] if device in Device.objects.linked() else [], [])


def plan_for_patient(patient: Patient) -> Plan:
    held = Device.objects.linked().filter(patient=patient).select_related("device_type", "gateway")
    lines = OrderLine.objects.open().filter(patient=patient).select_related("call", "device_type", "order")
    return _plan(list(held), list(lines))


def end_for_device(*, device: Device, by: User, reason: str) -> Plan:
    """Unlink it (or cancel it, if it has not shipped). Done when the vendor's own record shows it."""
    return _carry_out(plan_for_device(device), device.patient, by, reason, target=f"device:{device.pk}")


def end_for_patient(*, patient: Patient, by: User, reason: str) -> Plan:
    """As for each device of the patient; orders that wait to be sent are withdrawn."""
    return _carry_out(plan_for_patient(patient), patient, by, reason, target=f"patient:{patient.pk}")


def _plan(devices: Sequence[Device], lines: Sequence[OrderLine]) -> Plan:
    return Plan(
        unlink=[device for device in devices if not unlinking.can_be_cancelled(device)],
        cancel=[device for device in devices if unlinking.can_be_cancelled(device)],
        withdraw=[line for line in lines if line.call.state == CallState.INTENT],
        undecided=[line for line in lines if line.call.state in UNDECIDED],
    )


def _carry_out(plan: Plan, patient: Patient | None, by: User, reason: str, *, target: str) -> Plan:
    with transaction.atomic():
        for line in plan.withdraw:
            _withdraw(line, by, reason)
        for kind, devices in ((CallKind.UNLINK, plan.unlink), (CallKind.DELETE, plan.cancel)):
            for device in devices:
                unlinking.request(kind, device=device, by=by)
                timeline.about_device(f"Monitoring ended: {reason}", by=by, device=device)
        audit_log.record(
            AuditEvent.Action.END_MONITORING,
            by=by,
            patients=[patient.pk] if patient else [],
            clinic=patient.clinic if patient else None,
            target=target,
            devices=len(plan.unlink) + len(plan.cancel),
        )
        if patient:
            Patient.objects.bump([patient.pk])
    nudge("fulfillment.tasks.send_calls")
    nudge("fulfillment.tasks.catch_up")
    return plan


def _withdraw(line: OrderLine, by: User, reason: str) -> None:
    intent = VendorCall.objects.filter(pk=line.call_id, state=CallState.INTENT)
    if intent.update(state=CallState.CANCELLED, settled_at=timezone.now()):
        timeline.by_person(f"Withdrawn, monitoring ended: {reason}", by=by, order=line.order, line=line)
