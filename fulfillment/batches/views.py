"""Pages of a batch: choose patients, confirm, follow the progress, stop."""

from __future__ import annotations

import contextlib
import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from devices.models import Device
from devices.models.vendor_call import CallState
from fulfillment.batches import placing
from fulfillment.batches.forms import BatchConfirmationForm, BatchSelectionForm
from fulfillment.batches.models import ItemState, OrderBatch
from patients.audit import audit_log
from patients.imports.models import ImportRow, PatientImport
from patients.lists.filters import FilterChoice, ListFilter, SelectedFilters
from patients.lists.pagination import PageRequest, SortKey, paginate
from patients.models import Condition, Patient, User
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, requires_permission
from patients.polling import only_if_changed

PAGE_SIZE, MAX_RECENT = 200, 10
SORT_KEYS = (SortKey("family_name"), SortKey("given_name"), SortKey("pk"))
HAS_DEVICE = Q(Exists(Device.objects.linked().filter(patient=OuterRef("pk"))))
FILTERS = (
    ListFilter(
        "devices",
        "Devices",
        {"with": FilterChoice("With devices", HAS_DEVICE), "all": FilterChoice("All", Q())},
        all_label="Without devices",
        all_condition=~HAS_DEVICE,
    ),
    ListFilter(
        "condition",
        "Condition",
        {value: FilterChoice(str(label), Q(conditions__contains=[value])) for value, label in Condition.choices},
    ),
)


@requires_permission(Permission.PLACE_ORDERS)
@require_http_methods(["GET", "POST"])
def new_batch(request: HttpRequest) -> HttpResponse:
    """Posted with `batch_id`: the confirmation; without: kit and patients, whose confirmation is shown."""
    user = current_user(request)
    if request.method == "POST" and "batch_id" in request.POST:
        return confirm_batch(request, user)
    form = BatchSelectionForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        confirmation = BatchConfirmationForm(user=user)
        confirmation.cleaned_data, confirmation.planned = form.cleaned_data, form.plan()
        return render_confirmation(request, confirmation, user)
    return render(request, "batches/batch_new.html", selection_context(request, form, user))


def selection_context(request: HttpRequest, form: BatchSelectionForm, user: User) -> dict[str, Any]:
    chosen = SelectedFilters(FILTERS, request.GET)
    visible = Patient.objects.visible_to(user).enrolled()
    import_id, imported = imported_patients(request, user)
    rows = visible.filter(pk__in=imported) if imported is not None else chosen.apply(visible)
    page = paginate(
        rows,
        keys=SORT_KEYS,
        request=PageRequest.from_query(request.GET),
        size=PAGE_SIZE,
        anchors=visible,
        rows=visible,
    )
    audit_log.record_event(AuditAction.LIST, by=user, patients=[patient.pk for patient in page.rows])
    return {
        "form": form,
        "page": page,
        "recent": OrderBatch.objects.visible_to(user).select_related("kit", "placed_by")[:MAX_RECENT],
        "filter_rows": [] if imported is not None else chosen.filter_rows(),
        "filter_query": f"import={import_id}" if imported is not None else chosen.query,
        "ticked": set(request.POST.getlist("patient")) or ({str(row.pk) for row in page.rows} if import_id else set()),
    }


def imported_patients(request: HttpRequest, user: User) -> tuple[str, QuerySet[Any, Any] | None]:
    """Of `?import=`, with its id; None without one that the user may see."""
    with contextlib.suppress(ValueError):
        found = PatientImport.objects.visible_to(user).filter(pk=uuid.UUID(request.GET.get("import", ""))).first()
        if found:
            rows = ImportRow.objects.filter(patient_import=found, patient__isnull=False)
            return str(found.pk), rows.values("patient")
    return "", None


def confirm_batch(request: HttpRequest, user: User) -> HttpResponse:
    with contextlib.suppress(ValueError):
        sent = OrderBatch.objects.visible_to(user).filter(pk=uuid.UUID(request.POST["batch_id"])).first()
        if sent:
            return redirect("orders:batch", sent.pk)
    form = BatchConfirmationForm(request.POST, user=user)
    if form.is_valid():
        try:
            values = {"batch_id": form.cleaned_data["batch_id"], "kit": form.cleaned_data["kit"]}
            batch = placing.place_batch(patients=form.orderable, by=user, **values)
        except placing.BatchError as reason:
            form.add_error(None, str(reason))
        else:
            messages.success(request, "The orders are placed one by one. This page follows them.")
            return redirect("orders:batch", batch.pk)
    if not form.planned:
        return render(request, "batches/batch_new.html", selection_context(request, form, user))
    return render_confirmation(request, form, user)


def render_confirmation(request: HttpRequest, form: BatchConfirmationForm, user: User) -> HttpResponse:
    audit_log.record_event(AuditAction.LIST, by=user, patients=[each.patient.pk for each in form.planned])
    context = {
        "form": form,
        "kit": form.cleaned_data["kit"],
        "orderable": form.orderable,
        "left_out": [each for each in form.planned if each.problem],
        "total": form.total,
        "costs_of_one": form.costs_of_one,
    }
    return render(request, "batches/batch_confirm.html", context)


def batch_version(user: User, batch_id: uuid.UUID) -> str | None:
    """Changes with each item and with whatever changes for one of the patients. Reads nothing of them."""
    waiting = Count("items", filter=Q(items__state=ItemState.WAITING))
    found = OrderBatch.objects.visible_to(user).filter(pk=batch_id).order_by()
    totals = found.annotate(waiting=waiting, versions=Sum("items__patient__live_version", default=0))
    parts = totals.values_list("waiting", "versions", "stopped_at").first()
    return None if parts is None else "-".join(str(part) for part in parts).replace(" ", "")


@requires_permission(Permission.PLACE_ORDERS)
@require_safe
def batch_page(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    return render(request, "batches/batch_page.html", batch_context(request, batch_id))


@requires_permission(Permission.PLACE_ORDERS)
@require_safe
@only_if_changed(batch_version)
def batch_live(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    return render(request, "batches/_batch.html", batch_context(request, batch_id))


def batch_context(request: HttpRequest, batch_id: uuid.UUID) -> dict[str, Any]:
    user = current_user(request)
    version = batch_version(user, batch_id)
    visible = OrderBatch.objects.visible_to(user).select_related("kit", "clinic", "placed_by", "stopped_by")
    batch = get_object_or_404(visible, pk=batch_id)
    items = list(batch.items.select_related("patient", "order").order_by("patient__family_name", "pk"))
    audit_log.record_event(AuditAction.LIST, by=user, patients=[item.patient_id for item in items], clinic=batch.clinic)
    counts, calls = batch.count_items(), batch.count_calls()
    queued = calls.get(CallState.QUEUED, 0)
    return {
        "version": version,
        "batch": batch,
        "items": items,
        "states": [(state.label, state.tone, counts[state]) for state in ItemState if counts.get(state)],
        "calls": [(state.label, state.tone, calls[state]) for state in CallState if calls.get(state)],
        "can_stop": bool(counts.get(ItemState.WAITING) or queued),
    }


@requires_permission(Permission.PLACE_ORDERS)
@require_POST
def stop_batch(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    user = current_user(request)
    batch = get_object_or_404(OrderBatch.objects.visible_to(user).select_related("clinic"), pk=batch_id)
    cancelled = placing.stop_batch(batch=batch, by=user)
    messages.success(request, f"Stopped. Cancelled before they were sent: {cancelled}. What was sent stays ordered.")
    return redirect("orders:batch", batch.pk)
