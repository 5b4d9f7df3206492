"""Stock page, and page of one item: what may be given to a patient, by scan; corrections with a reason."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fulfillment.models import OrderLine
from fulfillment.special_orders import stock
from fulfillment.special_orders.forms import AddedItemForm, PatientChoiceForm, ScanForm, StockCorrectionForm
from fulfillment.special_orders.models import StockItem, StockState
from patients.audit import audit_log
from patients.lists.filters import FilterChoice, ListFilter, SelectedFilters
from patients.lists.pagination import PageRequest, SortKey, paginate
from patients.lists.sorting import ListColumn
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, has_permission, requires_permission
from patients.search import patient_search_filter

PAGE_SIZE = 100
MAX_PATIENTS_FOUND = 10
ALL_CLINICS = "All clinics"  # of a bulk order that is assigned to none, or added by hand
SORT_KEYS = (SortKey("name"), SortKey("pk"))
COLUMNS = tuple(ListColumn(label) for label in ("Device", "ID", "State", "Order"))
STATE_FILTER = ListFilter(
    "state", "State", {each.value: FilterChoice(str(each.label), Q(state=each)) for each in StockState}
)


@requires_permission(Permission.VIEW_ORDERS)
@require_safe
def stock_page(request: HttpRequest) -> HttpResponse:
    return render(request, "special_orders/stock.html", stock_context(request, ScanForm()))


@requires_permission(Permission.PLACE_ORDERS)
@require_POST
def scan_item(request: HttpRequest) -> HttpResponse:
    """By POST, so that no id of hardware is in an address."""
    form = ScanForm(request.POST)
    if form.is_valid():
        try:
            item = stock.find_scanned_item(form.cleaned_data["hardware_id"])
        except stock.StockError as reason:
            form.add_error("hardware_id", str(reason))
        else:
            visible_item_or_404(item.pk, user=current_user(request))
            return redirect("special_orders:stock_item", item.pk)
    return render(request, "special_orders/stock.html", stock_context(request, form))


def stock_context(request: HttpRequest, form: ScanForm) -> dict[str, Any]:
    user = current_user(request)
    visible = visible_items(user)
    totals: dict[tuple[str, str], Counter[str]] = {}
    # One query for the totals and the counts of the filter: the state of an item is three subqueries.
    grouped = visible.order_by("name").values_list("special_order__clinic__name", "name", "contents", "state")
    for clinic, name, contents, state, count in grouped.annotate(count=Count("pk")):
        kind = " with ".join(filter(None, [name, ", ".join(contents)]))
        totals.setdefault((clinic or "", kind), Counter())[state] += count
    by_state = sum(totals.values(), Counter())
    chosen = SelectedFilters([STATE_FILTER], request.GET)
    counts = {"": by_state.total()} | {each.value: by_state[each] for each in StockState}
    page = paginate(
        chosen.apply(visible),
        keys=SORT_KEYS,
        request=PageRequest.from_query(request.GET),
        size=PAGE_SIZE,
        anchors=visible,
        rows=visible.select_related("special_order"),
        total=counts[chosen.values.get(STATE_FILTER.name, "")],
    )
    return {
        "form": form,
        "totals": [
            (clinic or ALL_CLINICS, kind, [(str(each.label), found[each]) for each in StockState])
            for (clinic, kind), found in sorted(totals.items())
        ],
        "states": [str(each.label) for each in StockState],
        "page": page,
        "columns": COLUMNS,
        "filter_query": chosen.query,
        "filter_rows": chosen.filter_rows({STATE_FILTER.name: counts}),
        "may_correct": has_permission(user, Permission.PLACE_ORDERS),
    }


@requires_permission(Permission.PLACE_ORDERS)
@require_http_methods(["GET", "HEAD", "POST"])
def add_stock_item(request: HttpRequest) -> HttpResponse:
    form = AddedItemForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            item = stock.add_item(by=current_user(request), **form.cleaned_data)
        except stock.StockError as reason:
            form.add_error("hardware_id", str(reason))
        else:
            messages.success(request, "It is in stock now.")
            return redirect("special_orders:stock_item", item.pk)
    return render(request, "special_orders/stock_item_add.html", {"form": form})


@requires_permission(Permission.VIEW_ORDERS)
@require_http_methods(["GET", "HEAD", "POST"])
def stock_item_page(request: HttpRequest, stock_item_id: uuid.UUID) -> HttpResponse:
    """A POST searches for the patient who gets the item: no name of a patient is in an address."""
    item = visible_item_or_404(stock_item_id, user=current_user(request))
    form = PatientChoiceForm(request.POST if request.method == "POST" else None)
    return render(request, "special_orders/stock_item.html", item_context(request, item, search=form))


@requires_permission(Permission.PLACE_ORDERS)
@require_POST
def correct_stock_item(request: HttpRequest, stock_item_id: uuid.UUID) -> HttpResponse:
    user = current_user(request)
    item = visible_item_or_404(stock_item_id, user=user)
    form = StockCorrectionForm(request.POST)
    if form.is_valid():
        in_stock = form.cleaned_data["in_stock"] == "yes"
        try:
            stock.correct_item(item.pk, in_stock=in_stock, reason=form.cleaned_data["reason"], by=user)
        except stock.StockError as reason:
            form.add_error("in_stock", str(reason))
        else:
            messages.success(request, "The stock is corrected.")
            return redirect("special_orders:stock_item", item.pk)
    return render(request, "special_orders/stock_item.html", item_context(request, item, correction=form))


def item_context(
    request: HttpRequest,
    item: StockItem,
    *,
    search: PatientChoiceForm | None = None,
    correction: StockCorrectionForm | None = None,
) -> dict[str, Any]:
    user, found = current_user(request), None
    if search and search.is_bound and search.is_valid():
        matching = (
            Patient.objects.visible_to(user).enrolled().filter(patient_search_filter(search.cleaned_data["search"]))
        )
        found = list(matching.order_by("family_name", "given_name", "pk")[:MAX_PATIENTS_FOUND])
        audit_log.record_event(AuditAction.SEARCH, by=user, patients=[patient.pk for patient in found])
    lines = stock.activations_of(item)
    visible = set(
        OrderLine.objects.visible_to(user).filter(pk__in=[line.pk for line in lines]).values_list("pk", flat=True)
    )
    shown = [line for line in lines if line.pk in visible]
    audit_log.record_event(AuditAction.LIST, by=user, patients=dict.fromkeys(line.patient_id for line in shown))
    usable = item.state in (StockState.IN_STOCK, StockState.ON_THE_WAY)
    return {
        "item": item,
        "device_types": stock.find_device_types(item),
        "usable": usable,
        "lines": shown,
        "hidden_lines": len(lines) - len(shown),
        "corrections": item.corrections.select_related("by"),
        "search": search or PatientChoiceForm(),
        "found": found,
        "activation_url": f"{reverse('orders:new')}?how=activate&stock={item.pk}",
        "correction": correction or StockCorrectionForm(initial={"in_stock": "no" if usable else "yes"}),
        "may_correct": has_permission(user, Permission.PLACE_ORDERS),
    }


def visible_items(user: User) -> Any:
    return StockItem.objects.visible_to(user).with_state()


def visible_item_or_404(item_id: uuid.UUID, *, user: User) -> Any:
    return get_object_or_404(visible_items(user).select_related("special_order"), pk=item_id)
