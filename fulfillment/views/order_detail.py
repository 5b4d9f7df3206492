"""Order page: one card per order line, and the timeline; live updates of both."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from devices.models import VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.outbox import waiting_reasons
from devices.outbox.waiting_reasons import LaneStop
from fulfillment import order_notes
from fulfillment.display import timeline_display
from fulfillment.display.order_status import describe_order_status
from fulfillment.display.status_texts import (
    ACTIVE_BEFORE_ARRIVAL_TEXT,
    ORDER_STEPS,
    StatusText,
    rejection_messages,
    stuck_text,
    waiting_text_for,
)
from fulfillment.display.tracking_links import TrackingLink, build_tracking_link
from fulfillment.models import EventSource, LineStatus, Order, OrderEvent, OrderKind, OrderLine
from fulfillment.ordering import order_lines
from fulfillment.ordering.kit_contents import sensor_id_problem
from fulfillment.ordering.parcels import parcel_text
from fulfillment.ordering.unshipped_orders import outdated_orders
from patients.care.note_display import build_note_panel
from patients.models import Patient, User
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission
from patients.polling import only_if_changed

ORDER_NOTES_SHOWN = 20


@dataclass(frozen=True)
class LineStep:
    label: str
    state: str  # done, now, next
    event: OrderEvent | None  # the first one of this status; a webhook's only where nothing has confirmed it

    @property
    def is_current(self) -> bool:
        return self.state == "now"

    @property
    def is_ahead(self) -> bool:
        return self.state == "next"


@dataclass(frozen=True)
class LineCard:
    """One order line, as the page shows it."""

    line: OrderLine
    status_text: StatusText
    status: str
    stuck_since: dt.datetime | None
    shipping_problem: str  # why it can't be asked for again
    steps: list[LineStep]
    tracking: TrackingLink | None
    rejections: list[tuple[str, str]]
    end_call: VendorCall | None  # the unlink or cancellation that was requested
    corrected: bool
    can_cancel: bool
    can_close: bool
    can_correct: bool
    can_resolve: bool
    can_end: bool
    can_solve: bool  # the vendor waits for us

    @property
    def reason_note(self) -> str:
        """CSS class of the note with the call's reason."""
        return "note--error" if self.status_text.tone == "bad" else "note--warning"

    @property
    def end_call_note(self) -> str:
        """CSS class of the note about the unlink or cancellation."""
        notes = {CallState.REJECTED: "note--error", CallState.CONFIRMED: "note--success"}
        return notes.get(CallState(self.end_call.state), "") if self.end_call else ""

    @property
    def can_resolve_end_call(self) -> bool:
        return self.end_call is not None and self.end_call.state == CallState.NEEDS_REVIEW


