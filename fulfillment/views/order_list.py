"""Order list: stuck orders first, with the calls whose outcome a coordinator must decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from devices.models import VendorCall
from devices.models.vendor_call import CallState
from devices.outbox import waiting_reasons
from devices.outbox.waiting_reasons import LaneStop
from fulfillment.display.order_status import OrderStatus, describe_order_status
from fulfillment.models import Order, Urgency
from fulfillment.worklist import queries
from fulfillment.worklist.queries import StuckSource
from patients.audit import audit_log
from patients.lists.filters import FilterChoice, ListFilter, SelectedFilters
from patients.lists.pagination import PageRequest, SortKey, paginate
from patients.lists.sorting import ListColumn
from patients.models import User
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, has_permission, requires_permission
from patients.polling import only_if_changed, visible_patients_version

PAGE_SIZE = 50
# Of `with_urgency`: what waits longest first, and of what is finished the newest.
SORT_KEYS = (
    SortKey("urgency"),
    SortKey("waiting_since", nulls="last"),
    SortKey("placed_at", descending=True),
    SortKey("pk", descending=True),
)
COLUMNS = tuple(ListColumn(label) for label in ("Patient", "Ordered", "Status, and what to do", "Age", "By"))
URGENCY_FILTER = ListFilter(
    "show", "Show", {each.name.lower(): FilterChoice(str(each.label), Q(urgency=each)) for each in Urgency}
)


@dataclass(frozen=True)
class OrderRow:
    order: Order
    status: OrderStatus
    devices: list[str]


@requires_permission(Permission.VIEW_ORDERS)
@require_safe
def order_list(request: HttpRequest) -> HttpResponse:
    return render(request, "fulfillment/order_list.html", order_list_context(request, current_user(request)))


@requires_permission(Permission.VIEW_ORDERS)
@require_safe
@only_if_changed(visible_patients_version)
def order_list_live(request: HttpRequest) -> HttpResponse:
    return render(request, "fulfillment/_order_list.html", order_list_context(request, current_user(request)))


def order_list_context(request: HttpRequest, user: User) -> dict[str, Any]:
    prefetch_related_objects([user], "clinics")
    version = visible_patients_version(user)  # before the rows: a change meanwhile comes with the next poll
    visible = Order.objects.visible_to(user).with_urgency()
    chosen = SelectedFilters([URGENCY_FILTER], request.GET)
    # GROUP BY evaluates `urgency` once a row, `SelectedFilters.count` once for each choice: 3 ms instead of 13.
    by_urgency = visible.count_by_urgency()
    counts = {"": sum(by_urgency.values())} | {each.name.lower(): by_urgency.get(each, 0) for each in Urgency}
    page = paginate(
        chosen.apply(visible),
        keys=SORT_KEYS,
        request=PageRequest.from_query(request.GET),
        size=PAGE_SIZE,
        anchors=visible,
        rows=Order.objects.visible_to(user).for_list(),
        total=counts[chosen.values.get(URGENCY_FILTER.name, "")],
    )
    stop, undecided = waiting_reasons.user_lane_stop(), unresolved_calls(user)
    rows = [build_order_row(order, stop) for order in page.rows]
    sources = (StuckSource.DEVICE, StuckSource.CALL)
    shown = {call.pk for call in undecided}
    others = [item for item in queries.stuck_items(user.clinics.all(), sources) if item.call_id not in shown]
    seen = [order.patient_id for order in page.rows] + [call.patient_id for call in undecided if call.patient_id]
    seen += [item.patient.pk for item in others]
    audit_log.record_event(AuditAction.LIST, by=user, patients=dict.fromkeys(seen))
    return {
        "version": version,
        "rows": rows,
        "page": page,
        "filter_query": chosen.query,
        "filter_rows": chosen.filter_rows({URGENCY_FILTER.name: counts}),
        "columns": COLUMNS,
        "undecided": undecided,
        "others": others,
        "lane_stop": stop,
        "zone": next((clinic.time_zone for clinic in user.clinics.all()), "UTC"),
    }


def unresolved_calls(user: User) -> list[VendorCall]:
    """Calls whose outcome at the vendor is unknown, endings among them, for users who may decide."""
    if not has_permission(user, Permission.PLACE_ORDERS):
        return []
    mine = VendorCall.objects.visible_to(user).filter(state=CallState.NEEDS_REVIEW)
    return list(mine.select_related("patient", "device").order_by("created_at")[:PAGE_SIZE])


def build_order_row(order: Order, stop: LaneStop | None) -> OrderRow:
    lines = order.lines.all()
    corrected = {line.corrects_id for line in lines}
    names = [line.device_type.name for line in lines if line.pk not in corrected]
    return OrderRow(order, describe_order_status(order, stop), names)
