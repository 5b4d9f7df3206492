"""A look at the vendor that a person asks for: at a device, or because nobody could tell what became of a call.

A worker looks; for a call by the same rules as the search. What the vendor's record settles by itself is settled; else
the page shows what is listed, and the person decides.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from typing import Any

from django.db.models.functions import Coalesce, Least
from django.utils import timezone

from devices import tenovi
from devices.models import Device, VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.outbox import recovery, sending
from devices.sync import gateway_status, hardware_history, upsert
from patients.queueing.wakeup import wake_worker

logger = logging.getLogger(__name__)

LOOKUP_VALIDITY = dt.timedelta(minutes=2)  # what a look has shown counts as "right now" for so long
UNREADABLE_ANSWER = "The vendor gave no answer that can be read. Please look again in a few minutes."
UNREADABLE_ROWS = "The vendor's list has rows that can't be read, so it proves nothing absent."
VENDOR_ACCESS_PROBLEM = (
    "Our access to the vendor doesn't work at the moment. The operators have been told; this order isn't at fault."
)

LookupResult = tuple[
    recovery.Matches, Sequence[tenovi.HwiDevice], str
]  # what fits, all that is listed, what is wrong with it


def request_call_lookup(call: VendorCall) -> None:
    VendorCall.objects.filter(pk=call.pk, state=CallState.NEEDS_REVIEW).update(lookup_requested_at=timezone.now())
    wake_worker("vendor_calls")


def request_device_refresh(device: Device) -> None:
    """The device is read again, its gateway asked about, the log of its hardware read: each by who does it anyway."""
    now = timezone.now()
    Device.objects.filter(pk=device.pk).update(refresh_due_at=Least(Coalesce("refresh_due_at", now), now))
    hardware_history.request_hardware_log(device)
    if device.gateway and not device.gateway.is_modem:
        gateway_status.request_gateway_refresh(device.gateway)
    wake_worker("device_refresh")


def run_due_lookups(client: tenovi.TenoviClient) -> int:
    """Look for every call that a person has asked about. Returns how many were looked for."""
    looked = 0
    for call in (
        VendorCall.objects.lookup_requested().select_related("patient", "device").order_by("lookup_requested_at")
    ):
        try:
            look_up_call(call, client)
        except tenovi.Misconfigured as error:
            record_lookup(call, lookup_problem=VENDOR_ACCESS_PROBLEM)
            logger.error("Looking for unclear calls has stopped, an operator must look: %s", error)
            break
        except (tenovi.NotSent, tenovi.Unclear, tenovi.Rejected):
            record_lookup(call, lookup_problem=UNREADABLE_ANSWER)
        sending.notify_live_pages(call)
        looked += 1
    return looked


def look_up_call(call: VendorCall, client: tenovi.TenoviClient) -> None:
    """What is absent is absent as of when we began to ask."""
    began = timezone.now()
    matches, rows, problem = (
        find_ended_device(call, client) if call.kind in CallKind.ending() else find_listed_devices(call, client)
    )
    if len(matches) == 1 and sending.confirm_call(call, matches[0]):
        return
    for row in rows:
        upsert.upsert_device(row)  # as the nightly comparison does: what the vendor bills must be known here
    fits = {row.id for row in matches if row}
    listed = [{"hwi_id": str(row.id), "fits": row.id in fits} for row in rows]
    record_lookup(call, lookup_at=began, lookup_results=listed, lookup_problem=problem)


def find_ended_device(call: VendorCall, client: tenovi.TenoviClient) -> LookupResult:
    return recovery.FINDER_BY_KIND[call.kind](call, client), (), ""


def find_listed_devices(call: VendorCall, client: tenovi.TenoviClient) -> LookupResult:
    listing = recovery.fetch_patient_devices(call, client)
    try:
        return recovery.match_created_devices(call, listing), listing.rows, ""
    except tenovi.Unclear:
        return (), listing.rows, UNREADABLE_ROWS


def record_lookup(call: VendorCall, **found: Any) -> None:
    held = VendorCall.objects.filter(pk=call.pk, state=CallState.NEEDS_REVIEW)
    held.update(lookup_requested_at=None, **found)
