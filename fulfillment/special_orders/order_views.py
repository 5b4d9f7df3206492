"""List and page of special orders: bulk, demo, supplies, replacements and return labels, the newest change first."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from fulfillment.display.tracking_links import build_tracking_link
from fulfillment.special_orders import bulk_orders
from fulfillment.special_orders.models import SpecialOrder
from patients.audit import audit_log
from patients.lists.filters import FilterChoice, ListFilter, SelectedFilters
from patients.lists.pagination import PageRequest, SortKey, paginate
from patients.lists.sorting import ListColumn
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission

PAGE_SIZE = 50
MAX_SHOWN_ITEMS = 500
SORT_KEYS = (SortKey("updated_on", descending=True, nulls="last"), SortKey("pk", descending=True))
COLUMNS = tuple(ListColumn(label) for label in ("Order", "Kind", "Contents", "State", "For", "Changed"))
SHIPPED_STATES = ("shipped", "delivered", "returned", "cancelled")
IS_SHIPPED = Q(*(("status__iexact", word) for word in SHIPPED_STATES), _connector=Q.OR)
KIND_FILTER = ListFilter(
    "kind", "Kind", {each.value: FilterChoice(str(each.label), Q(order_type=each)) for each in SpecialOrder.Type}
)
STATE_FILTER = ListFilter(
    "state",
    "State",
    {"preparing": FilterChoice("Not shipped", ~IS_SHIPPED)}
    | {word: FilterChoice(word.capitalize(), Q(status__iexact=word)) for word in SHIPPED_STATES},
)


@requires_permission(Permission.VIEW_ORDERS)
@require_safe
def special_order_list(request: HttpRequest) -> HttpResponse:
    user = current_user(request)
    visible = SpecialOrder.objects.visible_to(user)
    chosen = SelectedFilters([KIND_FILTER, STATE_FILTER], request.GET)
    page = paginate(
        chosen.apply(visible),
        keys=SORT_KEYS,
        request=PageRequest.from_query(request.GET),
        size=PAGE_SIZE,
        anchors=visible,
        rows=visible.select_related("patient").defer("manifest"),
    )
    seen = dict.fromkeys(order.patient_id for order in page.rows if order.patient_id)
    audit_log.record_event(AuditAction.LIST, by=user, patients=seen)
    counts = {each.name: chosen.count(visible, each) for each in (KIND_FILTER, STATE_FILTER)}
    context: dict[str, Any] = {
        "page": page,
        "filter_query": chosen.query,
        "filter_rows": chosen.filter_rows(counts),
        "columns": COLUMNS,
    }
    return render(request, "special_orders/special_order_list.html", context)


@requires_permission(Permission.VIEW_ORDERS)
@require_safe
def special_order_page(request: HttpRequest, special_order_id: int) -> HttpResponse:
    user = current_user(request)
    order = get_object_or_404(SpecialOrder.objects.visible_to(user), pk=special_order_id)
    patient = get_patient_audited(order.patient_id, by=user) if order.patient_id else None
    context = {
        "order": order,
        "patient": patient,
        "tracking": build_tracking_link(order.tracking_link),
        "items": order.stock_items.with_state()[:MAX_SHOWN_ITEMS],
        "item_count": order.stock_items.count(),
    }
    return render(request, "special_orders/special_order.html", context)


@requires_permission(Permission.PLACE_ORDERS)
@require_POST
def request_bulk_orders(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        bulk_orders.request_reading(by=current_user(request))
    messages.success(request, "The vendor's list of bulk orders is read within a minute.")
    return redirect("special_orders:list")
