"""The outbox: a call that changes something at the vendor is stored first, claimed by one worker, and sent once.

queued -> sending (committed before the socket opens) -> confirmed | rejected | unknown. If nothing reached the vendor,
it is queued again. An answer that can't be read makes it unknown, never failed; only `devices.outbox.recovery` or a
person may queue it again.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import msgspec
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Least
from django.utils import timezone

from devices import step_goals, tenovi
from devices.models import Device, VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.outbox import newest_only, record_calls, replacement_calls, requests, step_goal_calls, unlinking
from devices.patient_records import records
from devices.sync import upsert
from devices.tenovi.rate_limiter import NoSlotAvailable
from patients.models import Patient
from patients.queueing.wakeup import wake_worker
from patients.queueing.work_item import DrainEnd, drain

logger = logging.getLogger(__name__)

Answer = tenovi.HwiDevice | tenovi.PatientDetails | tenovi.HwiReplacement | tenovi.DeviceProperty

SLICE_SECONDS = 20.0  # then other work gets the key; the worker is woken again for the rest
MISCONFIGURED_PAUSE_SECONDS = 60.0
NO_SLOT_PAUSE_SECONDS = 1.0
MAX_RETRY_AFTER_SECONDS = 3600.0
MAX_ATTEMPTS_COUNTED = 1000
WORKER_DIED_REASON = "The worker that sent this died before it could read the answer."
DATABASE_RESTORED_REASON = "The database was restored to an earlier time, and this may have been sent after it."
ANSWER_LOST_REASON = "It was sent, and no readable answer came back. It may have taken effect."


def send_due_calls(client: tenovi.TenoviClient, *, seconds: float = SLICE_SECONDS) -> bool:
    """Send due calls one by one for about `seconds`. True while more can be sent at once."""
    expire_call_leases()

    def claim() -> VendorCall | None:
        return claim_next_call() if VendorCall.objects.due().exists() and client.take_slot() else None

    def send(call: VendorCall) -> bool:
        try:
            send_call(call, client)
        except tenovi.Misconfigured as error:
            logger.error("Calls to the vendor have stopped, an operator must check key and address: %s", error)
            return False
        return True

    end = drain(claim, send, seconds=seconds).end
    return end == DrainEnd.TIME_UP and VendorCall.objects.due().exists()


def claim_next_call() -> VendorCall | None:
    """Claim the longest due call: it is `sending`, and that is committed before anything is sent."""
    claimed = VendorCall.objects.due().claim(
        state=CallState.SENDING, sent_at=timezone.now(), attempts=Least(F("attempts") + 1, MAX_ATTEMPTS_COUNTED)
    )
    return claimed.select_related("patient", "device").first()


def send_call(call: VendorCall, client: tenovi.TenoviClient) -> None:
    """Send a claimed call once. No transaction is open while we talk. Raises Misconfigured, which blames no call."""
    if call.leased_until is None or timezone.now() >= call.leased_until:
        return  # this process slept: the call is unknown by now, and the search will resolve it
    try:
        answer = SENDER_BY_KIND[call.kind](client, call)
    except NoSlotAvailable:
        requeue_call(call, after=NO_SLOT_PAUSE_SECONDS)  # only the rate limit: no growing pause
    except tenovi.NotSent as error:
        requeue_call(call, after=error.retry_after)
    except tenovi.Misconfigured:
        requeue_call(call, after=MISCONFIGURED_PAUSE_SECONDS)
        raise
    except tenovi.Unclear:
        handle_unclear_answer(call)
    except tenovi.Rejected as error:
        handle_rejection(call, error)
    else:
        confirm_call(call, answer)
    finally:
        notify_live_pages(call)


def expire_call_leases() -> int:
    """A dead worker may have died after it wrote: its calls are unknown, never queued."""
    over = VendorCall.objects.filter(state=CallState.SENDING, leased_until__lt=timezone.now())
    expired = list(over.select_related("patient"))
    for call in expired:
        handle_unclear_answer(call, reason=WORKER_DIED_REASON)
    return len(expired)


def mark_queued_calls_unknown() -> int:
    """The database is that of an earlier time: what waits to be sent in it may have been sent since.

    To be run before the worker of queue `people` starts. Returns how many calls are now unknown, so that the vendor's
    list is asked before any of them is sent. Idempotent calls still wait: they may be sent twice.
    """
    waiting = VendorCall.objects.exclude(kind__in=CallKind.idempotent(), state=CallState.QUEUED)
    calls = list(waiting.filter(state__in=(CallState.QUEUED, CallState.SENDING)).select_related("patient"))
    for call in calls:
        handle_unclear_answer(call, reason=DATABASE_RESTORED_REASON)
    return len(calls)


def notify_live_pages(call: VendorCall) -> None:
    """Never inside the transaction that ends a call: the patient's row is locked after the device's, always."""
    if call.patient_id:
        Patient.objects.touch_live_version([call.patient_id])
    wake_worker("exceptions")


def settle_time() -> dt.timedelta:
    """How long after an attempt the vendor's own list is believed to show what became of it."""
    return dt.timedelta(seconds=settings.ORDER_SETTLE_SECONDS)


# --- how a call ends: each checks that the row is as it was when claimed, its lease included -------------------------


