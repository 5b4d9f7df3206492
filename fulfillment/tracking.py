"""Order tracking: derives each order line's status from its call and device, and refreshes devices that are due.

A webhook carries neither an event id nor a time, so the device read again from the vendor decides, not the webhook.
"""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from devices import tenovi
from devices.models import Device
from devices.models.vendor_call import CallState
from devices.outbox import unlinking
from devices.statuses import DeviceState
from devices.sync import upsert
from devices.vendor_reads import drain_vendor_reads
from fulfillment import timeline
from fulfillment.models import EventSource, LineStatus, OrderLine
from fulfillment.models.order import CLOSED_HERE_ONLY
from patients.models import Patient
from patients.queueing.wakeup import wake_worker

SLICE_SECONDS = 20.0
MIN_CLAIM_SECONDS = 60.0
RETRY_SECONDS = 15.0
# A line that is closed still follows its device when that is returned or unlinked.
TRACKED_AFTER_CLOSING = (LineStatus.CONNECTED, LineStatus.RETURNED)
STATUSES_WITHOUT_EVENT = frozenset({LineStatus.QUEUED, LineStatus.SENDING})


# --- order lines ------------------------------------------------------------------------------------------------------


def update_order_lines() -> int:
    """Update the status of every line from its call and device. Idempotent. Returns the number of changed lines."""
    ended = Q(status__in=TRACKED_AFTER_CLOSING, call__device__state__in=DeviceState.ended())
    # A line that a person has closed follows its device for as long as that lives at the vendor.
    found = Q(status=LineStatus.ABANDONED, call__state=CallState.CONFIRMED)  # given up, and there after all
    lines = OrderLine.objects.filter(Q(closed_at__isnull=True) | ended | found | CLOSED_HERE_ONLY)
    lines = lines.filter(corrected_by__isnull=True).order_by("pk")
    return sum(update_line(line) for line in lines.select_related("call__device", "device_type", "order"))


def derive_line_status(line: OrderLine) -> LineStatus:
    """The call's state until it is confirmed, then the device's state."""
    call, device = line.call, line.call.device
    if call.state != CallState.CONFIRMED:
        return LineStatus(call.state)
    if device is None:
        return LineStatus.OTHER
    return LineStatus(DeviceState(device.state).after_reading if device.first_reading_at else device.state)


def update_line(line: OrderLine) -> bool:
    status, device = derive_line_status(line), line.call.device
    if status == line.status and (device is None or line.device_id == device.pk):
        return False
    now, before = timezone.now(), line.status
    line.status, line.status_at, line.device = status, now, device
    line.closed_at = line.closed_at or (now if status.is_closing else None)
    changed = {"status": status, "status_at": now, "device": device, "closed_at": line.closed_at}
    with transaction.atomic():
        # The patient is locked before the line, in the same order as by the order form.
        Patient.objects.touch_live_version([line.patient_id])
        if not OrderLine.objects.filter(pk=line.pk, status=before).update(**changed):
            return False  # another worker was faster
        if status != before and status not in STATUSES_WITHOUT_EVENT:
            record_status_change(line, before)
        wake_worker("exceptions")
    return True


def record_status_change(line: OrderLine, before: str) -> None:
    call, device = line.call, line.call.device
    if device is None or call.state != CallState.CONFIRMED:
        timeline.add_line_event(line, source=EventSource.CALL, text=call.reason)
        return
    by_reading = line.status == LineStatus.CONNECTED and device.state != DeviceState.CONNECTED
    # After a lost answer it was found in the vendor's list; a deleted device has no status there.
    by_answer = before in STATUSES_WITHOUT_EVENT
    source = EventSource.READING if by_reading else EventSource.CALL if by_answer else EventSource.REFRESH
    vendor_status = "" if line.status == LineStatus.CANCELLED else device.vendor_status
    text = "First reading received" if by_reading else vendor_status
    link = device.tracking_link if line.status == LineStatus.SHIPPED else ""
    timeline.add_line_event(line, source=source, text=text, tracking_link=link)


# --- device refresh ---------------------------------------------------------------------------------------------------


def refresh_window() -> dt.timedelta:
    return dt.timedelta(seconds=settings.TRACKING_WINDOW_SECONDS)


def refresh_due_devices(client: tenovi.TenoviClient, *, seconds: float = SLICE_SECONDS) -> int:
    """Refresh the devices that are due, one by one, for about `seconds`. Returns the number of devices read."""
    return drain_vendor_reads(
        claim_next_device,
        lambda claim: refresh_device(*claim, client),
        handle_failed_refresh,
        purpose="The refresh of devices",
        stop_unreachable=True,
        seconds=seconds,
    ).count


def claim_next_device() -> tuple[Device, dt.datetime] | None:
    """Claim a due device until `until`, when it is due again; a webhook meanwhile schedules an earlier refresh."""
    until = timezone.now() + max(dt.timedelta(seconds=MIN_CLAIM_SECONDS), 2 * refresh_window())
    with transaction.atomic():
        due = Device.objects.refresh_due().order_by("refresh_due_at", "pk")
        device = due.select_for_update(skip_locked=True, of=("self",), no_key=True).first()
        if device is None:
            return None
        Device.objects.filter(pk=device.pk).update(refresh_due_at=until)
    return device, until


def refresh_device(device: Device, until: dt.datetime, client: tenovi.TenoviClient) -> None:
    upsert.upsert_device(client.get_device(device.hwi_id))
    claimed_device(device.pk, until).update(refresh_due_at=None)


def handle_failed_refresh(claim: tuple[Device, dt.datetime], failure: tenovi.VendorFailure) -> None:
    device, until = claim
    retry_at: dt.datetime | None = timezone.now() + dt.timedelta(seconds=RETRY_SECONDS)
    if isinstance(failure, tenovi.Failed) and failure.not_found:
        with transaction.atomic():
            unlinking.mark_device_deleted(device)
            Patient.objects.touch_live_version([device.patient_id] if device.patient_id else [])
        retry_at = None
    claimed_device(device.pk, until).update(refresh_due_at=retry_at)


def claimed_device(device_id: int, until: dt.datetime) -> QuerySet[Device]:
    """Only while our own claim holds: a webhook during the read has set another time, which stays."""
    return Device.objects.filter(pk=device_id, refresh_due_at=until)