@requires_permission(Permission.VIEW_ORDERS)
@require_safe
def order_page(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    return render_order(request, order_id, "fulfillment/order_detail.html")


def order_live_version(user: User, order_id: uuid.UUID) -> int | None:
    """The live version of its patient."""
    return Order.objects.visible_to(user).filter(pk=order_id).values_list("patient__live_version", flat=True).first()


@requires_permission(Permission.VIEW_ORDERS)
@require_safe
@only_if_changed(order_live_version)
def order_live(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    return render_order(request, order_id, "fulfillment/_order_detail.html")


def render_order(request: HttpRequest, order_id: uuid.UUID, template: str) -> HttpResponse:
    order = get_object_or_404(Order.objects.visible_to(current_user(request)).with_lines(), pk=order_id)
    patient = get_patient_audited(order.patient_id, by=current_user(request))
    return render(request, template, order_context(order, patient))


def order_context(order: Order, patient: Patient) -> dict[str, object]:
    lines, zone = list(order.lines.all()), patient.clinic.time_zone
    device_ids = [line.call.device_id for line in lines if line.call.device_id]
    end_calls = VendorCall.objects.filter(device__in=device_ids, kind__in=(CallKind.UNLINK, CallKind.DELETE))
    newest = {call.device_id: call for call in end_calls.order_by("created_at").select_related("requested_by")}
    related = ("by", "line__device_type", "device")
    events = list(OrderEvent.objects.filter(order=order).select_related(*related).order_by("-at", "-pk"))
    unresolved = [line.call for line in lines] + list(newest.values())
    waits = any(call.state in CallState.unresolved() for call in unresolved)
    stop = waiting_reasons.user_lane_stop() if waits else None
    days = timeline_display.build_timeline(reversed(events), zone=zone)
    cards = [build_line_card(order, line, newest.get(line.call.device_id), events, stop) for line in lines]
    shown = {parcel_address(card.tracking) for card in cards}
    links = iter(deduplicate_links([row.link for day in days for row in day.rows], shown_already=shown))
    return {
        "order": order,
        "patient": patient,
        "status": describe_order_status(order, stop),
        "lane_stop": stop,
        "outdated": next(iter(outdated_orders(patient, order=order)), None),
        "on_site": order.on_site,
        "parcel": parcel_text(order),
        "awaits_clinic_shipment": any(line.status == LineStatus.PENDING for line in order.lines.all()),
        "cards": cards,
        "days": [(day.name, [(row, next(links)) for row in day.rows]) for day in days],
        "events": list(zip(events, deduplicate_links([event.tracking_link for event in events]), strict=True)),
        "zone": zone,
        "panel": build_note_panel(
            patient,
            note_ids=order_notes.note_ids_of(order),
            form_url=reverse("orders:new_note", args=[order.pk]),
            size=ORDER_NOTES_SHOWN,
        ),
    }


def build_line_card(
    order: Order, line: Any, end_call: VendorCall | None, events: list[OrderEvent], stop: LaneStop | None = None
) -> LineCard:
    """`line` with its `stuck_kind`."""
    device, kind = line.call.device, line.stuck_kind
    corrected = hasattr(line, "corrected_by")
    over = line.status in (LineStatus.UNLINKED, LineStatus.CANCELLED) or corrected
    needs_review = line.call.state == CallState.NEEDS_REVIEW
    ending = end_call is not None and end_call.state in CallState.unresolved()
    worth_closing = kind or line.status == LineStatus.DELIVERED
    refused = line.status == LineStatus.REJECTED and not order.on_site
    early = order.on_site and order.shipped_by_clinic and line.status == LineStatus.DELIVERED
    text = ACTIVE_BEFORE_ARRIVAL_TEXT if early else waiting_text_for(line.status, stop)
    can_cancel = order_lines.can_cancel(line)
    return LineCard(
        line=line,
        status_text=stuck_text(kind) if kind else text,
        status=(device and line.status == LineStatus.OTHER and device.vendor_status) or line.get_status_display(),
        stuck_since=line.stuck_since if kind else None,
        shipping_problem=sensor_id_problem([line.device_type]) if refused else "",
        steps=line_steps(order, line, events),
        tracking=build_tracking_link(device.tracking_link) if device else None,
        rejections=rejection_messages(line.call.errors),
        end_call=end_call if end_call and not over else None,
        corrected=corrected,
        can_cancel=can_cancel and not corrected and not ending,
        can_close=order_lines.can_close(line) and not needs_review and worth_closing,
        can_correct=order_lines.can_correct(line),
        can_resolve=needs_review,
        can_end=device is not None and not over and not can_cancel and not ending,
        can_solve=line.status == LineStatus.ACTION_REQUIRED and not corrected and line.closed_by_id is None,
    )


def line_steps(order: Order, line: OrderLine, events: list[OrderEvent]) -> list[LineStep]:
    """The usual steps to the first reading, each with its first event; empty for a line in any other status."""
    usual = ORDER_STEPS[OrderKind(order.kind)]
    if line.status not in usual:
        return []
    of_line = [event for event in events if event.line_id == line.pk]
    # Later entries replace earlier ones: confirmed events come after webhooks, the oldest event last.
    of_line.sort(key=lambda event: (event.source != EventSource.WEBHOOK, -event.at.timestamp()))
    event_by_status = {event.status: event for event in of_line}
    current = usual.index(LineStatus(line.status)) + (line.status == LineStatus.CONNECTED)
    states = ["done" if n < current else "now" if n == current else "next" for n in range(len(usual))]
    return [LineStep(step.label, state, event_by_status.get(step)) for step, state in zip(usual, states, strict=True)]


def deduplicate_links(newest_first: list[str], *, shown_already: Collection[str] = ()) -> list[TrackingLink | None]:
    """Each parcel's link only at its oldest row, since the vendor repeats it with every later status.

    None for a parcel in `shown_already`: addresses that the order lines beside the timeline show.
    """
    links = [build_tracking_link(text) for text in newest_first]
    parcels = [parcel_address(link) for link in links]
    return [
        None if parcel in shown_already or parcel in parcels[n:] else link
        for n, (parcel, link) in enumerate(zip(parcels, links, strict=True), 1)
    ]


def parcel_address(link: TrackingLink | None) -> str:
    """The same for one address with and without https; the vendor writes both."""
    return link.href or link.text if link else ""
