"""Recovery of calls whose answer was unclear: the vendor is searched for their result, and they are sent again only
when it proves that they did nothing.

Not before the settle time after the attempt. One match: confirmed. None, twice, a settle time apart: queued again.
Several, or no answer for four settle times: a person decides.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from django.db.models import QuerySet
from django.utils import timezone

from devices import tenovi
from devices.hardware_ids import fold_device_name, normalise_hardware_uuid
from devices.models import VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.outbox import record_calls, replacement_calls, sending
from devices.patient_records import records
from devices.statuses import DeviceState
from devices.vendor_reads import drain_vendor_reads

CLOCK_TOLERANCE = dt.timedelta(seconds=60)
REQUIRED_ABSENCES = 2
MAX_UNANSWERED_SETTLE_TIMES = 4
SEARCHES_PER_SETTLE_TIME = 8
SEVERAL_MATCHES = "Several records at the vendor fit this call, so which of them is its result is unknown."
NO_ANSWER = "The vendor has given no readable answer for so long that a person must decide."

Matches = Sequence[
    tenovi.HwiDevice | tenovi.HwiReplacement | None
]  # None: the device is gone, which is what a delete asked for


def search_unknown_calls(client: tenovi.TenoviClient) -> int:
    """Search once for every call whose time has come. Returns how many were searched for."""

    def search(call: VendorCall) -> None:
        if call.kind == CallKind.CREATE_PATIENT:
            resolve_unknown_create(call, client)
        else:
            apply_matches(call, FINDER_BY_KIND[call.kind](call, client))
        sending.notify_live_pages(call)

    return drain_vendor_reads(
        claim_search, search, handle_failed_search, purpose="The search for unclear calls", stop_unreachable=False
    ).count


def claim_search() -> VendorCall | None:
    """Two searches at once would count one absence twice, so the next search is booked before this one."""
    while call := VendorCall.objects.due_for_search().select_related("patient", "device").first():
        if call.release(search_after=timezone.now() + sending.settle_time()):
            return call
    return None


def apply_matches(call: VendorCall, matches: Matches) -> None:
    if len(matches) == 1:
        sending.confirm_call(call, matches[0])
    elif matches:
        call.release(state=CallState.NEEDS_REVIEW, reason=SEVERAL_MATCHES, search_after=None)
    elif call.absence_count + 1 >= REQUIRED_ABSENCES:
        sending.requeue_call(call, after=0)
    else:
        call.release(absence_count=call.absence_count + 1, search_after=timezone.now() + sending.settle_time())


def resolve_unknown_create(call: VendorCall, client: tenovi.TenoviClient) -> None:
    """By the patient's external id. A record that says something else is updated: that may be done twice."""
    found = record_calls.read_created_record(call, client)
    if found is None and call.errors:  # the refusal was not about a record that is there
        call.release(state=CallState.REJECTED, resolved_at=timezone.now(), search_after=None)
    elif found is None:
        apply_matches(call, ())
    elif records.holds_payload(found, call.payload):
        sending.confirm_call(call, found)
    else:
        sending.requeue_call(call, after=0, kind=CallKind.UPDATE_PATIENT)


def handle_failed_search(call: VendorCall, failure: tenovi.VendorFailure) -> None:
    """It proves nothing absent: searched again soon, and after four settle times without an answer shown to a person.

    A wrong key or address is no silence of the vendor's: the four settle times begin anew.
    """
    now, settle_time = timezone.now(), sending.settle_time()
    soon = now + settle_time / SEARCHES_PER_SETTLE_TIME
    if isinstance(failure, tenovi.Stop):
        call.release(unknown_since=now, search_after=soon)
        return
    asked_long_enough = call.kind not in CallKind.of_record()  # of a record there is nothing for a person to decide
    if (
        asked_long_enough
        and call.unknown_since
        and now >= call.unknown_since + MAX_UNANSWERED_SETTLE_TIMES * settle_time
    ):
        call.release(state=CallState.NEEDS_REVIEW, reason=NO_ANSWER, search_after=None)
    else:
        call.release(search_after=soon)
    sending.notify_live_pages(call)


# --- what each kind would have left at the vendor ---------------------------------------------------------------------


def find_created_device(call: VendorCall, client: tenovi.TenoviClient) -> Matches:
    return match_created_devices(call, fetch_patient_devices(call, client))


def fetch_patient_devices(call: VendorCall, client: tenovi.TenoviClient) -> tenovi.ListResult[tenovi.HwiDevice]:
    return client.list_devices(patient_external_id=call.payload["patient"]["external_id"])


def match_created_devices(call: VendorCall, listing: tenovi.ListResult[tenovi.HwiDevice]) -> Sequence[tenovi.HwiDevice]:
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


def exclude_owned_devices(call: VendorCall, rows: Sequence[tenovi.HwiDevice]) -> Sequence[tenovi.HwiDevice]:
    """Neither the result of another call, nor marked with another call's reference, nor on the gateway of another."""
    others = VendorCall.objects.exclude(pk=call.pk)
    owned = set(others.filter(device__hwi_id__in=[row.id for row in rows]).values_list("device__hwi_id", flat=True))
    words = {word for row in rows for word in row.client_notes.split()}
    taken = set(others.filter(reference__in=words).values_list("reference", flat=True))
    expected = activated_gateways_and_names(others.filter(patient=call.patient_id))
    return [
        row
        for row in rows
        if row.id not in owned
        and not taken.intersection(row.client_notes.split())
        and (row.hardware_uuid, fold_device_name(row.name)) not in expected
    ]


def activated_gateways_and_names(calls_of_ours: QuerySet[VendorCall]) -> set[tuple[str, str]]:
    """Gateway and name of the devices that they activated. Such a device carries no reference of ours, and its own call
    may not have been searched for yet: an order of the same name must not take it for its own result."""
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


def find_created_replacement(call: VendorCall, client: tenovi.TenoviClient) -> Matches:
    """By HWI device, what is replaced, and time of creation, if no other call of ours made it."""
    listing = client.list_replacements()
    since = (call.sent_at or call.created_at) - CLOCK_TOLERANCE
    found = replacement_calls.match_replacements(call, listing.rows, created_since=since)
    if not found and listing.unreadable_rows:
        raise tenovi.Unclear("the vendor's list has rows that can't be read: it proves nothing absent")
    return found


def match_if_not_found(error: tenovi.Rejected) -> Matches:
    if error.status != 404:
        raise error
    return [None]


FINDER_BY_KIND: dict[str, Callable[[VendorCall, tenovi.TenoviClient], Matches]] = {
    CallKind.ORDER: find_created_device,
    CallKind.ACTIVATE: find_created_device,
    CallKind.UNLINK: find_unlinked_device,
    CallKind.DELETE: find_deleted_device,
    CallKind.REPLACE: find_created_replacement,
}
