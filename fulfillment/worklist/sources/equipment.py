"""Worklist kinds of equipment in use: silent and pinned devices, low batteries, silent gateways, gateways near each
other without a confirmed whitelist, devices that the vendor unlinked, and those that are linked after discharge."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.expressions import Value
from django.db.models.functions import Coalesce, Left, Lower, Replace
from django.urls import reverse

from devices import device_issues
from devices.device_issues import LAST_HEARD, LOW_BATTERY, LOW_BATTERY_PERCENT, DeviceIssue
from devices.hardware_ids import format_hardware_id
from devices.models import Device, SyncRow, VendorCall
from devices.models.sync import SyncRowState
from devices.models.vendor_call import CallKind, CallState
from devices.statuses import DeviceState, StatusText
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
from patients.permissions import Permission

if TYPE_CHECKING:
    from fulfillment.worklist.models import WorklistItem

COLUMNS = ("pk", "patient__clinic_id", "patient_id", "name")


def devices_in_use() -> QuerySet[Device, Any]:
    """Linked devices of patients under care."""
    held = Device.objects.linked().filter(patient__isnull=False, patient__discharged_at__isnull=True)
    return held.order_by()


def device_finding(kind: str, row: tuple[Any, ...], since: dt.datetime, **more: Any) -> Finding:
    """`row`: of COLUMNS."""
    pk, clinic, patient, name = row
    return Finding(kind, f"device:{pk}", since, clinic, patient, name=name, device_id=pk, **more)


# --- queries ----------------------------------------------------------------------------------------------------------


def find_silent_devices(now: dt.datetime) -> Iterator[Finding]:
    """A device without a reading here is silent only once the vendor's readings of its patient have been fetched."""
    fetched = SyncRow.objects.filter(patient=OuterRef("patient"), state=SyncRowState.DONE)
    heard_or_fetched = Q(last_seen_at__isnull=False) | Exists(fetched)
    silent = devices_in_use().filter(device_issues.silent_device_condition(now)).filter(heard_or_fetched)
    silent = silent.annotate(heard_at=LAST_HEARD)
    for *row, heard_at in silent.values_list(*COLUMNS, "heard_at"):
        yield device_finding("silent_device", tuple(row), heard_at, evidence=(heard_at,))


def find_pinned_devices(_now: dt.datetime) -> Iterator[Finding]:
    """Their readings go to another system's webhook; a pull brings them, a day late."""
    pinned = devices_in_use().exclude(pinned_webhook_id="")
    for *row, hook, since in pinned.values_list(*COLUMNS, "pinned_webhook_id", LAST_HEARD):
        yield device_finding("pinned_elsewhere", tuple(row), since, evidence=(hook,))


def find_low_batteries(_now: dt.datetime) -> Iterator[Finding]:
    since = Coalesce("last_seen_at", "state_since")
    low = devices_in_use().filter(LOW_BATTERY).annotate(read_at=since)
    for *row, percent, read_at in low.values_list(*COLUMNS, "battery_percent", "read_at"):
        yield device_finding("low_battery", tuple(row), read_at, facts={"percent": percent})


def find_silent_gateways(now: dt.datetime) -> Iterator[Finding]:
    """One for each patient with devices on the gateway: each of those who share it is called."""
    silent = devices_in_use().filter(gateway__in=device_issues.silent_gateways(now))
    rows = silent.order_by("gateway_id", "patient_id")
    for gateway, clinic, patient, name, checked_in in rows.distinct("gateway_id", "patient_id").values_list(
        "gateway_id", "patient__clinic_id", "patient_id", "gateway__hardware_uuid", "gateway__last_checkin_at"
    ):
        yield Finding(
            "silent_gateway", f"gateway:{gateway}:{patient}", checked_in or now, clinic, patient, gateway_id=gateway,
            name=f"Gateway {format_hardware_id(name)}", evidence=(checked_in,),
        )  # fmt: skip


def find_unlisted_neighbours(_now: dt.datetime) -> Iterator[Finding]:
    """Devices that a neighbour's gateway may upload: another gateway is in use at the same street and ZIP code, and the
    own gateway's whitelist has not confirmed the device."""
    with_gateway = devices_in_use().filter(gateway__status_fetched_at__isnull=False).exclude(patient__street="")
    placed = with_gateway.annotate(
        street=Lower(Replace("patient__street", Value(" "))), zip5=Left("patient__zip_code", 5)
    )
    crowded = placed.values("street", "zip5").annotate(n=Count("gateway", distinct=True)).filter(n__gt=1)
    places = {(street, zip5) for street, zip5, _ in crowded.values_list("street", "zip5", "n")}
    near = placed.filter(street__in=[street for street, _ in places]).select_related("gateway", "patient")
    for device in near if places else ():
        listed = device_issues.whitelist_entry_for(device)
        if (device.street, device.zip5) in places and device.sensor_code and not (listed and listed.confirmed):
            row = (device.pk, device.patient.clinic_id, device.patient_id, device.name)
            since = (listed and listed.since) or device.connected_on or device.state_since
            yield device_finding(
                "not_whitelisted", row, since, gateway_id=device.gateway_id, facts={"requested": bool(listed)}
            )


def find_unlinked_by_vendor(_now: dt.datetime) -> Iterator[Finding]:
    """Known here as linked, then unlinked, and not by us; until the patient has another one of its family."""
    ended_here = VendorCall.objects.filter(device=OuterRef("pk"), kind__in=CallKind.ending()).exclude(
        state__in=CallState.without_effect()
    )
    others = Device.objects.linked().filter(patient=OuterRef("patient"), sensor_code=OuterRef("sensor_code"))
    since = Coalesce("unlinked_on", "state_since")
    unlinked = Device.objects.annotate(since=since).filter(
        ~Exists(ended_here),
        ~Exists(others.exclude(sensor_code="")),
        state=DeviceState.UNLINKED,
        since__gt=F("created_at"),
        patient__discharged_at__isnull=True,
        patient__isnull=False,
    )
    for *row, at in unlinked.order_by().values_list(*COLUMNS, "since"):
        yield device_finding("unlinked_by_vendor", tuple(row), at, evidence=(at,))


