"""Kinds of calls of which only the newest waits: a patient's record, and the step goal of a device.

A request replaces the one that waits. One that is queued again while a newer one waits is cancelled.
"""

from __future__ import annotations

import datetime as dt

from django.db.models.functions import Greatest
from django.utils import timezone

from devices.models import Device, VendorCall
from devices.models.vendor_call import CallKind, CallState, VendorCallQuerySet
from devices.patient_records import records
from devices.patient_records.models import PatientRecord

REPLACED_REASON = "A newer version is sent instead."


def lock_subject_of(call: VendorCall) -> PatientRecord | None:
    """Lock what the call writes, before the call's own row, as everywhere. Returns the record of a patient."""
    if call.kind == CallKind.SET_STEP_GOAL and call.device_id:
        lock_device(call.device_id)
    if call.patient is None or call.kind not in CallKind.of_record():
        return None
    return records.lock_record(call.patient)


def lock_device(device_id: int) -> None:
    list(Device.objects.select_for_update(no_key=True).filter(pk=device_id).values_list("pk"))


def newer_calls_waiting(call: VendorCall) -> VendorCallQuerySet:
    waiting = VendorCall.objects.filter(state=CallState.QUEUED).exclude(pk=call.pk)
    if call.kind in CallKind.of_record():
        return waiting.filter(patient=call.patient_id, kind__in=CallKind.of_record())
    if call.kind == CallKind.SET_STEP_GOAL:
        return waiting.filter(device=call.device_id, kind=CallKind.SET_STEP_GOAL)
    return waiting.none()


def replace_by_newer(call: VendorCall, *, pause: dt.timedelta) -> bool | None:
    """Cancel the call because a newer one waits; None: none does. An earlier goal whose answer was unclear may still be
    applied, so the newer one is sent after `pause`; of a record, a reading settles that."""
    newer, now = newer_calls_waiting(call), timezone.now()
    if not newer.exists():
        return None
    if call.kind == CallKind.SET_STEP_GOAL:
        newer.update(next_attempt_at=Greatest("next_attempt_at", now + pause))
    return call.release(state=CallState.CANCELLED, reason=REPLACED_REASON, search_after=None, resolved_at=now)
