from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from devices.models import VendorCall
from devices.models.vendor_call import CallState
from fulfillment.display.status_texts import StatusText, status_text_for
from fulfillment.models import LineStatus, Order, Urgency
from patients.audit import audit_log
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, has_permission, requires_permission
from patients.polling import only_if_changed

ROWS_PER_PAGE = 50


@dataclass(frozen=True)
class OrderRow:
    order: Order
    status: LineStatus
    stuck: bool
    status_text: StatusText
    devices: list[str]


@dataclass(frozen=True)
class FilterChip:
    label: str
    query: str  # of the list as a click on it narrows it
    count: int
    selected: bool


@requires_permission(Permission.VIEW_ORDERS)
@require_safe
def order_list(request: HttpRequest) -> HttpResponse:
    return render(request, "fulfillment/order_list.html", order_list_context(request, current_user(request)))


def order_list_live_version(user: User) -> str:
    return Patient.objects.visible_to(user).combined_live_version()


@requires_permission(Permission.VIEW_ORDERS)
@require_safe
@only_if_changed(order_list_live_version)
def order_list_live(request: HttpRequest) -> HttpResponse:
    return render(request, "fulfillment/_order_list.html", order_list_context(request, current_user(request)))


def order_list_context(request: HttpRequest, user: User) -> dict[str, Any]:
    version, show = order_list_live_version(user), request.GET.get("show", "")
    visible = Order.objects.visible_to(user).with_urgency()
    chosen = next((urgency for urgency in Urgency if urgency.name.lower() == show), None)
    wanted = visible if chosen is None else visible.of_urgency(chosen)
    # Keys first: all orders are sorted, and whole rows would be carried through it.
    page = Paginator(wanted.by_urgency().values_list("pk", flat=True), ROWS_PER_PAGE).get_page(request.GET.get("page"))
    orders = Order.objects.visible_to(user).for_list().in_bulk(keys := list(page))
    rows, undecided = [build_order_row(orders[key]) for key in keys if key in orders], unresolved_calls(user)
    seen = [row.order.patient_id for row in rows] + [call.patient_id for call in undecided if call.patient_id]
    audit_log.record_event(AuditAction.LIST, by=user, patients=dict.fromkeys(seen))
    chips = urgency_chips(visible.count_by_urgency(), chosen)
    return {
        "rows": rows,
        "page": page,
        "chips": chips,
        "undecided": undecided,
        "query": urgency_query(chosen),
        "version": version,
    }


def unresolved_calls(user: User) -> list[VendorCall]:
    """Calls of which nobody knows what became, endings among them, for those who may decide."""
    if not has_permission(user, Permission.PLACE_ORDERS):
        return []
    mine = VendorCall.objects.visible_to(user).filter(state=CallState.NEEDS_REVIEW)
    return list(mine.select_related("patient", "device").order_by("created_at")[:ROWS_PER_PAGE])


def build_order_row(order: Order) -> OrderRow:
    lines, status = order.lines.all(), order.status
    corrected = {line.corrects_id for line in lines}
    names = [line.device_type.name for line in lines if line.pk not in corrected]
    return OrderRow(order, status, status.is_stuck, status_text_for(status), names)


def urgency_chips(counts: dict[int, int], chosen: Urgency | None) -> list[FilterChip]:
    everything = FilterChip("All", urgency_query(None), sum(counts.values()), chosen is None)
    return [everything, *(FilterChip(u.label, urgency_query(u), counts.get(u, 0), u == chosen) for u in Urgency)]


def urgency_query(chosen: Urgency | None) -> str:
    return f"show={chosen.name.lower()}" if chosen is not None else ""
