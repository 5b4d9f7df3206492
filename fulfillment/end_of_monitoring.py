"""End of monitoring: unlink or cancel one device or all devices of a patient, so that the vendor stops charging."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from devices.models import Assignment, Device, VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.outbox import unlinking
from devices.statuses import DeviceState
from fulfillment import timeline
from fulfillment.models import OrderLine
from patients.audit import audit_log
from patients.models import AuditEvent, Patient, User
from patients.queueing.wakeup import wake_worker


@dataclass(frozen=True)
class EndOfMonitoringPlan:
    """What the end of monitoring will do; shown to the person first."""

    unlink: Sequence[Device]
    cancel: Sequence[Device]  # not shipped yet
    withdraw: Sequence[OrderLine]  # call not sent yet
    unresolved: Sequence[OrderLine]  # call sent, answer unclear: can be ended once it is resolved

    @property
    def empty(self) -> bool:
        return not (self.unlink or self.cancel or self.withdraw or self.unresolved)


@dataclass(frozen=True)
class DeviceProgress:
    """How far the end of one device is; `ended_at` where it is no longer this patient's."""

    device: Device
    words: str
    ended_at: dt.datetime | None


def list_progress(patient: Patient) -> list[DeviceProgress]:
    """Of each device that is being ended or was this patient's, the newest end first."""
    held = Assignment.objects.filter(patient=patient).select_related("device__gateway")
    ending = VendorCall.objects.filter(device__assignments__patient=patient, kind__in=CallKind.ending())
    calls = {call.device_id: call for call in ending.order_by("created_at")}
    shown = [
        DeviceProgress(each.device, describe_progress(each, calls.get(each.device_id)), each.ended_at)
        for each in held
        if each.ended_at or each.device_id in calls
    ]
    return sorted(shown, key=lambda each: (each.ended_at is None, each.ended_at or timezone.now()), reverse=True)


def describe_progress(held: Assignment, call: VendorCall | None) -> str:
    """From the vendor's own record where it shows the end, else from our call."""
    if held.ended_at and held.device.patient_id not in (held.patient_id, None):
        return "no longer this patient's; another patient has it now"
    if held.device.state == DeviceState.CANCELLED:
        return "cancelled at the vendor before it shipped, so not charged"
    if held.device.state == DeviceState.UNLINKED:
        return "no longer linked, so no longer charged"
    if call is None:
        return "no longer this patient's"
    if call.state in (CallState.REJECTED, CallState.ABANDONED, CallState.CANCELLED):
        return f"not ended, and still charged: {call.reason or 'the vendor gave no reason.'} Ask again below."
    if call.state == CallState.CONFIRMED:
        return "the vendor has answered; its record is read again before the charge counts as ended"
    return "the vendor is being asked; still charged until its record shows the end"


def plan_for_device(device: Device) -> EndOfMonitoringPlan:
    return build_plan([device] if device in Device.objects.linked() else [], [])


def plan_for_patient(patient: Patient) -> EndOfMonitoringPlan:
    held = Device.objects.linked().filter(patient=patient).select_related("device_type", "gateway")
    lines = OrderLine.objects.open().filter(patient=patient).select_related("call", "device_type", "order")
    return build_plan(list(held), list(lines))


def end_device_monitoring(*, device: Device, by: User, reason: str) -> EndOfMonitoringPlan:
    """Unlink the device, or cancel it if it has not shipped. Done once the vendor's own record shows it."""
    return execute_plan(plan_for_device(device), device.patient, by, reason, target=f"device:{device.pk}")


def end_patient_monitoring(*, patient: Patient, by: User, reason: str) -> EndOfMonitoringPlan:
    """End each device of the patient, and withdraw orders that were not sent yet."""
    return execute_plan(plan_for_patient(patient), patient, by, reason, target=f"patient:{patient.pk}")


def build_plan(devices: Sequence[Device], lines: Sequence[OrderLine]) -> EndOfMonitoringPlan:
    return EndOfMonitoringPlan(
        unlink=[device for device in devices if not unlinking.can_be_cancelled(device)],
        cancel=[device for device in devices if unlinking.can_be_cancelled(device)],
        withdraw=[line for line in lines if line.call.state == CallState.QUEUED],
        unresolved=[line for line in lines if line.call.state in CallState.sent_unresolved()],
    )


def execute_plan(
    plan: EndOfMonitoringPlan, patient: Patient | None, by: User, reason: str, *, target: str
) -> EndOfMonitoringPlan:
    with transaction.atomic():
        for line in plan.withdraw:
            queued = VendorCall.objects.filter(pk=line.call_id, state=CallState.QUEUED)
            if queued.update(state=CallState.CANCELLED, resolved_at=timezone.now()):
                text = f"Withdrawn, monitoring ended: {reason}"
                timeline.add_person_event(text, by=by, order=line.order, line=line)
        for kind, devices in ((CallKind.UNLINK, plan.unlink), (CallKind.DELETE, plan.cancel)):
            for device in devices:
                unlinking.request_unlink_or_delete(kind, device=device, by=by)
                timeline.add_device_event(f"Monitoring ended: {reason}", by=by, device=device)
        audit_log.record_event(
            AuditEvent.Action.END_MONITORING,
            by=by,
            patients=[patient.pk] if patient else [],
            clinic=patient.clinic if patient else None,
            target=target,
            devices=len(plan.unlink) + len(plan.cancel),
        )
        if patient:
            Patient.objects.touch_live_version([patient.pk])
    wake_worker("vendor_calls")
    wake_worker("order_lines")
    return plan
