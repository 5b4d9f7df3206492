"""How far the end of each device is. A charge counts as ended only when the vendor's own record proves it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone

from devices.hardware_ids import format_hardware_id
from devices.models import Assignment, Device, VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.statuses import DeviceState
from devices.tenovi.vocabulary import parse_device_state
from patients.models import Patient

PROVEN = "No longer linked, so no longer charged."
CANCELLED_BEFORE_SHIPPING = "Cancelled at the vendor before it shipped, so not charged."
GONE = "The vendor has no such device any more, so it is not charged."
HANDED_ON = "No longer this patient's; another patient has it now."
NOT_OURS = "No longer this patient's."
STILL_CHARGED = "It counts as charged until the vendor's record shows the end."
WORDS_BY_CALL_STATE = {
    CallState.QUEUED: f"Waiting to be sent to the vendor. {STILL_CHARGED}",
    CallState.SENDING: f"Being sent to the vendor now. {STILL_CHARGED}",
    CallState.UNKNOWN: "Sent, and the vendor's answer was not clear. Its record is read to find out what became of it. "
    + STILL_CHARGED,
    CallState.NEEDS_REVIEW: "Sent, and what became of it could not be found out: a person must decide. "
    + STILL_CHARGED,
}
FAILED = "Not ended, and still charged. {} End its monitoring again below."
NO_REASON = "The vendor gave no reason."
ANSWERED = "The vendor has accepted it, and its record is read again. Still awaited: {}. " + STILL_CHARGED
CONTRADICTED = (
    "The vendor accepted it, but its record, read since, does not show the end. Missing: {}. It is still charged. "
    "End its monitoring again below."
)
SAYS_UNLINKED = "The vendor says that it is unlinked. Still awaited: {}. " + STILL_CHARGED
AWAITED_READING = "a second reading of its record"


@dataclass(frozen=True)
class DeviceProgress:
    """`ended_at` where it is no longer this patient's; `review` is the call about which a person must decide."""

    device: Device
    words: str
    ended_at: dt.datetime | None
    review: VendorCall | None = None

    @property
    def waits(self) -> bool:
        """Whether its call still has to go to the vendor."""
        return self.words == WORDS_BY_CALL_STATE[CallState.QUEUED]

    @property
    def proven(self) -> bool:
        return self.words == PROVEN


def list_progress(patient: Patient, *, device: Device | None = None) -> list[DeviceProgress]:
    """Of each device, or of one, that is being ended or was this patient's: what is under way first, then by end."""
    held = Assignment.objects.filter(patient=patient).select_related("device__gateway")
    ending = VendorCall.objects.filter(device__assignments__patient=patient, kind__in=CallKind.ending())
    if device is not None:
        held, ending = held.filter(device=device), ending.filter(device=device)
    calls = {call.device_id: call for call in ending.order_by("created_at")}
    shown = [
        build_progress(each, calls.get(each.device_id)) for each in held if each.ended_at or each.device_id in calls
    ]
    return sorted(shown, key=lambda each: each.ended_at or timezone.now(), reverse=True)


def build_progress(held: Assignment, call: VendorCall | None) -> DeviceProgress:
    waits = call is not None and call.state == CallState.NEEDS_REVIEW
    return DeviceProgress(held.device, describe_progress(held, call), held.ended_at, call if waits else None)


def describe_progress(held: Assignment, call: VendorCall | None) -> str:
    """From the vendor's own record where it shows the end, else from our call, which may be of another end."""
    device = held.device
    if held.ended_at and device.patient_id not in (held.patient_id, None):
        return HANDED_ON
    if device.state == DeviceState.CANCELLED:
        return CANCELLED_BEFORE_SHIPPING if call is not None and call.kind == CallKind.DELETE else GONE
    if not (missing := missing_proofs(device, call)):
        return PROVEN
    awaited = "; ".join(missing)
    if device.state == DeviceState.UNLINKED and (call is None or call.state != CallState.CONFIRMED):
        return SAYS_UNLINKED.format(awaited)
    return describe_call(device, call, awaited) if call is not None else NOT_OURS


def describe_call(device: Device, call: VendorCall, awaited: str) -> str:
    if call.state == CallState.CONFIRMED:
        contradicted = device.is_linked and is_read_since(device, call)
        return (CONTRADICTED if contradicted else ANSWERED).format(awaited)
    if call.state in CallState.without_effect():
        return FAILED.format(call.reason or NO_REASON)
    return WORDS_BY_CALL_STATE[CallState(call.state)]


def missing_proofs(device: Device, call: VendorCall | None) -> list[str]:
    """What the vendor's record does not show yet: status, date of the end, empty hardware, and all of it read after
    the answer to our call."""
    missing = []
    if parse_device_state(device.vendor_status) != DeviceState.UNLINKED:
        shown = f"“{device.vendor_status}”" if device.vendor_status else "none"
        missing.append(f"the status “Unlinked” (it is {shown})")
    if device.unlinked_on is None:
        missing.append("the date of the end")
    if device.gateway is not None:
        missing.append(f"empty hardware (it still names {format_hardware_id(device.hardware_uuid)})")
    answered = call is not None and call.state == CallState.CONFIRMED
    if not missing and (device.fetched_at is None or (call and answered and not is_read_since(device, call))):
        missing.append(AWAITED_READING)
    return missing


def is_read_since(device: Device, call: VendorCall) -> bool:
    """Whether the vendor's record was read after the vendor had answered the call."""
    return bool(device.fetched_at and call.resolved_at and device.fetched_at > call.resolved_at)
