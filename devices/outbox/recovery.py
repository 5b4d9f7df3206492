"""The way out of `unknown`: look at the vendor for what a call may have done, and send again only when it did nothing.

Not before the settle time after the attempt. One match: confirmed. None, twice, a settle time apart: intent again.
Several, or no answer for four settle times: a person decides.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence

from django.db.models import QuerySet
from django.utils import timezone

from devices import tenovi
from devices.hardware_ids import fold_name, normalise_hardware_uuid
from devices.models import VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.outbox import sending
from devices.statuses import DeviceState

logger = logging.getLogger(__name__)

CLOCKS_DIFFER = dt.timedelta(seconds=60)
ABSENT_TIMES_ENOUGH = 2
SETTLE_TIMES_WITHOUT_ANSWER = 4
TRIES_PER_SETTLE_TIME = 8
SEVERAL = "Several devices at the vendor fit this call, so it can't be told which of them is its result."
NO_ANSWER = "The vendor has given no readable answer for so long that a person must look."

Matches = Sequence[tenovi.HwiDevice | None]  # None: the device is gone, which is what a delete asked for


def search_unknown(client: tenovi.TenoviClient) -> int:
    """Look once for every call whose time has come. Returns how many were looked for."""
    looked = 0
    for call in VendorCall.objects.to_search().select_related("patient", "device").order_by("search_after"):
        if not _claim(call):
            continue
        looked += 1
        try:
            _search(call, client)
        except tenovi.Misconfigured as error:
            _our_fault(call)
            logger.error("The search for unclear calls has stopped, an operator must look: %s", error)
            break
        sending.tell_open_pages(call)
    return looked


def _claim(call: VendorCall) -> bool:
    """Two searches at once would count one absence twice, so the next look is booked before this one."""
    return sending.move(call, search_after=timezone.now() + sending.settle_time())


def _search(call: VendorCall, client: tenovi.TenoviClient) -> None:
    try:
        matches = FIND[call.kind](call, client)
    except (tenovi.NotSent, tenovi.Unclear, tenovi.Rejected):
        _no_answer(call)
    else:
        _judge(call, matches)


def _judge(call: VendorCall, matches: Matches) -> None:
    if len(matches) == 1:
        sending.confirm(call, matches[0])
    elif matches:
        sending.move(call, state=CallState.NEEDS_HUMAN, reason=SEVERAL, search_after=None)
    elif call.times_absent + 1 >= ABSENT_TIMES_ENOUGH:
        sending.back_to_intent(call, after=0)
    else:
        absent = call.times_absent + 1
        sending.move(call, times_absent=absent, search_after=timezone.now() + sending.settle_time())


def _our_fault(call: VendorCall) -> None:
    """A wrong key or address is no silence of the vendor's: the four settle times begin anew."""
    now = timezone.now()
    sending.move(call, unknown_since=now, search_after=now + sending.settle_time() / TRIES_PER_SETTLE_TIME)


def _no_answer(call: VendorCall) -> None:
    """Proves nothing absent. Asked again soon, and after four settle times shown to a person."""
    now = timezone.now()
    if call.unknown_since and now >= call.unknown_since + SETTLE_TIMES_WITHOUT_ANSWER * sending.settle_time():
        sending.move(call, state=CallState.NEEDS_HUMAN, reason=NO_ANSWER, search_after=None)
    else:
        sending.move(call, search_after=now + sending.settle_time() / TRIES_PER_SETTLE_TIME)


# --- what each kind would have left at the vendor ---------------------------------------------------------------------


def _new_device(call: VendorCall, client: tenovi.TenoviClient) -> Matches:
    return made_by(call, patients_devices(call, client))


def patients_devices(call: VendorCall, client: tenovi.TenoviClient) -> tenovi.Listing[tenovi.HwiDevice]:
    return client.list_devices(patient_external_id=call.payload["patient"]["external_id"])


def made_by(call: VendorCall, listing: tenovi.Listing[tenovi.HwiDevice]) -> Matches:
    """By our short reference; else by patient, name and time, if no other call of ours made it.

    Raises Unclear when nothing is found and a row can't be read.
    """
    if by_reference := [row for row in listing.rows if call.reference in row.client_notes.split()]:
        return by_reference
    if listing.unreadable:
        raise tenovi.Unclear("the vendor's list has rows that can't be read: it proves nothing absent")
    return _not_owned(call, [row for row in listing.rows if _fits(call, row)])


def _fits(call: VendorCall, row: tenovi.HwiDevice) -> bool:
    said, created = call.payload, row.device.created
    since = (call.sent_at or call.created_at) - CLOCKS_DIFFER
    same_name = fold_name(row.name) == fold_name(said["name"])
    recent = created is not None and created >= since
    asked_for = normalise_hardware_uuid(said["gateway"])
    same_gateway = call.kind != CallKind.ACTIVATE or row.hardware_uuid == asked_for
    return same_name and recent and same_gateway


def _not_owned(call: VendorCall, rows: Matches) -> Matches:
    """Neither the result of another call, nor marked with another call's reference, nor on the gateway of another."""
    others = VendorCall.objects.exclude(pk=call.pk)
    owned = set(
        others.filter(device__hwi_id__in=[row.id for row in rows if row]).values_list("device__hwi_id", flat=True)
    )
    words = {word for row in rows if row for word in row.client_notes.split()}
    taken = set(others.filter(reference__in=words).values_list("reference", flat=True))
    expected = _activated_by(others.filter(patient=call.patient_id))
    return [
        row
        for row in rows
        if row
        and row.id not in owned
        and not taken.intersection(row.client_notes.split())
        and (row.hardware_uuid, fold_name(row.name)) not in expected
    ]


def _activated_by(calls_of_ours: QuerySet[VendorCall]) -> set[tuple[str, str]]:
    """Gateway and name of what they have handed over. Such a device carries no reference of ours, and its own call may
    not have been looked for yet: an order of the same name must not take it for what it has ordered."""
    over = (CallState.REJECTED, CallState.CANCELLED, CallState.GIVEN_UP)
    said = calls_of_ours.filter(kind=CallKind.ACTIVATE).exclude(state__in=over).values_list("payload", flat=True)
    return {(normalise_hardware_uuid(payload["gateway"]), fold_name(payload["name"])) for payload in said}


def _unlinked(call: VendorCall, client: tenovi.TenoviClient) -> Matches:
    try:
        device = client.get_device(call.payload["hwi_id"])
    except tenovi.Rejected as error:
        return _gone(error)
    return [device] if device.unlinked_on or device.state == DeviceState.UNLINKED else []


def _deleted(call: VendorCall, client: tenovi.TenoviClient) -> Matches:
    try:
        client.get_device(call.payload["hwi_id"])
    except tenovi.Rejected as error:
        return _gone(error)
    return []


def _gone(error: tenovi.Rejected) -> Matches:
    if error.status != 404:
        raise error
    return [None]


FIND: dict[str, Callable[[VendorCall, tenovi.TenoviClient], Matches]] = {
    CallKind.ORDER: _new_device,
    CallKind.ACTIVATE: _new_device,
    CallKind.UNLINK: _unlinked,
    CallKind.DELETE: _deleted,
}
