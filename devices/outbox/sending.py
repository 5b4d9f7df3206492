"""Send once. A call that changes something at the vendor is a row first, and one UPDATE decides who sends it.

intent -> sending (committed before the socket opens) -> confirmed | rejected | unknown. Nothing reached the vendor:
back to intent. Whatever can't be read afterwards is unknown, never failed;
only `devices.outbox.recovery` opens the door again.
"""

from __future__ import annotations

import datetime as dt
import logging
import random
import time
import uuid
from collections.abc import Callable, Collection
from typing import Any

import msgspec
from django.conf import settings
from django.db import transaction
from django.db.models import F, Subquery
from django.db.models.functions import Least
from django.utils import timezone

from devices import tenovi
from devices.models import Device, VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.outbox import unlinking
from devices.sync import upsert
from devices.tenovi.rate_limiter import NoSlotAvailable
from patients.models import Patient

logger = logging.getLogger(__name__)

SLICE_SECONDS = 20.0  # then others get the lane; what is left is nudged again
MAX_PAUSE_SECONDS = 60.0
NO_SLOT_PAUSE_SECONDS = 1.0
MAX_RETRY_AFTER_SECONDS = 3600.0
MAX_ATTEMPTS_COUNTED = 1000
WORKER_DIED_REASON = "The worker that sent this died before it could read the answer."
DATABASE_RESTORED_REASON = "The database was restored to an earlier time, and this may have been sent after it."
ANSWER_LOST_REASON = "It was sent, and no readable answer came back. It may have taken effect."


def send_due_calls(client: tenovi.TenoviClient, *, seconds: float = SLICE_SECONDS) -> bool:
    """Send what waits, one by one, for at most about `seconds`. True while more is left to send now."""
    expire_call_leases()
    deadline = time.monotonic() + seconds
    while (more := VendorCall.objects.waiting().exists()) and time.monotonic() < deadline:
        if not client.take_slot() or not (call := claim_next_call()):
            return False
        try:
            send_call(call, client)
        except tenovi.Misconfigured as error:
            logger.error("Calls to the vendor have stopped, an operator must look at key and address: %s", error)
            return False
    return more


def claim_next_call(*, kinds: Collection[str] = CallKind.values) -> VendorCall | None:
    """The one door to the network: the oldest waiting call is ours, and that is committed before anything is sent."""
    lease, now = uuid.uuid4(), timezone.now()
    waiting = VendorCall.objects.waiting().filter(kind__in=kinds).order_by("next_attempt_at", "created_at", "pk")
    with transaction.atomic(durable=True):
        oldest = waiting.select_for_update(skip_locked=True).values("pk")[:1]
        claimed = VendorCall.objects.filter(pk=Subquery(oldest), state=CallState.QUEUED).update(
            state=CallState.SENDING,
            lease=lease,
            leased_until=now + dt.timedelta(seconds=settings.LEASE_SECONDS),
            sent_at=now,
            attempts=Least(F("attempts") + 1, MAX_ATTEMPTS_COUNTED),
        )
    return VendorCall.objects.select_related("patient", "device").get(lease=lease) if claimed else None


def send_call(call: VendorCall, client: tenovi.TenoviClient) -> None:
    """Send a claimed call once. No transaction is open while we talk. Raises Misconfigured, which blames no call."""
    if call.leased_until is None or timezone.now() >= call.leased_until:
        return  # this process slept: the call is unknown by now, and the search says what becomes of it
    try:
        answer = SENDER_BY_KIND[call.kind](client, call)
    except NoSlotAvailable:
        requeue_call(call, after=NO_SLOT_PAUSE_SECONDS)  # the line is ours and moves on: no growing pause
    except tenovi.NotSent as error:
        requeue_call(call, after=error.retry_after)
    except tenovi.Misconfigured:
        requeue_call(call, after=MAX_PAUSE_SECONDS)
        raise
    except tenovi.Unclear:
        mark_unknown(call, reason=ANSWER_LOST_REASON)
    except tenovi.Rejected as error:
        handle_rejection(call, error)
    else:
        confirm_call(call, answer)
    finally:
        notify_live_pages(call)


def expire_call_leases() -> int:
    """A dead worker may have died after it wrote: its calls are unknown, never intent."""
    over = VendorCall.objects.filter(state=CallState.SENDING, leased_until__lt=timezone.now())
    return over.update(**unknown_state_fields(WORKER_DIED_REASON))


def mark_queued_calls_unknown() -> int:
    """The database is that of an earlier time: what waits to be sent in it may have been sent since.

    To be said before the worker of queue `people` starts. Returns how many calls are now unknown, so that the vendor's
    list is asked before any of them is sent.
    """
    return VendorCall.objects.filter(state__in=(CallState.QUEUED, CallState.SENDING)).update(
        **unknown_state_fields(DATABASE_RESTORED_REASON)
    )