def requeue_call(call: VendorCall, *, after: float | None = None, **changes: Any) -> bool:
    """Nothing reached the vendor, or it may be sent twice. `after`: seconds, if the vendor named them; else the backoff
    of its attempts. Where only the newest waits, an older one is cancelled."""
    pause = call.backoff(call.attempts) if after is None else dt.timedelta(seconds=min(after, MAX_RETRY_AFTER_SECONDS))
    with transaction.atomic():
        newest_only.lock_subject_of(call)
        if (replaced := newest_only.replace_by_newer(call, pause=pause)) is not None:
            return replaced
        return call.release(
            state=CallState.QUEUED,
            next_attempt_at=timezone.now() + pause,
            unknown_since=None,
            search_after=None,
            absence_count=0,
            reason="",
            errors={},
            **changes,
        )


def confirm_call(call: VendorCall, answer: Answer | None) -> bool:
    """The vendor did it. The device or record is stored in the same transaction. `answer` None: the device is gone."""
    with transaction.atomic():
        record = newest_only.lock_subject_of(call)
        if not call.release(state=CallState.CONFIRMED, resolved_at=timezone.now(), reason="", search_after=None):
            logger.warning("the answer to call %s came after its lease: the search will find it", call.pk)
            return False
        if record is not None and isinstance(answer, tenovi.PatientDetails):
            records.store_answer(record, answer, confirmed=call.payload)
            return True
        if call.kind in CallKind.of_replacement():
            replacement_calls.store_answer(call, answer)
            return True
        if call.device is not None and isinstance(answer, tenovi.DeviceProperty):
            step_goals.store_step_goal(call.device, [answer])
            return True
        device = record_result(call, answer)
        VendorCall.objects.filter(pk=call.pk).update(device=device)
        call.device = device
    return True


def handle_rejection(call: VendorCall, error: tenovi.Rejected) -> None:
    missing = error.status == HTTPStatus.NOT_FOUND
    if missing and call.kind in (*CallKind.ending(), CallKind.DETACH, CallKind.CANCEL_REPLACEMENT):
        confirm_call(call, None)
    elif missing and call.kind == CallKind.UPDATE_PATIENT:  # there is no record yet
        requeue_call(call, after=0, kind=CallKind.CREATE_PATIENT)
    elif call.kind == CallKind.CREATE_PATIENT and "external_id" in error.fields:  # there may be one: looked up at once
        found_out = unknown_state_fields(error.reason) | {"errors": error.fields, "search_after": timezone.now()}
        call.release(**found_out)
    else:
        call.release(state=CallState.REJECTED, reason=error.reason, errors=error.fields, resolved_at=timezone.now())
        if call.kind in CallKind.ending() and call.device_id:  # it may have shipped: the record says how it ends now
            Device.objects.filter(pk=call.device_id).update(refresh_due_at=timezone.now())


def handle_unclear_answer(call: VendorCall, *, reason: str = ANSWER_LOST_REASON) -> None:
    """It may have taken effect, or still take effect: an idempotent call is sent again, another one is unknown."""
    if call.kind in CallKind.idempotent():
        settles = call.kind == CallKind.SET_STEP_GOAL
        requeue_call(call, after=settle_time().total_seconds() if settles else None)
    else:
        call.release(**unknown_state_fields(reason))
    if call.kind in (*CallKind.creating(), *CallKind.of_record()):
        records.schedule_reread(call.patient)


def unknown_state_fields(reason: str) -> dict[str, Any]:
    now = timezone.now()
    return {
        "state": CallState.UNKNOWN,
        "reason": reason,
        "unknown_since": now,
        "search_after": now + settle_time(),
        "absence_count": 0,
    }


def record_result(call: VendorCall, answer: Answer | None) -> Device | None:
    if not isinstance(answer, tenovi.HwiDevice):
        return unlinking.mark_device_deleted(call.device) if call.device else None
    device = upsert.upsert_device(answer)
    if call.kind == CallKind.UNLINK:
        unlinking.handle_unlinked_device(device, call)
    return device


# --- each kind's one request -----------------------------------------------------------------------------------------


def send_order(client: tenovi.TenoviClient, call: VendorCall) -> tenovi.HwiDevice:
    said = call.payload
    return client.order_device(
        name=said["name"],
        gateway=said["gateway"],
        patient=requests.current_recipient(call),
        ship_to=msgspec.convert(said["ship_to"], tenovi.ShipTo),
    )


def send_activation(client: tenovi.TenoviClient, call: VendorCall) -> tenovi.HwiDevice:
    said = call.payload
    return client.activate_device(
        name=said["name"],
        hardware_uuid=said["gateway"],
        patient=requests.current_recipient(call),
        sensor_id=said["sensor_id"],
    )


SENDER_BY_KIND: dict[str, Callable[[tenovi.TenoviClient, VendorCall], Answer | None]] = {
    CallKind.ORDER: send_order,
    CallKind.ACTIVATE: send_activation,
    CallKind.UNLINK: lambda client, call: client.unlink_device(call.payload["hwi_id"]),
    CallKind.DELETE: lambda client, call: client.delete_device(call.payload["hwi_id"]),
    CallKind.DETACH: record_calls.send_detach,
    CallKind.CREATE_PATIENT: record_calls.send_record,
    CallKind.UPDATE_PATIENT: record_calls.send_record,
    CallKind.REPLACE: replacement_calls.send_replacement,
    CallKind.SET_STEP_GOAL: step_goal_calls.send_step_goal,
    CallKind.CANCEL_REPLACEMENT: lambda client, call: client.delete_replacement(call.payload["replacement_id"]),
}
