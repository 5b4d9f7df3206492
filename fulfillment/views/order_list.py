from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from devices.models import VendorCall
from devices.models.vendor_call import CallState
from fulfillment.display.status_texts import Words, words_for
from fulfillment.models import LineStatus, Order, Urgency
from fulfillment.models.status import STUCK
from patients.audit import audit_log
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.permissions import Act, can, person, requires
from patients.polling import only_news

ROWS_PER_PAGE = 50


@dataclass(frozen=True)
class Row:
    order: Order
    status: LineStatus
    stuck: bool
    words: Words
    devices: list[str]


@dataclass(frozen=True)
class Chip:
    label: str
    query: str  # of the list as a click on it narrows it
    count: int
    chosen: bool


@requires(Act.SEE_ORDERS)
@require_safe
def order_list(request: HttpRequest) -> HttpResponse:
    return render(request, "orders/list.html", _shown(request, person(request)))


def _version(user: User) -> str:
    return Patient.objects.visible_to(user).version_of_all()


@requires(Act.SEE_ORDERS)
@require_safe
@only_news(_version)
def order_list_live(request: HttpRequest) -> HttpResponse:
    return render(request, "orders/_list.html", _shown(request, person(request)))


def _shown(request: HttpRequest, user: User) -> dict[str, Any]:
    version, show = _version(user), request.GET.get("show", "")
    visible = Order.objects.visible_to(user).with_urgency()
    chosen = next((urgency for urgency in Urgency if urgency.name.lower() == show), None)
    wanted = visible if chosen is None else visible.as_urgent_as(chosen)
    # Keys first: all orders are sorted, and whole rows would be carried through it.
    page = Paginator(wanted.by_urgency().values_list("pk", flat=True), ROWS_PER_PAGE).get_page(request.GET.get("page"))
    orders = Order.objects.visible_to(user).in_brief().in_bulk(keys := list(page))
    rows, undecided = [_row(orders[key]) for key in keys if key in orders], _undecided(user)
    seen = [row.order.patient_id for row in rows] + [call.patient_id for call in undecided if call.patient_id]
    audit_log.record(AuditAction.LIST, by=user, patients=dict.fromkeys(seen))
    chips = _chips(visible.counts(), chosen)
    return {
        "rows": rows,
        "page": page,
        "chips": chips,
        "undecided": undecided,
        "query": _query(chosen),
        "version": version,
    }


def _undecided(user: User) -> list[VendorCall]:
    """Calls of which nobody knows what became, endings among them, for those who may decide."""
    if not can(user, Act.PLACE_ORDERS):
        return []
    mine = VendorCall.objects.visible_to(user).filter(state=CallState.NEEDS_HUMAN)
    return list(mine.select_related("patient", "device").order_by("created_at")[:ROWS_PER_PAGE])


def _row(order: Order) -> Row:
    lines, status = order.lines.all(), order.status
    corrected = {line.corrects_id for line in lines}
    names = [line.device_type.name for line in lines if line.pk not in corrected]
    return Row(order, status, status in STUCK, words_for(status), names)


def _chips(counts: dict[int, int], chosen: Urgency | None) -> list[Chip]:
    everything = Chip("All", _query(None), sum(counts.values()), chosen is None)
    return [everything, *(Chip(u.label, _query(u), counts.get(u, 0), u == chosen) for u in Urgency)]


def _query(chosen: Urgency | None) -> str:
    return f"show={chosen.name.lower()}" if chosen is not None else ""
