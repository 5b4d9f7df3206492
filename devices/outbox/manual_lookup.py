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
from devices.models.vendor_call import CallState
from devices.outbox import recovery, sending
from devices.sync import gateway_status, hardware_history, upsert
from patients.queueing.wakeup import nudge

logger = logging.getLogger(__name__)

FRESH_FOR = dt.timedelta(minutes=2)  # what a look has shown counts as "right now" for so long
NO_ANSWER = "The vendor gave no answer that can be read. Please look again in a few minutes."
UNREADABLE = "The vendor's list has rows that can't be read, so it proves nothing absent."
OUR_ACCESS = (
    "Our access to the vendor doesn't work at the moment. The operators have been told; this order isn't at fault."
)

Seen = tuple[recovery.Matches, Sequence[tenovi.HwiDevice], str]  # what fits, all that is listed, what is wrong with it


def ask(call: VendorCall) -> None:
    VendorCall.objects.filter(pk=call.pk, state=CallState.NEEDS_HUMAN).update(look_asked_at=timezone.now())
    nudge("fulfillment.tasks.send_calls")


def ask_about(device: Device) -> None:
    """The device is read again, its gateway asked about, the log of its hardware read: each by who does it anyway."""
    now = timezone.now()
    Device.objects.filter(pk=device.pk).update(reread_at=Least(Coalesce("reread_at", now), now))
    hardware_history.ask(device)
    if device.gateway and not device.gateway.is_modem:
        gateway_status.ask(device.gateway)
    nudge("fulfillment.tasks.reread_devices")


def carry_out(client: tenovi.TenoviClient) -> int:
    """Look for every call that a person has asked about. Returns how many were looked for."""
    looked = 0
    for call in VendorCall.objects.to_look_at().select_related("patient", "device").order_by("look_asked_at"):
        try:
            _look(call, client)
        except tenovi.Misconfigured as error:
            _note(call, look_problem=OUR_ACCESS)
            logger.error("Looking for unclear calls has stopped, an operator must look: %s", error)
            break
        except (tenovi.NotSent, tenovi.Unclear, tenovi.Rejected):
            _note(call, look_problem=NO_ANSWER)
        sending.tell_open_pages(call)
        looked += 1
    return looked


def _look(call: VendorCall, client: tenovi.TenoviClient) -> None:
    """What is absent is absent as of when we began to ask."""
    began = timezone.now()
    matches, rows, problem = _done(call, client) if call.kind in sending.ENDING else _listed(call, client)
    if len(matches) == 1 and sending.confirm(call, matches[0]):
        return
    for row in rows:
        upsert.record(row)  # as the nightly comparison does: what the vendor bills must be known here
    fits = {row.id for row in matches if row}
    listed = [{"hwi_id": str(row.id), "fits": row.id in fits} for row in rows]
    _note(call, looked_at=began, listed=listed, look_problem=problem)


def _done(call: VendorCall, client: tenovi.TenoviClient) -> Seen:
    return recovery.FIND[call.kind](call, client), (), ""


def _listed(call: VendorCall, client: tenovi.TenoviClient) -> Seen:
    listing = recovery.patients_devices(call, client)
    try:
        return recovery.made_by(call, listing), listing.rows, ""
    except tenovi.Unclear:
        return (), listing.rows, UNREADABLE


def _note(call: VendorCall, **found: Any) -> None:
    held = VendorCall.objects.filter(pk=call.pk, state=CallState.NEEDS_HUMAN)
    held.update(look_asked_at=None, **found)