def notify_live_pages(call: VendorCall) -> None:
    """Never inside the transaction that settles a call: the patient's row is locked after the device's, always."""
    if call.patient_id:
        Patient.objects.touch_live_version([call.patient_id])


def settle_time() -> dt.timedelta:
    """How long after an attempt the vendor's own list is believed to show what became of it."""
    return dt.timedelta(seconds=settings.ORDER_SETTLE_SECONDS)


# --- how a call ends. Each checks that the row is still as we saw it, its lease included. ---------------------------


def requeue_call(call: VendorCall, *, after: float | None = None) -> bool:
    """Nothing reached the vendor. `after`: seconds, if the vendor named them; else growing pauses with jitter."""
    pause = min(MAX_PAUSE_SECONDS, 2.0 ** min(call.attempts, 6)) * random.uniform(0.5, 1)  # noqa: S311  a pause, no secret
    seconds = pause if after is None else min(after, MAX_RETRY_AFTER_SECONDS)
    at = timezone.now() + dt.timedelta(seconds=seconds)
    fresh = {"unknown_since": None, "search_after": None, "absence_count": 0, "reason": ""}
    return update_if_unchanged(call, state=CallState.QUEUED, next_attempt_at=at, **fresh)


def mark_unknown(call: VendorCall, *, reason: str) -> bool:
    return update_if_unchanged(call, **unknown_state_fields(reason))


def mark_rejected(call: VendorCall, *, reason: str, errors: dict[str, list[str]]) -> bool:
    return update_if_unchanged(call, state=CallState.REJECTED, reason=reason, errors=errors, resolved_at=timezone.now())


def confirm_call(call: VendorCall, answer: tenovi.HwiDevice | None) -> bool:
    """The vendor did it. The device is recorded in the same transaction. `answer` None: the device is gone there."""
    with transaction.atomic():
        if not update_if_unchanged(
            call, state=CallState.CONFIRMED, resolved_at=timezone.now(), reason="", search_after=None
        ):
            logger.warning("the answer to call %s came after its lease: the search will find it", call.pk)
            return False
        device = record_result(call, answer)
        VendorCall.objects.filter(pk=call.pk).update(device=device)
        call.device = device
    return True


def update_if_unchanged(call: VendorCall, **changes: Any) -> bool:
    """Change the row only if nobody else has since it was read; then it is held by nobody."""
    as_seen = {name: getattr(call, name) for name in ("state", "lease", "search_after")}
    changes |= {"lease": None, "leased_until": None}
    if not VendorCall.objects.filter(pk=call.pk, **as_seen).update(**changes):
        return False
    for name, value in changes.items():
        setattr(call, name, value)
    return True


def unknown_state_fields(reason: str) -> dict[str, Any]:
    now = timezone.now()
    held = {"lease": None, "leased_until": None, "absence_count": 0}
    return {
        "state": CallState.UNKNOWN,
        "reason": reason,
        "unknown_since": now,
        "search_after": now + settle_time(),
    } | held


def handle_rejection(call: VendorCall, error: tenovi.Rejected) -> None:
    if error.status == 404 and call.kind in CallKind.ending():
        confirm_call(call, None)
    else:
        mark_rejected(call, reason=error.reason, errors=error.fields)


def record_result(call: VendorCall, answer: tenovi.HwiDevice | None) -> Device | None:
    if answer is None:
        return unlinking.mark_device_deleted(call.device) if call.device else None
    device = upsert.upsert_device(answer)
    if call.kind == CallKind.UNLINK:
        unlinking.handle_unlinked_device(device)
    return device


# --- each kind's one request -----------------------------------------------------------------------------------------


def send_order(client: tenovi.TenoviClient, call: VendorCall) -> tenovi.HwiDevice:
    said = call.payload
    return client.order_device(
        name=said["name"],
        gateway=said["gateway"],
        patient=msgspec.convert(said["patient"], tenovi.VendorPatient),
        ship_to=msgspec.convert(said["ship_to"], tenovi.ShipTo),
    )


def send_activation(client: tenovi.TenoviClient, call: VendorCall) -> tenovi.HwiDevice:
    said = call.payload
    return client.activate_device(
        name=said["name"],
        hardware_uuid=said["gateway"],
        patient=msgspec.convert(said["patient"], tenovi.VendorPatient),
        sensor_id=said["sensor_id"],
    )


def send_unlink(client: tenovi.TenoviClient, call: VendorCall) -> tenovi.HwiDevice:
    return client.unlink_device(call.payload["hwi_id"])


def send_delete(client: tenovi.TenoviClient, call: VendorCall) -> None:
    client.delete_device(call.payload["hwi_id"])


SENDER_BY_KIND: dict[str, Callable[[tenovi.TenoviClient, VendorCall], tenovi.HwiDevice | None]] = {
    CallKind.ORDER: send_order,
    CallKind.ACTIVATE: send_activation,
    CallKind.UNLINK: send_unlink,
    CallKind.DELETE: send_delete,
}
