"""Device issues: what needs attention about a device or gateway that works in principle, with what to do.

The conditions on rows say the same as the functions on one object; the list of exceptions, the patient list and the
pages all judge by them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.db.models.lookups import LessThan

from devices.models import Device, Gateway
from devices.models.gateway import POOR_SIGNAL, WhitelistEntry
from devices.statuses import DeviceState

SILENT_AFTER = dt.timedelta(days=2)  # a monitor is used once a day or more; one missed day is no news
LOW_BATTERY_PERCENT = 20  # ours: the vendor names no limit


@dataclass(frozen=True)
class DeviceIssue:
    meaning: str
    advice: str


# From the vendor's own instructions for gateways in bulk; those that it ships itself are confirmed before.
WHITELISTING_ADVICE = (
    "Hold the gateway's button until it pulses white, take a reading within a foot of it, then one more to confirm."
)
SILENT_DEVICE = DeviceIssue(
    "It has sent nothing for more than two days.",
    "Ask the patient to take a reading near the gateway, and whether the gateway has power.",
)
SILENT_GATEWAY = DeviceIssue(
    "It has not checked in for more than two days, so no reading can arrive.",
    "Ask the patient whether it is plugged in and near a window, and to unplug it for ten seconds.",
)
UNCONFIRMED_ON_GATEWAY = DeviceIssue(
    "Its gateway has not confirmed it yet, so another gateway may take its readings.", WHITELISTING_ADVICE
)
PINNED_ELSEWHERE = DeviceIssue(
    "It is pinned to another system's webhook at the vendor, so its readings don't arrive here at once.",
    "Ask an administrator to unpin it: administration, Devices, action “Unpin”.",
)
# Connected without a reading of ours: since the vendor says so.
LAST_HEARD = Coalesce("last_seen_at", "connected_on", "state_since")
LOW_BATTERY = Q(battery_percent__lte=LOW_BATTERY_PERCENT)


def low_battery_issue(percent: int) -> DeviceIssue:
    return DeviceIssue(f"Its battery is at {percent} %.", "Ask the patient to change or charge it.")


def silent_device_condition(now: dt.datetime) -> Q:
    return Q(state=DeviceState.CONNECTED) & Q(LessThan(LAST_HEARD, now - SILENT_AFTER))


def silent_gateways(now: dt.datetime) -> QuerySet[Gateway]:
    return Gateway.objects.filter(last_checkin_at__lt=now - SILENT_AFTER)


def issues_for_device(device: Device, *, now: dt.datetime) -> list[DeviceIssue]:
    """Only of a device that has worked already: before its first reading its order says what is missing."""
    found: list[DeviceIssue] = []
    if device.state == DeviceState.CONNECTED and is_silent(last_heard(device), now):
        found.append(SILENT_DEVICE)
    if device.pinned_webhook_id:
        found.append(PINNED_ELSEWHERE)
    if device.battery_percent is not None and device.battery_percent <= LOW_BATTERY_PERCENT:
        found.append(low_battery_issue(device.battery_percent))
    listed = whitelist_entry_for(device)
    if listed and not listed.confirmed:
        found.append(UNCONFIRMED_ON_GATEWAY)
    return found


def issues_for_gateway(gateway: Gateway, *, now: dt.datetime) -> list[DeviceIssue]:
    found: list[DeviceIssue] = []
    if gateway.last_checkin_at and is_silent(gateway.last_checkin_at, now):
        found.append(SILENT_GATEWAY)
    if gateway.signal_strength is not None and gateway.signal_strength <= POOR_SIGNAL:
        found.append(DeviceIssue("Its signal is poor.", "Ask the patient to move it nearer to a window or higher up."))
    if gateway.provisioned is False:
        found.append(DeviceIssue("The vendor has not provisioned it.", "Ask the vendor why: no reading can arrive."))
    if any(not listed.confirmed for listed in gateway.whitelist_entries):
        found.append(DeviceIssue("A device on its list is not confirmed yet.", WHITELISTING_ADVICE))
    return found


def whitelist_entry_for(device: Device) -> WhitelistEntry | None:
    """How the device's gateway lists its kind: one device of each sensor code."""
    rows = device.gateway.whitelist_entries if device.gateway and device.sensor_code else []
    return next((row for row in rows if row.sensor_code == device.family), None)


def last_heard(device: Device) -> dt.datetime:
    """As LAST_HEARD."""
    return device.last_seen_at or device.connected_on or device.state_since


def is_silent(heard_at: dt.datetime, now: dt.datetime) -> bool:
    return now - heard_at > SILENT_AFTER
