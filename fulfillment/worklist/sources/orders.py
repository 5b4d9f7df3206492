"""Worklist kinds of orders: stuck order lines, devices without an order and ends of monitoring, by their state."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from devices.models import Device
from devices.statuses import DeviceState, StatusText
from fulfillment.display.status_texts import stuck_label, stuck_text
from fulfillment.models import OrderLine
from fulfillment.models.status import LineStatus, status_label
from fulfillment.worklist import queries
from fulfillment.worklist.kinds import (
    Facts,
    Finding,
    NextAction,
    WorklistKind,
    constant_text,
    end_monitoring,
    explain_end_of_device,
    open_device_page,
    register_worklist_source,
)
from fulfillment.worklist.sources.records import open_address
from patients.permissions import Permission

if TYPE_CHECKING:
    from fulfillment.worklist.models import WorklistItem

COLUMNS = ("pk", "stuck_kind", "stuck_since", "patient_id", "patient__clinic_id")
# A LineStatus has a kind of its own name, if a person must act at once; the others are late.
KIND_OF_LATE_STATUS = {LineStatus.UNKNOWN: "unknown", LineStatus.DELIVERED: "delivered_unused"}
LABELS = {
    LineStatus.NEEDS_REVIEW: "Vendor's answer lost",
    LineStatus.REJECTED: "Refused by the vendor",
    LineStatus.ACTION_REQUIRED: "Client action required",
    LineStatus.OTHER: "Status not known here",
}
DUPLICATE_MEANING = "The vendor sees a possible duplicate: a device of this type goes to this address already."
ADDRESS_MEANING = "The vendor could not confirm the address."
ADDRESS_ADVICE = "Compare the address with the patient, and correct it before it ships."
DUPLICATE_ADVICE = "Compare both devices: keep this one on purpose, or cancel it."


def kind_of_status(status: str) -> str:
    late = status not in LineStatus.stuck()
    return KIND_OF_LATE_STATUS.get(LineStatus(status), "overdue") if late else str(status)


# --- queries ----------------------------------------------------------------------------------------------------------


def find_stuck_rows(_now: dt.datetime) -> Iterator[Finding]:
    """What `worklist.queries` calls stuck, of all clinics, in three queries."""
    of_line = ("device__invalid_address", "device__duplicate_at_address", "device__vendor_status")
    lines = queries.stuck_lines().values_list(*COLUMNS, "device_type__name", "device_id", "call_id", *of_line)
    for *row, name, device, call, address, duplicate, words in lines.order_by():
        found = build_finding("line", row, name, address=address, duplicate=duplicate, evidence=words)
        yield replace(found, line_id=row[0], device_id=device, call_id=call)
    devices = queries.stuck_devices().values_list(
        *COLUMNS, "name", "invalid_address", "duplicate_at_address", "vendor_status"
    )
    for *row, name, address, duplicate, words in devices.order_by():
        found = build_finding("device", row, name, address=address, duplicate=duplicate, evidence=words)
        yield replace(found, device_id=row[0])
    calls = queries.stuck_calls().values_list(*COLUMNS, "device__name", "device_id", "reason")
    for *row, name, device, reason in calls.order_by():
        yield replace(build_finding("call", row, name, evidence=reason), device_id=device, call_id=row[0])


def build_finding(
    subject: str, row: list[Any], name: str, *, evidence: str | None, address: str | None = "", duplicate: Any = False
) -> Finding:
    """`row`: of COLUMNS. A line without a device has None where that has its address problem and its status."""
    pk, status, since, patient, clinic = row
    facts = {"status": status}
    if status == LineStatus.ACTION_REQUIRED:
        facts["cause"] = "duplicate" if duplicate else "address" if address else ""
    return Finding(
        kind_of_status(status), f"{subject}:{pk}", since, clinic, patient, name=name, facts=facts,
        evidence=(address, evidence),
    )  # fmt: skip


def find_shipping_questions(_now: dt.datetime) -> Iterator[Finding]:
    """What the vendor has marked before it ships. Once it waits for us, that is "Client action required"."""
    waiting = [state for state in DeviceState.before_shipping() if state != DeviceState.ACTION_REQUIRED]
    marked = Device.objects.filter(
        ~Q(invalid_address="") | Q(duplicate_at_address=True), state__in=waiting, patient__isnull=False
    )
    wanted = OrderLine.objects.filter(call__device=OuterRef("pk"), client_action__duplicate_wanted_at__isnull=False)
    noted = Q(Exists(wanted)) | Q(client_action__duplicate_wanted_at__isnull=False)
    rows = marked.annotate(wanted=noted).values_list(
        "pk", "state_since", "patient__clinic_id", "patient_id", "name", "invalid_address", "duplicate_at_address",
        "wanted",
    )  # fmt: skip
    for pk, since, clinic, patient, name, address, duplicate, both_wanted in rows.order_by():
        kinds = [("address_not_confirmed", bool(address)), ("possible_duplicate", duplicate and not both_wanted)]
        for kind in (kind for kind, applies in kinds if applies):
            yield Finding(
                kind, f"device:{pk}", since, clinic, patient, name=name, device_id=pk, evidence=(address, duplicate)
            )


# --- texts, next steps and ends ---------------------------------------------------------------------------------------


def describe_stuck_row(facts: Facts) -> StatusText:
    text = stuck_text(facts.get("status", LineStatus.OTHER))
    cause = {"duplicate": DUPLICATE_MEANING, "address": ADDRESS_MEANING}.get(facts.get("cause", ""))
    return StatusText(text.tone, cause, text.advice) if cause else text


def open_order(item: WorklistItem) -> NextAction | None:
    """The page of its order; of a device without one, the device's page."""
    if item.line is None:
        return open_device_page(item)
    return NextAction("Open the order", reverse("orders:page", args=[item.line.order_id]))


