"""The end of a device: cancelled before it ships, or unlinked so that its charge and its readings stop."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from devices.models import Assignment, Device, VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.statuses import DeviceState
from patients.models import Patient
from patients.queueing.wakeup import wake_worker

if TYPE_CHECKING:
    from patients.models import User


def can_be_cancelled(device: Device) -> bool:
    """The vendor deletes a device only while nothing has been shipped."""
    return device.state in DeviceState.before_shipping() and not device.fulfilled


def request_unlink_or_delete(kind: CallKind, *, device: Device, by: User) -> VendorCall:
    """Unlink or delete. Asked twice, or by two people at once, it is one call: the unfinished one is returned."""
    fields = {"patient_id": device.patient_id, "requested_by": by, "payload": {"hwi_id": str(device.hwi_id)}}
    with transaction.atomic():
        call, _ = VendorCall.objects.get_or_create(
            device=device, kind=kind, state__in=CallState.unresolved(), defaults={**fields, "state": CallState.QUEUED}
        )
    return call


def handle_unlinked_device(device: Device, call: VendorCall) -> None:
    """The vendor has answered; the end of the charge is believed when a second reading shows it too: the answer itself
    counts as no reading after the call."""
    now = timezone.now()
    Device.objects.filter(pk=device.pk).update(refresh_due_at=now, fetched_at=call.sent_at or call.created_at)
    if device.state == DeviceState.UNLINKED:
        end_open_assignments(device, device.unlinked_on or now)


def mark_device_deleted(device: Device) -> Device:
    """The vendor no longer knows it: cancelled, and assigned to no patient from now on."""
    now = timezone.now()
    with transaction.atomic():
        Device.objects.filter(pk=device.pk).update(state=DeviceState.CANCELLED, fetched_at=now)
        end_open_assignments(device, now)
    device.refresh_from_db()
    return device


def end_open_assignments(device: Device, at: dt.datetime) -> None:
    held = Assignment.objects.open().filter(device=device)
    holders = list(held.values_list("patient_id", flat=True))
    held.update(ended_at=at)
    Patient.objects.mark_summary_stale(holders)
    wake_worker("stale_summaries")
