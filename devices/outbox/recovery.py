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
from devices.hardware_ids import fold_device_name, normalise_hardware_uuid
from devices.models import VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.outbox import sending
from devices.statuses import DeviceState

logger = logging.getLogger(__name__)

CLOCK_TOLERANCE = dt.timedelta(seconds=60)
REQUIRED_ABSENCES = 2
MAX_UNANSWERED_SETTLE_TIMES = 4
SEARCHES_PER_SETTLE_TIME = 8
SEVERAL_MATCHES = "Several devices at the vendor fit this call, so it can't be told which of them is its result."
NO_ANSWER = "The vendor has given no readable answer for so long that a person must look."

Matches = Sequence[tenovi.HwiDevice | None]  # None: the device is gone, which is what a delete asked for


def search_unknown_calls(client: tenovi.TenoviClient) -> int:
    """Look once for every call whose time has come. Returns how many were looked for."""
    looked = 0
    for call in VendorCall.objects.due_for_search().select_related("patient", "device").order_by("search_after"):
        if not claim_search(call):
            continue
        looked += 1
        try:
            search_call(call, client)
        except tenovi.Misconfigured as error:
            postpone_misconfigured_search(call)
            logger.error("The search for unclear calls has stopped, an operator must look: %s", error)
            break
        sending.notify_live_pages(call)
    return looked


def claim_search(call: VendorCall) -> bool:
    """Two searches at once would count one absence twice, so the next look is booked before this one."""
    return sending.update_if_unchanged(call, search_after=timezone.now() + sending.settle_time())


def search_call(call: VendorCall, client: tenovi.TenoviClient) -> None:
    try:
        matches = FINDER_BY_KIND[call.kind](call, client)
    except (tenovi.NotSent, tenovi.Unclear, tenovi.Rejected):
        handle_unanswered_search(call)
    else:
        apply_matches(call, matches)


def apply_matches(call: VendorCall, matches: Matches) -> None:
    if len(matches) == 1:
        sending.confirm_call(call, matches[0])
    elif matches:
        sending.update_if_unchanged(call, state=CallState.NEEDS_REVIEW, reason=SEVERAL_MATCHES, search_after=None)
    elif call.absence_count + 1 >= REQUIRED_ABSENCES:
        sending.requeue_call(call, after=0)
    else:
        absent = call.absence_count + 1
        sending.update_if_unchanged(call, absence_count=absent, search_after=timezone.now() + sending.settle_time())


def postpone_misconfigured_search(call: VendorCall) -> None:
    """A wrong key or address is no silence of the vendor's: the four settle times begin anew."""
    now = timezone.now()
    sending.update_if_unchanged(
        call, unknown_since=now, search_after=now + sending.settle_time() / SEARCHES_PER_SETTLE_TIME
    )


def handle_unanswered_search(call: VendorCall) -> None:
    """Proves nothing absent. Asked again soon, and after four settle times shown to a person."""
    now = timezone.now()
    if call.unknown_since and now >= call.unknown_since + MAX_UNANSWERED_SETTLE_TIMES * sending.settle_time():
        sending.update_if_unchanged(call, state=CallState.NEEDS_REVIEW, reason=NO_ANSWER, search_after=None)
    else:
        sending.update_if_unchanged(call, search_after=now + sending.settle_time() / SEARCHES_PER_SETTLE_TIME)


# --- what each kind would have left at the vendor ---------------------------------------------------------------------


def find_created_device(call: VendorCall, client: tenovi.TenoviClient) -> Matches:
    return match_created_devices(call, fetch_patient_devices(call, client))


def fetch_patient_devices(call: VendorCall, client: tenovi.TenoviClient) -> tenovi.ListResult[tenovi.HwiDevice]:
    return client.list_devices(patient_external_id=call.payload["patient"]["external_id"])


def match_created_devices(call: VendorCall, listing: tenovi.ListResult[tenovi.HwiDevice]) -> Matches:
    """By our short reference; else by patient, name and time, if no other call of ours made it.

    Raises Unclear when nothing is found and a row can't be read.
    """
    if by_reference := [row for row in listing.rows if call.reference in row.client_notes.split()]:
        return by_reference
    if listing.unreadable_rows:
        raise tenovi.Unclear("the vendor's list has rows that can't be read: it proves nothing absent")
    return exclude_owned_devices(call, [row for row in listing.rows if is_possible_result(call, row)])


def is_possible_result(call: VendorCall, row: tenovi.HwiDevice) -> bool:
    said, created = call.payload, row.device.created
    since = (call.sent_at or call.created_at) - CLOCK_TOLERANCE
    same_name = fold_device_name(row.name) == fold_device_name(said["name"])
    recent = created is not None and created >= since
    asked_for = normalise_hardware_uuid(said["gateway"])
    same_gateway = call.kind != CallKind.ACTIVATE or row.hardware_uuid == asked_for
    return same_name and recent and same_gateway


def exclude_owned_devices(call: VendorCall, rows: Matches) -> Matches:
    """Neither the result of another call, nor marked with another call's reference, nor on the gateway of another."""
    others = VendorCall.objects.exclude(pk=call.pk)
    owned = set(
        others.filter(device__hwi_id__in=[row.id for row in rows if row]).values_list("device__hwi_id", flat=True)
    )
    words = {word for row in rows if row for word in row.client_notes.split()}
    taken = set(others.filter(reference__in=words).values_list("reference", flat=True))
    expected = activated_gateways_and_names(others.filter(patient=call.patient_id))
    return [
        row
        for row in rows
        if row
        and row.id not in owned
        and not taken.intersection(row.client_notes.split())
        and (row.hardware_uuid, fold_device_name(row.name)) not in expected
    ]


def activated_gateways_and_names(calls_of_ours: QuerySet[VendorCall]) -> set[tuple[str, str]]:
    """Gateway and name of what they have handed over. Such a device carries no reference of ours, and its own call may
    not have been looked for yet: an order of the same name must not take it for what it has ordered."""
    said = (
        calls_of_ours.filter(kind=CallKind.ACTIVATE)
        .exclude(state__in=CallState.without_effect())
        .values_list("payload", flat=True)
    )
    return {(normalise_hardware_uuid(payload["gateway"]), fold_device_name(payload["name"])) for payload in said}


def find_unlinked_device(call: VendorCall, client: tenovi.TenoviClient) -> Matches:
    try:
        device = client.get_device(call.payload["hwi_id"])
    except tenovi.Rejected as error:
        return match_if_not_found(error)
    return [device] if device.unlinked_on or device.state == DeviceState.UNLINKED else []


def find_deleted_device(call: VendorCall, client: tenovi.TenoviClient) -> Matches:
    try:
        client.get_device(call.payload["hwi_id"])
    except tenovi.Rejected as error:
        return match_if_not_found(error)
    return []


def match_if_not_found(error: tenovi.Rejected) -> Matches:
    if error.status != 404:
        raise error
    return [None]


FINDER_BY_KIND: dict[str, Callable[[VendorCall, tenovi.TenoviClient], Matches]] = {
    CallKind.ORDER: find_created_device,
    CallKind.ACTIVATE: find_created_device,
    CallKind.UNLINK: find_unlinked_device,
    CallKind.DELETE: find_deleted_device,
}