def correct_line(item: WorklistItem) -> NextAction | None:
    if item.line is None:
        return open_device_page(item)
    return NextAction("Correct it", reverse("orders:correct", args=[item.line.pk]), Permission.PLACE_ORDERS)


def solve_client_action(item: WorklistItem) -> NextAction | None:
    if item.line is not None:
        return NextAction("Solve it", reverse("orders:client_action", args=[item.line.pk]), Permission.PLACE_ORDERS)
    return link_to_client_action(item, "Solve it")


def compare_duplicates(item: WorklistItem) -> NextAction | None:
    return link_to_client_action(item, "Compare both devices")


def link_to_client_action(item: WorklistItem, label: str) -> NextAction | None:
    """By the device: the page of its order line is found from there."""
    if item.device is None or item.device.patient_id is None:
        return None
    url = reverse("orders:device_client_action", args=[item.device.hwi_id])
    return NextAction(label, url, Permission.PLACE_ORDERS)


def decide_call(item: WorklistItem) -> NextAction | None:
    if item.call_id is None:
        return open_order(item)
    return NextAction("Decide", reverse("orders:call", args=[item.call_id]), Permission.PLACE_ORDERS)


def end_returned_device(item: WorklistItem) -> NextAction | None:
    return end_monitoring(item) or open_order(item)


def explain_end_of_stuck_row(item: WorklistItem) -> str:
    """By whom, or by which status: the line, the call or the device as it is now."""
    line, call = item.line, item.call
    if line is not None:
        if hasattr(line, "corrected_by"):
            return "It was corrected and ordered again."
        if line.closed_by is not None and not line.is_closed_here_only:
            return f"{line.closed_by.name} closed its order."
        return f"Its status is now “{status_label(line.status)}”."
    if call is not None and item.subject.startswith("call:"):
        by = f", decided by {call.resolved_by.name}" if call.resolved_by else ""
        return explain_end_of_device(item) or f"The call to the vendor is now “{call.get_state_display()}”{by}."
    return f"Its status is now “{item.device.state_label}”." if item.device else ""


def explain_end_of_question(item: WorklistItem) -> str:
    """By the status that took it out of the vendor's hands; before it ships, the question itself is answered."""
    if item.device is not None and item.device.state in DeviceState.before_shipping():
        return ""
    return explain_end_of_stuck_row(item)


NEXT_ACTIONS = {
    LineStatus.NEEDS_REVIEW: decide_call,
    LineStatus.REJECTED: correct_line,
    LineStatus.UNKNOWN_GATEWAY: correct_line,
    LineStatus.RETURNED: end_returned_device,
    LineStatus.ACTION_REQUIRED: solve_client_action,
    LineStatus.NOT_ENDED: end_monitoring,
}
register_worklist_source(
    find_stuck_rows,
    [
        *(
            WorklistKind(
                str(status), LABELS.get(status, str(status.label)), describe_stuck_row,
                next_action=NEXT_ACTIONS.get(status, open_order), explain_end=explain_end_of_stuck_row,
            )
            for status in LineStatus.stuck()
        ),
        *(
            WorklistKind(name, label, describe_stuck_row, next_action=action, explain_end=explain_end_of_stuck_row)
            for name, label, action in (
                ("unknown", "Sent, answer unclear", open_order),
                ("overdue", "Longer than usual", open_order),
                ("delivered_unused", stuck_label(LineStatus.DELIVERED), open_device_page),
            )
        ),
    ],
)  # fmt: skip
register_worklist_source(
    find_shipping_questions,
    [
        WorklistKind(
            "address_not_confirmed", "Address not confirmed", constant_text("warn", ADDRESS_MEANING, ADDRESS_ADVICE),
            next_action=open_address, explain_end=explain_end_of_question, ended="The vendor has confirmed it.",
        ),
        WorklistKind(
            "possible_duplicate", "Possible duplicate", constant_text("warn", DUPLICATE_MEANING, DUPLICATE_ADVICE),
            next_action=compare_duplicates, explain_end=explain_end_of_question,
            ended="The vendor has cleared it, or both are wanted.",
        ),
    ],
)  # fmt: skip
