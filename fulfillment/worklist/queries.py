"""Stuck rows, from which the worklist finds its kinds of orders: order lines, devices, and calls about a device.

Stuck are order lines, devices that were not ordered here, and calls that end a device's monitoring or replace it, when
they need a person by their state or have not moved for longer than their step usually takes
(`devices.step_durations`), whatever the cause. `stuck_kind` is a LineStatus, the same for all of them. What a page or a
list shows of it is an exception.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from devices import step_durations
from devices.models import Device, VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.statuses import DeviceState
from fulfillment.models import LineStatus, OrderLine

DEVICE_ATTENTION_STATES = tuple(state for state in DeviceState if LineStatus(state) in LineStatus.stuck())


def stuck_device_condition(now: dt.datetime) -> Q:
    """Of linked devices of patients without an order here; those with an order are stuck with their order line."""
    unordered = Q(patient__isnull=False) & Q(~Exists(OrderLine.objects.filter(device=OuterRef("pk"))))
    unconfirmed = Q(
        state=DeviceState.OTHER, vendor_status=""
    )  # attached by a person, and the vendor has no word for it
    dates = step_durations.VENDOR_DATES
    late = step_durations.overdue_condition(now, state="state", since="state_since", vendor_dates=dates)
    attention = Q(state__in=DEVICE_ATTENTION_STATES) & ~unconfirmed
    return (attention | (late & Q(first_reading_at__isnull=True))) & unordered


def stuck_call_condition(now: dt.datetime) -> Q:
    """Of calls that end a device's monitoring: refused, needing a decision, or not answered for longer than usual. Of
    replacements: needing a decision."""
    later = VendorCall.objects.filter(
        device=OuterRef("device"), kind__in=CallKind.ending(), created_at__gt=OuterRef("created_at")
    )
    # A cancellation is refused once the device is shipped: then it is in use and nothing has to be done.
    in_use = Q(kind=CallKind.DELETE, device__state=DeviceState.CONNECTED)
    refused = Q(state=CallState.REJECTED) & ~in_use & Q(~Exists(later))
    late = step_durations.overdue_condition(now, state="state", since="created_at")
    open_end = Q(kind__in=CallKind.ending(), device__state__in=DeviceState.linked())
    undecided = Q(state=CallState.NEEDS_REVIEW)
    return (open_end & (undecided | refused | late)) | (Q(kind__in=CallKind.of_replacement()) & undecided)


def stuck_lines() -> QuerySet[OrderLine]:
    return OrderLine.objects.stuck().with_stuck_kind()


def stuck_devices() -> QuerySet[Device, Any]:
    dated = [
        When(state=state, then=Coalesce(field, "state_since")) for state, field in step_durations.VENDOR_DATES.items()
    ]
    stuck = Device.objects.filter(stuck_device_condition(timezone.now()))
    return stuck.annotate(stuck_kind=F("state"), stuck_since=Case(*dated, default="state_since"))


def stuck_calls() -> QuerySet[VendorCall, Any]:
    decision = When(state=CallState.NEEDS_REVIEW, then=Value(LineStatus.NEEDS_REVIEW))
    stuck = VendorCall.objects.filter(stuck_call_condition(timezone.now()))
    kind = Case(decision, default=Value(LineStatus.NOT_ENDED))
    return stuck.annotate(stuck_kind=kind, stuck_since=Coalesce("resolved_at", "unknown_since", "created_at"))
