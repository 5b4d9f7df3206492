"""Keeps every line in step with its call and its device, and reads devices again that a webhook has hinted at.

Nothing here believes a webhook: it carries neither id nor time. The device, read again, says what is true.
"""

from __future__ import annotations

import datetime as dt
import logging
import time

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from devices import tenovi
from devices.models import Device
from devices.models.vendor_call import CallState
from devices.outbox import unlinking
from devices.statuses import BEFORE_FIRST_READING, DeviceState
from devices.sync import upsert
from fulfillment import timeline
from fulfillment.models import EventSource, LineStatus, OrderLine
from fulfillment.models.status import CLOSING
from patients.models import Patient

logger = logging.getLogger(__name__)

SLICE_SECONDS = 20.0
LEAST_CLAIM_SECONDS = 60.0
TRY_AGAIN_SECONDS = 15.0
# A line that is over still tells when its device comes back or is unlinked.
STILL_FOLLOWED = (LineStatus.CONNECTED, LineStatus.RETURNED)
ENDS = (DeviceState.RETURNED, DeviceState.UNLINKED, DeviceState.CANCELLED)
TOO_BRIEF_TO_TELL = frozenset({LineStatus.INTENT, LineStatus.SENDING})


# --- lines ------------------------------------------------------------------------------------------------------------


def catch_up() -> int:
    """Bring lines in line. Repeated, or killed midway, it ends in the same rows. Returns how many lines moved."""
    return sum(_advance(line) for line in _followed().select_related("call__device", "device_type", "order"))


def status_of(line: OrderLine) -> LineStatus:
    """What the call says until it is confirmed, then what the device says."""
    call, device = line.call, line.call.device
    if call.state != CallState.CONFIRMED:
        return LineStatus(call.state)
    if device is None:
        return LineStatus.OTHER
    if device.first_reading_at and device.state in BEFORE_FIRST_READING:
        return LineStatus.CONNECTED
    return LineStatus(device.state)


def _followed() -> QuerySet[OrderLine]:
    """A person's closing is final; so is a correction."""
    ended = Q(status__in=STILL_FOLLOWED, call__device__state__in=ENDS)
    lines = OrderLine.objects.filter(Q(closed_at__isnull=True) | ended)
    return lines.filter(closed_by__isnull=True, corrected_by__isnull=True).order_by("pk")


def _advance(line: OrderLine) -> bool:
    status, device = status_of(line), line.call.device
    if status == line.status and (device is None or line.device_id == device.pk):
        return False
    now, before = timezone.now(), line.status
    line.status, line.status_at, line.device = status, now, device
    line.closed_at = line.closed_at or (now if status in CLOSING else None)
    changed = {"status": status, "status_at": now, "device": device, "closed_at": line.closed_at}
    with transaction.atomic():
        Patient.objects.bump([line.patient_id])  # before the line is locked: an order form takes them in this order
        if not OrderLine.objects.filter(pk=line.pk, status=before).update(**changed):
            return False  # another worker was faster
        if status != before and status not in TOO_BRIEF_TO_TELL:
            _tell(line, before)
    return True


def _tell(line: OrderLine, before: str) -> None:
    call, device = line.call, line.call.device
    if device is None or call.state != CallState.CONFIRMED:
        timeline.of_line(line, source=EventSource.CALL, text=call.reason)
        return
    by_reading = line.status == LineStatus.CONNECTED and device.state != DeviceState.CONNECTED
    by_answer = before in CallState.values
    source = EventSource.READING if by_reading else EventSource.CALL if by_answer else EventSource.REREAD
    text = "First reading received" if by_reading else device.vendor_status
    link = device.tracking_link if line.status == LineStatus.SHIPPED else ""
    timeline.of_line(line, source=source, text=text, tracking_link=link)


# --- reading again ----------------------------------------------------------------------------------------------------


def window() -> dt.timedelta:
    return dt.timedelta(seconds=settings.TRACKING_WINDOW_SECONDS)


def reread_due(client: tenovi.TenoviClient, *, seconds: float = SLICE_SECONDS) -> int:
    """Read again, one by one, what webhooks have hinted at. Returns how many devices were read."""
    deadline, read = time.monotonic() + seconds, 0
    while time.monotonic() < deadline and (claim := _claim_next()):
        device, until = claim
        try:
            _reread(device, until, client)
        except (tenovi.NotSent, tenovi.Misconfigured) as error:
            _later(device, until)
            logger.warning("reading devices again has stopped: %s", error)
            break
        read += 1
    return read


def _claim_next() -> tuple[Device, dt.datetime] | None:
    """Due at `until` again unless it is done by then; a hint that arrives meanwhile books an earlier reading."""
    until = timezone.now() + max(dt.timedelta(seconds=LEAST_CLAIM_SECONDS), 2 * window())
    with transaction.atomic():
        due = (
            Device.objects.to_reread()
            .order_by("reread_at", "pk")
            .select_for_update(skip_locked=True, of=("self",), no_key=True)
        )
        device = due.first()
        if device is None:
            return None
        Device.objects.filter(pk=device.pk).update(reread_at=until)
    return device, until


def _reread(device: Device, until: dt.datetime, client: tenovi.TenoviClient) -> None:
    try:
        answer = client.get_device(device.hwi_id)
    except tenovi.Unclear:
        _later(device, until)
        return
    except tenovi.Rejected as error:
        if error.status != 404:
            _later(device, until)
            return
        _gone(device)
    else:
        upsert.record(answer)
    _booked(device.pk, until).update(reread_at=None)


def _gone(device: Device) -> None:
    with transaction.atomic():
        unlinking.gone(device)
        Patient.objects.bump([device.patient_id] if device.patient_id else [])


def _later(device: Device, until: dt.datetime) -> None:
    _booked(device.pk, until).update(reread_at=timezone.now() + dt.timedelta(seconds=TRY_AGAIN_SECONDS))


def _booked(device_id: int, until: dt.datetime) -> QuerySet[Device]:
    """Our own booking only: a hint that came while we read has booked another one, which stays."""
    return Device.objects.filter(pk=device_id, reread_at=until)