def find_linked_after_discharge(_now: dt.datetime) -> Iterator[Finding]:
    """Not while its end is on the way; one that is late or refused is of the kind `not_ended`."""
    under_way = VendorCall.objects.filter(
        device=OuterRef("pk"), kind__in=CallKind.ending(), state__in=CallState.unresolved()
    )
    left = Device.objects.linked().filter(~Exists(under_way), patient__discharged_at__isnull=False).order_by()
    for *row, at in left.values_list(*COLUMNS, "patient__discharged_at"):
        yield device_finding("linked_after_discharge", tuple(row), at, evidence=(at,))


# --- texts, next steps and ends ---------------------------------------------------------------------------------------


def text_of_issue(tone: str, issue: DeviceIssue) -> Any:
    return constant_text(tone, issue.meaning, issue.advice)


def describe_low_battery(facts: Facts) -> StatusText:
    issue = device_issues.low_battery_issue(facts.get("percent", LOW_BATTERY_PERCENT))
    return StatusText("warn", issue.meaning, issue.advice)


def describe_unlisted_neighbour(facts: Facts) -> StatusText:
    problem = "has not confirmed this device" if facts.get("requested") else "does not list this device"
    meaning = (
        f"Another gateway is at the same address, and the device's own {problem}: the other may take its readings."
    )
    return StatusText("warn", meaning, device_issues.WHITELISTING_ADVICE)


def open_gateway_page(item: WorklistItem) -> NextAction | None:
    if item.gateway is None:
        return open_device_page(item)
    url = reverse("devices:gateway", args=[item.gateway.public_id])
    return NextAction("Open the gateway", url, Permission.VIEW_PATIENTS)


def unpin_device(item: WorklistItem) -> NextAction | None:
    """The action is on the administration's list of devices, which shows this one alone."""
    if item.device is None:
        return None
    url = f"{reverse('admin:devices_device_changelist')}?q={item.device.hwi_id}"
    return NextAction("Unpin it", url, Permission.ADMINISTER)


def order_again(item: WorklistItem) -> NextAction | None:
    if item.patient_id is None:
        return None
    return NextAction("Order again", f"{reverse('orders:new')}?patient={item.patient_id}", Permission.PLACE_ORDERS)


def explain_end_of_silence(item: WorklistItem) -> str:
    if item.device is not None and item.device.last_seen_at and item.device.last_seen_at > item.since:
        return "It has sent something again."
    return explain_end_of_device(item)


def explain_end_of_low_battery(item: WorklistItem) -> str:
    percent = item.device.battery_percent if item.device else None
    charged = f"Its battery is at {percent} %." if percent is not None and percent > LOW_BATTERY_PERCENT else ""
    return charged or explain_end_of_device(item)


def explain_end_of_gateway_silence(item: WorklistItem) -> str:
    if item.gateway is not None and item.gateway.last_checkin_at and item.gateway.last_checkin_at > item.since:
        return "It has checked in again."
    return explain_end_of_device(item)


UNLINKED_TEXT = constant_text(
    "bad",
    "The vendor has unlinked it, and nobody here has asked for that: no reading arrives any more.",
    "Ask the vendor why, and order or activate another one if the patient is to go on measuring.",
)
LINKED_TEXT = constant_text(
    "warn",
    "The patient was discharged, and the vendor still links and charges this device.",
    "End its monitoring.",
)

for find, kind in (
    (
        find_silent_devices,
        WorklistKind(
            "silent_device", "Connected, but silent", text_of_issue("warn", device_issues.SILENT_DEVICE),
            next_action=open_device_page, explain_end=explain_end_of_silence,
        ),
    ),
    (
        find_pinned_devices,
        WorklistKind(
            "pinned_elsewhere", "Pinned to another system", text_of_issue("bad", device_issues.PINNED_ELSEWHERE),
            next_action=unpin_device, explain_end=explain_end_of_device,
            ended="It is no longer pinned to another system's webhook.",
        ),
    ),
    (
        find_low_batteries,
        WorklistKind(
            "low_battery", "Battery low", describe_low_battery,
            next_action=open_device_page, explain_end=explain_end_of_low_battery,
        ),
    ),
    (
        find_silent_gateways,
        WorklistKind(
            "silent_gateway", "Gateway silent", text_of_issue("warn", device_issues.SILENT_GATEWAY),
            next_action=open_gateway_page, explain_end=explain_end_of_gateway_silence,
            ended="No patient under care uses it any more.",
        ),
    ),
    (
        find_unlisted_neighbours,
        WorklistKind(
            "not_whitelisted", "Neighbours without whitelist", describe_unlisted_neighbour,
            next_action=open_gateway_page, explain_end=explain_end_of_device,
            ended="Its gateway has confirmed it, or no other gateway is at this address any more.",
        ),
    ),
    (
        find_unlinked_by_vendor,
        WorklistKind(
            "unlinked_by_vendor", "Unlinked by the vendor", UNLINKED_TEXT, next_action=order_again,
            ended="The device is linked again, the patient has another one, or was discharged.",
        ),
    ),
    (
        find_linked_after_discharge,
        WorklistKind(
            "linked_after_discharge", "Still linked though discharged", LINKED_TEXT, next_action=end_monitoring,
            ended="Its end was asked for, or the patient is under care again.",
        ),
    ),
):  # fmt: skip
    register_worklist_source(find, [kind])
