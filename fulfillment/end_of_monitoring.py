"""End of monitoring: unlink or cancel one device or all devices of a patient, so that the vendor stops charging.

The vendor deletes a device only before it ships; afterwards it is unlinked. Replacements that have not shipped are
cancelled with it. How far each device is: `fulfillment.end_progress`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from devices.models import Device, VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.outbox import unlinking
from fulfillment import timeline
from fulfillment.models import OrderLine
from fulfillment.replacements import replacements
from fulfillment.replacements.models import Replacement, ReplacementState
from patients.audit import audit_log
from patients.models import AuditEvent, Patient, User
from patients.queueing.wakeup import wake_worker

SHIPPED_WORDS = "has shipped and can't be cancelled any more."
SHIPPED_ADVICE = (
    "Ask the patient to send it back when it arrives. The label for the return is requested in the vendor's web app."
)
CANCELLING_WORDS = "is being cancelled at the vendor."
UNCLEAR_WORDS = "was sent, and the vendor's answer is not clear yet."
UNCLEAR_ADVICE = "Come back when it is: only then it can be cancelled."
REVIEW_WORDS = "was sent, and what became of it could not be found out."
REVIEW_ADVICE = "Decide what became of it, then end monitoring again."
SHARED_WORDS = "stays: other devices of the patient use this gateway."


@dataclass(frozen=True)
class RemainingReplacement:
    """An open replacement that this end can't cancel, why, and what to do about it."""

    replacement: Replacement
    words: str
    advice: str = ""

    @property
    def asks_patient(self) -> bool:
        """Whether its advice is to call the patient."""
        return self.advice == SHIPPED_ADVICE


@dataclass(frozen=True)
class EndOfMonitoringPlan:
    """What the end of monitoring will do; shown to the person first."""

    unlink: Sequence[Device]
    cancel: Sequence[Device]  # not shipped yet
    withdraw: Sequence[OrderLine]  # call not sent yet
    unresolved: Sequence[OrderLine]  # call sent, answer unclear: can be ended once it is resolved
    replacements: Sequence[Replacement] = ()  # to be cancelled
    remaining: Sequence[RemainingReplacement] = ()

    @property
    def empty(self) -> bool:
        devices, lines = (*self.unlink, *self.cancel), (*self.withdraw, *self.unresolved)
        return not (devices or lines or self.replacements or self.remaining)


def plan_for_device(device: Device) -> EndOfMonitoringPlan:
    """A replacement of its gateway stays while other devices of the patient are on the gateway."""
    held = [device] if device in Device.objects.linked() else []
    siblings = (
        Device.objects.linked().filter(patient=device.patient_id, gateway=device.gateway_id).exclude(pk=device.pk)
    )
    shared = device.gateway_id is not None and siblings.exists()
    return build_plan(held, [], open_replacements().filter(device=device), gateway_stays=shared)


def plan_for_patient(patient: Patient) -> EndOfMonitoringPlan:
    held = Device.objects.linked().filter(patient=patient).select_related("device_type", "gateway")
    lines = OrderLine.objects.open().filter(patient=patient).select_related("call", "device_type", "order")
    return build_plan(list(held), list(lines), open_replacements().filter(patient=patient))


def open_replacements() -> QuerySet[Replacement]:
    return Replacement.objects.open().select_related("call", "cancellation", "device", "gateway")


def build_plan(
    devices: Sequence[Device],
    lines: Sequence[OrderLine],
    replacements_of_them: Iterable[Replacement],
    *,
    gateway_stays: bool = False,
) -> EndOfMonitoringPlan:
    """Without devices whose end is under way."""
    calls = VendorCall.objects.filter(device__in=devices, kind__in=CallKind.ending())
    states = {(call.device_id, call.kind): call.state for call in calls.order_by("created_at")}
    asked = {device_id for (device_id, _), state in states.items() if state in CallState.unresolved()}
    waiting = [device for device in devices if device.pk not in asked]
    cancel = [
        device
        for device in waiting
        # Refused once, it is not deleted a second time: it has shipped, whatever its record says.
        if unlinking.can_be_cancelled(device) and states.get((device.pk, CallKind.DELETE)) != CallState.REJECTED
    ]
    cancellable, remaining = [], []
    for each in replacements_of_them:
        if gateway_stays and each.gateway_id:
            remaining.append(RemainingReplacement(each, SHARED_WORDS))
        elif each.can_be_cancelled:
            cancellable.append(each)
        else:
            remaining.append(describe_remaining(each))
    return EndOfMonitoringPlan(
        unlink=[device for device in waiting if device not in cancel],
        cancel=cancel,
        withdraw=[line for line in lines if line.call.state == CallState.QUEUED],
        unresolved=[line for line in lines if line.call.state in CallState.sent_unresolved()],
        replacements=cancellable,
        remaining=remaining,
    )


def describe_remaining(replacement: Replacement) -> RemainingReplacement:
    if replacement.state == ReplacementState.SHIPPED:
        return RemainingReplacement(replacement, SHIPPED_WORDS, SHIPPED_ADVICE)
    if replacement.state == ReplacementState.NEEDS_REVIEW:
        return RemainingReplacement(replacement, REVIEW_WORDS, REVIEW_ADVICE)
    if replacement.cancellation is not None:
        return RemainingReplacement(replacement, CANCELLING_WORDS)
    return RemainingReplacement(replacement, UNCLEAR_WORDS, UNCLEAR_ADVICE)


def end_device_monitoring(*, device: Device, by: User, reason: str) -> EndOfMonitoringPlan:
    """Unlink the device, or cancel it if it has not shipped. Done once the vendor's own record shows it."""
    return execute_plan(plan_for_device(device), device.patient, by, reason, target=f"device:{device.pk}")


def end_patient_monitoring(*, patient: Patient, by: User, reason: str) -> EndOfMonitoringPlan:
    """End each device of the patient, and withdraw orders and replacements that have not shipped yet."""
    return execute_plan(plan_for_patient(patient), patient, by, reason, target=f"patient:{patient.pk}")


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
        cancelled = [cancel_if_possible(each, by=by) for each in plan.replacements]
        audit_log.record_event(
            AuditEvent.Action.END_MONITORING,
            by=by,
            patients=[patient.pk] if patient else [],
            clinic=patient.clinic if patient else None,
            target=target,
            devices=len(plan.unlink) + len(plan.cancel),
            replacements=sum(cancelled),
        )
        if patient:
            Patient.objects.touch_live_version([patient.pk])
    wake_worker("vendor_calls")
    wake_worker("order_lines")
    return plan


def cancel_if_possible(replacement: Replacement, *, by: User) -> bool:
    """False: it was sent or has shipped meanwhile. The page, built anew, lists it with what to do."""
    try:
        replacements.cancel_replacement(replacement=replacement, by=by)
    except replacements.ReplacementError:
        return False
    return True
