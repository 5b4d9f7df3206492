"""Timeline events of orders, and of devices assigned, ended and swapped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import groupby

from django.urls import reverse

from devices.hardware_ids import format_hardware_id
from devices.models import Assignment, Device, HardwareChange
from fulfillment.display.timeline_display import TimelineRow, merge_equal_rows, merge_events
from fulfillment.models import Order, OrderEvent
from measurements.timeline.events import EventDetail, TimelineEvent, TimelineKind, TimelineScope


def fetch_order_events(scope: TimelineScope) -> Iterator[TimelineEvent]:
    """As on each order's page: a webhook and the refresh that confirms it are one event. Two queries."""
    for order in Order.objects.filter(scope.within("placed_at"), patient=scope.patient).select_related(
        "kit", "placed_by"
    ):
        yield TimelineEvent(
            at=order.placed_at,
            kind=TimelineKind.ORDERS,
            title=f"Order placed: {order.title}",
            by=order.placed_by.name,
            url=reverse("orders:page", args=[order.pk]),
        )
    events = OrderEvent.objects.filter(order__patient=scope.patient).order_by("order", "at", "pk")
    related = events.select_related("order__kit", "line__device_type", "device", "by")
    for _, group in groupby(related, key=lambda event: event.order_id):
        for row in merge_equal_rows(merge_events(group)):
            if scope.includes(row.at):
                yield build_order_event(row)


def build_order_event(row: TimelineRow) -> TimelineEvent:
    event = row.first_event
    devices = ", ".join(dict.fromkeys(row.devices))
    about = [event.order.title if event.order else "", devices, "" if row.by_person else row.origin]
    return TimelineEvent(
        at=row.at,
        kind=TimelineKind.ORDERS,
        title=row.text,
        details=(EventDetail("; ".join(filter(None, about))),),
        by=event.by.name if event.by else "",
        url=reverse("orders:page", args=[event.order_id]),
        tone="bad" if row.is_rejection else "",
    )


def fetch_device_events(scope: TimelineScope) -> Iterator[TimelineEvent]:
    """Two queries. A device whose first assignment has no beginning is assigned from when we knew of it."""
    held = list(Assignment.objects.filter(patient=scope.patient).select_related("device__device_type"))
    for assignment in held:
        began = assignment.started_at or assignment.created_at
        if scope.includes(began):
            yield build_device_event(began, assignment.device, "assigned")
        if assignment.ended_at and scope.includes(assignment.ended_at):
            yield build_device_event(assignment.ended_at, assignment.device, "no longer assigned")
    changes = HardwareChange.objects.filter(device__in={assignment.device_id for assignment in held})
    by_device = {assignment.device_id: assignment.device for assignment in held}
    for change in changes:
        at = change.changed_at
        if (
            at
            and scope.includes(at)
            and any(each.device_id == change.device_id and each.is_active_at(at) for each in held)
        ):
            old, new = (format_hardware_id(each) for each in (change.old_hardware_uuid, change.new_hardware_uuid))
            words = f"{old or 'none'}, now {new or 'none'}"
            yield build_device_event(at, by_device[change.device_id], "on another gateway", words)


def build_device_event(at: dt.datetime, device: Device, what: str, words: str = "") -> TimelineEvent:
    return TimelineEvent(
        at=at,
        kind=TimelineKind.DEVICES,
        title=f"{device.name} {what}",
        details=(EventDetail(words),) if words else (),
        url=reverse("devices:page", args=[device.hwi_id]),
    )
