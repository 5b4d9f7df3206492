"""Look-ups at the vendor that a person requests: of a device, or of a call whose result is unknown.

A worker reads; for a call by the rules of the automatic search. What the vendor's record proves is confirmed; else the
page shows what is listed, and the person decides.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models.functions import Coalesce, Least
from django.utils import timezone

from devices import tenovi
from devices.models import Device, VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.outbox import recovery, sending
from devices.sync import gateway_status, hardware_history, upsert
from devices.vendor_reads import VENDOR_ACCESS_PROBLEM, drain_vendor_reads
from patients.queueing.wakeup import wake_worker

LOOKUP_VALIDITY = dt.timedelta(minutes=2)  # so long a look-up proves what is at the vendor now
UNREADABLE_ANSWER = "The vendor gave no answer that can be read. Please ask again in a few minutes."
UNREADABLE_ROWS = "The vendor's list has rows that can't be read, so it proves nothing absent."

LookupResult = tuple[
    recovery.Matches, Sequence[tenovi.HwiDevice], str
]  # what fits, all that is listed, what is wrong with it


def request_call_lookup(call: VendorCall) -> None:
    VendorCall.objects.filter(pk=call.pk, state=CallState.NEEDS_REVIEW).update(lookup_requested_at=timezone.now())
    wake_worker("call_searches")


def request_device_refresh(device: Device) -> None:
    """The device is read again, its gateway asked about, the log of its hardware read: each by who does it anyway."""
    now = timezone.now()
    Device.objects.filter(pk=device.pk).update(refresh_due_at=Least(Coalesce("refresh_due_at", now), now))
    hardware_history.request_hardware_log(device)
    if device.gateway and not device.gateway.is_modem:
        gateway_status.request_gateway_refresh(device.gateway)
    wake_worker("device_refresh")


def run_due_lookups(client: tenovi.TenoviClient) -> int:
    """Look up every call that a person has asked about. Returns how many were looked up."""

    def claim() -> VendorCall | None:
        return VendorCall.objects.lookup_requested().select_related("patient", "device").first()

    def look_up(call: VendorCall) -> None:
        look_up_call(call, client)
        sending.notify_live_pages(call)

    def record_failure(call: VendorCall, failure: tenovi.VendorFailure) -> None:
        stopped = isinstance(failure, tenovi.Stop)
        record_lookup(call, lookup_problem=VENDOR_ACCESS_PROBLEM if stopped else UNREADABLE_ANSWER)
        if not stopped:
            sending.notify_live_pages(call)

    purpose = "The look-up of unclear calls"
    return drain_vendor_reads(claim, look_up, record_failure, purpose=purpose, stop_unreachable=False).count


def look_up_call(call: VendorCall, client: tenovi.TenoviClient) -> None:
    """Confirm the call if the vendor's record proves it, else store what is listed. What is absent is absent as of
    when the look-up began."""
    began = timezone.now()
    matches, rows, problem = find_candidates(call, client)
    if len(matches) == 1 and sending.confirm_call(call, matches[0]):
        return
    for row in rows:
        upsert.upsert_device(row)  # as the nightly comparison does: what the vendor bills must be known here
    fits = {row.id for row in matches if row}
    listed = [{"hwi_id": str(row.id), "fits": row.id in fits} for row in rows]
    record_lookup(call, lookup_at=began, lookup_results=listed, lookup_problem=problem)


def find_candidates(call: VendorCall, client: tenovi.TenoviClient) -> LookupResult:
    if call.kind not in CallKind.creating():
        matches = recovery.FINDER_BY_KIND[call.kind](call, client)
        return matches, (), recovery.SEVERAL_MATCHES if len(matches) > 1 else ""
    listing = recovery.fetch_patient_devices(call, client)
    try:
        return recovery.match_created_devices(call, listing), listing.rows, ""
    except tenovi.Unclear:
        return (), listing.rows, UNREADABLE_ROWS


def record_lookup(call: VendorCall, **found: Any) -> None:
    held = VendorCall.objects.filter(pk=call.pk, state=CallState.NEEDS_REVIEW)
    held.update(lookup_requested_at=None, **found)
