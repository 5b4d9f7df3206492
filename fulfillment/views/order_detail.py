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
from fulfillment.display.status_texts import STEPS, STEPS_ON_SITE, Words, refusals, words_for
from fulfillment.display.tracking_links import safe_link
from fulfillment.models import EventSource, LineStatus, Order, OrderEvent, OrderKind, OrderLine
from fulfillment.models.status import STUCK
from fulfillment.ordering import order_lines
from patients.models import Patient, User
from patients.permissions import Act, open_patient, person, requires
from patients.polling import only_news


@dataclass(frozen=True)
class Step:
    label: str
    state: str  # done, now, next
    event: OrderEvent | None  # when it came to be known, and from whom; a mere hint only where nothing better is known


@dataclass(frozen=True)
class Link:
    text: str
    href: str | None


@dataclass(frozen=True)
class Card:
    """One device of the order, as the page shows it."""

    line: OrderLine
    words: Words
    status: str
    steps: list[Step]
    tracking: Link | None
    refusals: list[tuple[str, str]]
    ending: VendorCall | None  # an unlink or cancellation that was asked for
    corrected: bool
    can_cancel: bool
    can_close: bool
    can_correct: bool
    can_decide: bool
    can_end: bool


@requires(Act.SEE_ORDERS)
@require_safe
def order_page(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    order = _order(request, order_id)
    return render(request, "orders/page.html", _context(order, open_patient(order.patient_id, by=person(request))))


def _version(user: User, order_id: uuid.UUID) -> int | None:
    """Of its patient."""
    return Order.objects.visible_to(user).filter(pk=order_id).values_list("patient__version", flat=True).first()


@requires(Act.SEE_ORDERS)
@require_safe
@only_news(_version)
def order_live(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    order = _order(request, order_id)
    return render(request, "orders/_order.html", _context(order, open_patient(order.patient_id, by=person(request))))


def _order(request: HttpRequest, order_id: uuid.UUID) -> Order:
    return get_object_or_404(Order.objects.visible_to(person(request)).with_lines(), pk=order_id)


def _context(order: Order, patient: Patient) -> dict[str, object]:
    rows, zone = list(order.lines.all()), patient.clinic.time_zone
    endings = _endings(rows)
    related = ("by", "line__device_type", "device")
    events = list(OrderEvent.objects.filter(order=order).select_related(*related).order_by("-at", "-pk"))
    days = timeline_display.told(reversed(events), zone=zone)
    cards = [_card(order, line, endings.get(line.call.device_id), events) for line in rows]
    links = iter(_links([row.link for day in days for row in day.rows], beside={_parcel(c.tracking) for c in cards}))
    return {
        "order": order,
        "patient": patient,
        "status": order.status,
        "words": words_for(order.status),
        "on_site": order.kind == OrderKind.ACTIVATION,
        "cards": cards,
        "days": [(day.name, [(row, next(links)) for row in day.rows]) for day in days],
        "events": list(zip(events, _links([event.tracking_link for event in events]), strict=True)),
        "zone": zone,
    }


def _endings(rows: list[OrderLine]) -> dict[int | None, VendorCall]:
    """By device: the newest call that was to end it."""
    devices = [line.call.device_id for line in rows if line.call.device_id]
    asked = VendorCall.objects.filter(device__in=devices, kind__in=(CallKind.UNLINK, CallKind.DELETE))
    return {call.device_id: call for call in asked.order_by("created_at").select_related("requested_by")}


def _card(order: Order, line: OrderLine, ending: VendorCall | None, events: list[OrderEvent]) -> Card:
    device = line.call.device
    corrected = hasattr(line, "corrected_by")
    over = line.status in (LineStatus.UNLINKED, LineStatus.CANCELLED) or corrected
    undecided = line.call.state == CallState.NEEDS_HUMAN
    ending_unfinished = ending is not None and ending.state in order_lines.UNDECIDED | {CallState.INTENT}
    return Card(
        line=line,
        words=words_for(line.status),
        status=(device and line.status == LineStatus.OTHER and device.vendor_status) or line.get_status_display(),
        steps=_steps(order, line, _first_heard(line, events)),
        tracking=_link(device.tracking_link) if device else None,
        refusals=refusals(line.call.errors),
        ending=ending if ending and not over else None,
        corrected=corrected,
        can_cancel=order_lines.can_cancel(line) and not corrected and not ending_unfinished,
        can_close=order_lines.can_close(line)
        and not undecided
        and (line.status in STUCK or line.status == LineStatus.DELIVERED),
        can_correct=order_lines.can_correct(line),
        can_decide=undecided,
        can_end=device is not None and not over and not order_lines.can_cancel(line) and not ending_unfinished,
    )


def _first_heard(line: OrderLine, events: list[OrderEvent]) -> dict[str, OrderEvent]:
    """By status: the first event of this device that says so, those that only tell it after all others."""
    mine = [event for event in events if event.line_id == line.pk]
    best_last = sorted(mine, key=lambda event: (event.source != EventSource.WEBHOOK, -event.at.timestamp()))
    return {event.status: event for event in best_last}


def _steps(order: Order, line: OrderLine, heard: dict[str, OrderEvent]) -> list[Step]:
    """The usual way of a device; empty for a line that has left it."""
    way = STEPS_ON_SITE if order.kind == OrderKind.ACTIVATION else STEPS
    if line.status not in way:
        return []
    at = way.index(LineStatus(line.status))
    if line.status == LineStatus.CONNECTED:
        at += 1
    states = ["done" if n < at else "now" if n == at else "next" for n in range(len(way))]
    return [Step(status.label, state, heard.get(status)) for status, state in zip(way, states, strict=True)]


def _links(newest_first: list[str], *, beside: Collection[str] = ()) -> list[Link | None]:
    """A parcel's address with the row that first told of it: the vendor repeats it with all that follows.

    None for a parcel that the devices `beside` the rows show already.
    """
    links = [_link(text) for text in newest_first]
    parcels = [_parcel(link) for link in links]
    return [
        None if p in beside or p in parcels[n:] else link
        for n, (p, link) in enumerate(zip(parcels, links, strict=True), 1)
    ]


def _parcel(link: Link | None) -> str:
    """The vendor writes one address with and without https."""
    return link.href or link.text if link else ""


def _link(text: str) -> Link | None:
    return Link(text, safe_link(text)) if text else None
