"""Worklist kinds of the vendor's account: devices that one side knows, messages that can't be read, stopped lanes."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.db.models import Count, Max, Min, Q
from django.urls import reverse

from devices.models import Assignment, Delivery, Device, SyncRun, WebhookSelfTest
from devices.models.api_key_slot import StopCause
from devices.models.delivery import DeliveryState
from devices.models.sync import SyncKind
from devices.outbox import waiting_reasons
from devices.statuses import StatusText
from devices.sync import unknown_devices
from devices.sync.reconciliation import ABSENT_AT_VENDOR
from fulfillment.shipping_tests.models import ShippingTest
from fulfillment.worklist.kinds import (
    Facts,
    Finding,
    NextAction,
    WorklistKind,
    constant_text,
    explain_end_of_device,
    open_device_page,
    register_worklist_source,
)
from patients.permissions import Permission
from patients.wording import count_noun

if TYPE_CHECKING:
    from fulfillment.worklist.models import WorklistItem

LANES = {
    "people": ("orders, cancellations and look-ups", waiting_reasons.user_lane_stop),
    "background": ("comparisons and pulls of readings", waiting_reasons.background_lane_stop),
}


# --- queries ----------------------------------------------------------------------------------------------------------


def find_stopped_lanes(now: dt.datetime) -> Iterator[Finding]:
    for lane, (_, find_stop) in LANES.items():
        if stop := find_stop():
            facts = {"lane": lane, "cause": str(stop.cause)}
            yield Finding("lane_stopped", f"lane:{lane}", stop.since or now, None, facts=facts)


def find_absent_devices(_now: dt.datetime) -> Iterator[Finding]:
    """Those that the last complete comparison did not find, until they are read again or ended."""
    run = SyncRun.objects.filter(kind=SyncKind.DEVICES, finished_at__isnull=False).order_by("-started_at").first()
    named = [row["hwi_id"] for row in run.differences if row.get("kind") == ABSENT_AT_VENDOR] if run else []
    if run is None or not named:
        return
    unread = Q(fetched_at__isnull=True) | Q(fetched_at__lt=run.started_at)
    absent = Device.objects.linked().filter(unread, hwi_id__in=named, patient__isnull=False).order_by()
    for pk, clinic, patient, name, read_at in absent.values_list(
        "pk", "patient__clinic_id", "patient_id", "name", "fetched_at"
    ):
        since = read_at or run.started_at
        yield Finding("absent_at_vendor", f"device:{pk}", since, clinic, patient, name=name, device_id=pk)


def find_unknown_devices(_now: dt.datetime) -> Iterator[Finding]:
    """Linked at the vendor to no patient of ours, and so billed; and those that only messages name."""
    tests = ShippingTest.objects.all().devices()
    billed = Device.objects.linked().filter(patient__isnull=True).exclude(pk__in=tests.values("pk")).order_by()
    for pk, name, since in billed.values_list("pk", "name", "created_at"):
        yield Finding("unknown_device", f"device:{pk}", since, None, name=name, device_id=pk, facts={"billed": True})
    rows = unknown_devices.summarize_by_device(unknown_devices.open_deliveries()).order_by()
    unlisted = {row["hwi_id"]: row for row in rows}
    known = Device.objects.filter(hwi_id__in=unlisted).values_list("hwi_id", flat=True)
    tested = WebhookSelfTest.objects.filter(test_device_id__in=unlisted).values_list("test_device_id", flat=True)
    for hwi_id in unlisted.keys() - set(known.union(tested)):
        row = unlisted[hwi_id]
        yield Finding(
            "unknown_device", f"hwi:{hwi_id}", row["first_at"], None, name=f"Device {str(hwi_id)[:8]}",
            facts={"billed": False, "count": row["count"]},
        )  # fmt: skip


def find_unreadable_messages(_now: dt.datetime) -> Iterator[Finding]:
    """By the device that sent them, of its present holder; those that name no device by their reason."""
    failed = Delivery.objects.filter(state__in=DeliveryState.failed()).order_by()
    figures = {"n": Count("pk"), "first": Min("received_at"), "last": Max("pk")}
    by_device: dict[uuid.UUID, tuple[int, dt.datetime, int]] = {
        row[0]: row[1:] for row in failed.filter(hwi_id__isnull=False).values_list("hwi_id").annotate(**figures)
    }
    held = Assignment.objects.open().filter(device__hwi_id__in=by_device).order_by()
    for hwi_id, pk, clinic, patient, name in held.values_list(
        "device__hwi_id", "device_id", "patient__clinic_id", "patient_id", "device__name"
    ):
        count, first, last = by_device[hwi_id]
        yield Finding(
            "unreadable_messages", f"device:{pk}", first, clinic, patient, name=name, device_id=pk,
            facts={"count": count}, evidence=(last,),
        )  # fmt: skip
    for kind, reason, count, first, last in (
        failed.filter(hwi_id__isnull=True, parent__isnull=True).values_list("kind", "reason").annotate(**figures)
    ):
        key = uuid.uuid5(uuid.NAMESPACE_OID, f"{kind} {reason}")
        yield Finding("unreadable_messages", f"messages:{key}", first, None, facts={"count": count}, evidence=(last,))


# --- texts, next steps and ends ---------------------------------------------------------------------------------------


def describe_stopped_lane(facts: Facts) -> StatusText:
    what = LANES.get(facts.get("lane", ""), LANES["people"])[0]
    cause = facts.get("cause", "")
    why = str(StopCause(cause).label) if cause in StopCause.values else "it can't be reached"
    return StatusText("bad", f"No {what} reach the vendor: {why}.", waiting_reasons.ADVICE)


def describe_unknown_device(facts: Facts) -> StatusText:
    if facts.get("billed"):
        meaning = "The vendor lists and charges this device, and no patient here holds it."
        return StatusText("warn", meaning, "Have an administrator attach it to its patient, or the vendor unlink it.")
    meaning = f"{count_noun(facts.get('count', 1), 'message')} came from a device that no patient here holds."
    return StatusText("warn", meaning, "Have an administrator attach it to its patient, or dismiss what it sent.")


def describe_unreadable_messages(facts: Facts) -> StatusText:
    count = facts.get("count", 1)
    meaning = f"{count_noun(count, 'message')} could not be read; a reading may be missing."
    return StatusText("warn", meaning, "Look at the device's page, and have an administrator replay or dismiss them.")


def open_unknown_devices(_item: WorklistItem) -> NextAction | None:
    url = reverse("admin:devices_unknown_device_list")
    return NextAction("Attach it", url, Permission.ADMINISTER)


def look_at_keys(_item: WorklistItem) -> NextAction | None:
    """Where an administrator sees why, and resumes the calls of a key that is in order again."""
    return NextAction("Look at the keys", reverse("admin:devices_apikeyslot_changelist"), Permission.ADMINISTER)


def open_deliveries_or_device(item: WorklistItem) -> NextAction | None:
    quarantine = reverse("admin:devices_delivery_changelist")
    return open_device_page(item) or NextAction("Open the messages", quarantine, Permission.ADMINISTER)


ABSENT_TEXT = constant_text(
    "warn",
    "It is linked to a patient here, and the vendor's list no longer has it: its readings may not arrive.",
    "Open the device and ask the vendor about it; if the vendor has ended it, order another one.",
)
register_worklist_source(
    find_stopped_lanes,
    [
        WorklistKind(
            "lane_stopped", "Vendor not reached", describe_stopped_lane, next_action=look_at_keys,
            ended="Calls get through again.",
        )
    ],
)  # fmt: skip
register_worklist_source(
    find_absent_devices,
    [
        WorklistKind(
            "absent_at_vendor", "Here, but not at the vendor", ABSENT_TEXT, next_action=open_device_page,
            explain_end=explain_end_of_device, ended="The vendor lists it again.",
        )
    ],
)  # fmt: skip
register_worklist_source(
    find_unknown_devices,
    [
        WorklistKind(
            "unknown_device", "Device of no patient here", describe_unknown_device, next_action=open_unknown_devices,
            ended="It was attached to a patient, unlinked or dismissed.",
        )
    ],
)  # fmt: skip
register_worklist_source(
    find_unreadable_messages,
    [
        WorklistKind(
            "unreadable_messages", "Messages that can't be read", describe_unreadable_messages,
            next_action=open_deliveries_or_device, ended="They were replayed or dismissed.",
        )
    ],
)  # fmt: skip
