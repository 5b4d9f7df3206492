from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from devices.models import VendorCall
from devices.models.vendor_call import CallKind, CallState
from fulfillment.display import timeline_display
from fulfillment.display.status_texts import (
    ACTIVATION_STEPS,
    SHIPPING_STEPS,
    StatusText,
    rejection_messages,
    status_text_for,
)
from fulfillment.display.tracking_links import safe_tracking_url
from fulfillment.models import EventSource, LineStatus, Order, OrderEvent, OrderKind, OrderLine
from fulfillment.ordering import order_lines
from patients.models import Patient, User
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission
from patients.polling import only_if_changed


@dataclass(frozen=True)
class LineStep:
    label: str
    state: str  # done, now, next
    event: OrderEvent | None  # when it came to be known, and from whom; a mere hint only where nothing better is known


@dataclass(frozen=True)
class TrackingLink:
    text: str
    href: str | None


@dataclass(frozen=True)
class LineCard:
    """One device of the order, as the page shows it."""

    line: OrderLine
    status_text: StatusText
    status: str
    steps: list[LineStep]
    tracking: TrackingLink | None
    rejections: list[tuple[str, str]]
    ending: VendorCall | None  # an unlink or cancellation that was asked for
    corrected: bool
    can_cancel: bool
    can_close: bool
    can_correct: bool
    can_resolve: bool
    can_end: bool


@requires_permission(Permission.VIEW_ORDERS)
@require_safe
def order_page(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    order = get_visible_order(request, order_id)
    return render(
        request,
        "fulfillment/order_detail.html",
        order_context(order, get_patient_audited(order.patient_id, by=current_user(request))),
    )


def order_live_version(user: User, order_id: uuid.UUID) -> int | None:
    """Of its patient."""
    return Order.objects.visible_to(user).filter(pk=order_id).values_list("patient__live_version", flat=True).first()


@requires_permission(Permission.VIEW_ORDERS)
@require_safe
@only_if_changed(order_live_version)
def order_live(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    order = get_visible_order(request, order_id)
    return render(
        request,
        "fulfillment/_order_detail.html",
        order_context(order, get_patient_audited(order.patient_id, by=current_user(request))),
    )


def get_visible_order(request: HttpRequest, order_id: uuid.UUID) -> Order:
    return get_object_or_404(Order.objects.visible_to(current_user(request)).with_lines(), pk=order_id)


def order_context(order: Order, patient: Patient) -> dict[str, object]:
    rows, zone = list(order.lines.all()), patient.clinic.time_zone
    endings = end_calls_by_device(rows)
    related = ("by", "line__device_type", "device")
    events = list(OrderEvent.objects.filter(order=order).select_related(*related).order_by("-at", "-pk"))
    days = timeline_display.build_timeline(reversed(events), zone=zone)
    cards = [build_line_card(order, line, endings.get(line.call.device_id), events) for line in rows]
    links = iter(
        deduplicate_links(
            [row.link for day in days for row in day.rows], beside={parcel_address(c.tracking) for c in cards}
        )
    )
    return {
        "order": order,
        "patient": patient,
        "status": order.status,
        "words": status_text_for(order.status),
        "on_site": order.kind == OrderKind.ACTIVATION,
        "cards": cards,
        "days": [(day.name, [(row, next(links)) for row in day.rows]) for day in days],
        "events": list(zip(events, deduplicate_links([event.tracking_link for event in events]), strict=True)),
        "zone": zone,
    }


def end_calls_by_device(rows: list[OrderLine]) -> dict[int | None, VendorCall]:
    """By device: the newest call that was to end it."""
    devices = [line.call.device_id for line in rows if line.call.device_id]
    asked = VendorCall.objects.filter(device__in=devices, kind__in=(CallKind.UNLINK, CallKind.DELETE))
    return {call.device_id: call for call in asked.order_by("created_at").select_related("requested_by")}


def build_line_card(order: Order, line: OrderLine, ending: VendorCall | None, events: list[OrderEvent]) -> LineCard:
    device = line.call.device
    corrected = hasattr(line, "corrected_by")
    over = line.status in (LineStatus.UNLINKED, LineStatus.CANCELLED) or corrected
    undecided = line.call.state == CallState.NEEDS_REVIEW
    ending_unfinished = ending is not None and ending.state in CallState.unresolved()
    return LineCard(
        line=line,
        status_text=status_text_for(line.status),
        status=(device and line.status == LineStatus.OTHER and device.vendor_status) or line.get_status_display(),
        steps=line_steps(order, line, first_event_by_status(line, events)),
        tracking=build_tracking_link(device.tracking_link) if device else None,
        rejections=rejection_messages(line.call.errors),
        ending=ending if ending and not over else None,
        corrected=corrected,
        can_cancel=order_lines.can_cancel(line) and not corrected and not ending_unfinished,
        can_close=order_lines.can_close(line)
        and not undecided
        and (line.status in LineStatus.stuck() or line.status == LineStatus.DELIVERED),
        can_correct=order_lines.can_correct(line),
        can_resolve=undecided,
        can_end=device is not None and not over and not order_lines.can_cancel(line) and not ending_unfinished,
    )


def first_event_by_status(line: OrderLine, events: list[OrderEvent]) -> dict[str, OrderEvent]:
    """By status: the first event of this device that says so, those that only tell it after all others."""
    mine = [event for event in events if event.line_id == line.pk]
    best_last = sorted(mine, key=lambda event: (event.source != EventSource.WEBHOOK, -event.at.timestamp()))
    return {event.status: event for event in best_last}


def line_steps(order: Order, line: OrderLine, events: dict[str, OrderEvent]) -> list[LineStep]:
    """The usual way of a device; empty for a line that has left it."""
    way = ACTIVATION_STEPS if order.kind == OrderKind.ACTIVATION else SHIPPING_STEPS
    if line.status not in way:
        return []
    at = way.index(LineStatus(line.status))
    if line.status == LineStatus.CONNECTED:
        at += 1
    states = ["done" if n < at else "now" if n == at else "next" for n in range(len(way))]
    return [LineStep(status.label, state, events.get(status)) for status, state in zip(way, states, strict=True)]


def deduplicate_links(newest_first: list[str], *, beside: Collection[str] = ()) -> list[TrackingLink | None]:
    """A parcel's address with the row that first told of it: the vendor repeats it with all that follows.

    None for a parcel that the devices `beside` the rows show already.
    """
    links = [build_tracking_link(text) for text in newest_first]
    parcels = [parcel_address(link) for link in links]
    return [
        None if p in beside or p in parcels[n:] else link
        for n, (p, link) in enumerate(zip(parcels, links, strict=True), 1)
    ]


def parcel_address(link: TrackingLink | None) -> str:
    """The vendor writes one address with and without https."""
    return link.href or link.text if link else ""


def build_tracking_link(text: str) -> TrackingLink | None:
    return TrackingLink(text, safe_tracking_url(text)) if text else None
