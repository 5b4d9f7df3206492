"""Order list: stuck orders first, with the calls whose outcome a coordinator must decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from devices.models import VendorCall
from devices.models.vendor_call import CallState
from devices.outbox import waiting_reasons
from devices.outbox.waiting_reasons import LaneStop
from fulfillment.display.order_status import OrderStatus, describe_order_status
from fulfillment.models import Order, Urgency
from fulfillment.views.order_filters import COLUMNS, URGENCY_FILTER, read_selection
from patients import posted_searches
from patients.audit import audit_log
from patients.lists.pagination import PageRequest, paginate
from patients.models import User
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, has_permission, requires_permission
from patients.polling import only_if_changed, visible_patients_version
from patients.search import MAX_QUERY_LENGTH

PAGE_SIZE = 50


@dataclass(frozen=True)
class OrderRow:
    order: Order
    status: OrderStatus
    devices: list[str]


@requires_permission(Permission.VIEW_ORDERS)
@require_http_methods(["GET", "HEAD", "POST"])
def order_list(request: HttpRequest) -> HttpResponse:
    """The list, or the results of a posted search `q`: what is searched for is never in an address."""
    if request.method == "POST":
        text = request.POST.get("q", "").strip()[:MAX_QUERY_LENGTH]
        return posted_searches.redirect_to_results(request, {"q": text}) if text else redirect("orders:list")
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
    selection = read_selection(request, user)
    found = selection.apply(visible, user)
    # GROUP BY evaluates `urgency` once a row, `SelectedFilters.count` once for each choice: 3 ms instead of 13.
    by_urgency = found.count_by_urgency()
    counts = {"": sum(by_urgency.values())} | {each.name.lower(): by_urgency.get(each, 0) for each in Urgency}
    page = paginate(
        selection.sort.annotate(selection.apply_urgency(found)),
        keys=selection.sort.keys,
        request=PageRequest.from_query(request.GET),
        size=PAGE_SIZE,
        anchors=selection.sort.annotate(visible),
        rows=Order.objects.visible_to(user).for_list(),
        total=counts[selection.chosen.values.get(URGENCY_FILTER.name, "")],
    )
    stop, undecided = waiting_reasons.user_lane_stop(), unresolved_calls(user)
    rows = [build_order_row(order, stop) for order in page.rows]
    seen = [order.patient_id for order in page.rows] + [call.patient_id for call in undecided if call.patient_id]
    audit_log.record_event(AuditAction.LIST, by=user, patients=dict.fromkeys(seen))
    return {
        "version": version,
        "rows": rows,
        "page": page,
        "filter_query": selection.query,
        "filter_rows": [selection.urgency_row(counts)],
        "selects": selection.select_fields(),
        "sort": selection.sort,
        "search_text": selection.search_text,
        "search_key": selection.search_key,
        "show": selection.chosen.values.get(URGENCY_FILTER.name, ""),
        "columns": COLUMNS,
        "undecided": undecided,
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
