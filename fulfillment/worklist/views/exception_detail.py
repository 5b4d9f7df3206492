"""Page of one exception with its history, and what people do with it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from fulfillment.worklist import items
from fulfillment.worklist.forms import DismissalForm, ItemForm, OwnerForm, SnoozeForm
from fulfillment.worklist.models import WorklistItem
from fulfillment.worklist.views.exception_list import build_item_row
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission


def get_item_audited(request: HttpRequest, item_id: uuid.UUID) -> WorklistItem:
    """If the user may see it; the view of its patient is audited. Raises Http404."""
    user = current_user(request)
    rows = WorklistItem.objects.visible_to(user).for_list().select_related("call", "dismissed_by")
    item = rows.filter(pk=item_id).first()
    if item is None:
        raise Http404("No such exception.")
    if item.patient_id:
        item.patient = get_patient_audited(item.patient_id, by=user)
    return item


@requires_permission(Permission.VIEW_ORDERS)
@require_safe
def exception_page(request: HttpRequest, item_id: uuid.UUID) -> HttpResponse:
    return render_item(request, get_item_audited(request, item_id))


def render_item(request: HttpRequest, item: WorklistItem, **forms: ItemForm) -> HttpResponse:
    """`forms`: those that were refused, with what was typed."""
    user = current_user(request)
    context: dict[str, Any] = {
        "row": build_item_row(item, user),
        "item": item,
        "patient": item.patient,
        "zone": item.clinic.time_zone if item.clinic else next((each.time_zone for each in user.clinics.all()), "UTC"),
        "events": item.events.select_related("by"),
        "owner_form": OwnerForm(item=item, user=user),
        "snooze_form": SnoozeForm(item=item),
        "dismissal_form": DismissalForm(item=item),
    }
    return render(request, "worklist/exception_page.html", context | forms)


def apply_act(request: HttpRequest, item: WorklistItem, act: Callable[[], None], done: str) -> HttpResponse:
    """Says why where the exception has changed meanwhile."""
    try:
        act()
    except items.ItemChanged as reason:
        messages.error(request, str(reason))
        return redirect("exceptions:page", item.pk)
    messages.success(request, done)
    return redirect("exceptions:list")


def posted_version(request: HttpRequest) -> int:
    """Of a button without a form; 0, which no exception has, for anything else."""
    text = request.POST.get("live_version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


@requires_permission(Permission.HANDLE_EXCEPTIONS)
@require_POST
def take_exception(request: HttpRequest, item_id: uuid.UUID) -> HttpResponse:
    """Assign it to oneself, from its row."""
    item, user = get_item_audited(request, item_id), current_user(request)
    version = posted_version(request)
    act = partial(items.assign_item, item, owner=user, by=user, live_version=version)
    return apply_act(request, item, act, "Assigned to you.")


@requires_permission(Permission.HANDLE_EXCEPTIONS)
@require_POST
def assign_exception(request: HttpRequest, item_id: uuid.UUID) -> HttpResponse:
    item, user = get_item_audited(request, item_id), current_user(request)
    form = OwnerForm(request.POST, item=item, user=user)
    if not form.is_valid():
        return render_item(request, item, owner_form=form)
    owner, version = form.cleaned_data["owner"], form.cleaned_data["live_version"]
    act = partial(items.assign_item, item, owner=owner, by=user, live_version=version)
    return apply_act(request, item, act, f"Assigned to {owner.name}." if owner else "It has no owner now.")


@requires_permission(Permission.HANDLE_EXCEPTIONS)
@require_POST
def snooze_exception(request: HttpRequest, item_id: uuid.UUID) -> HttpResponse:
    item, user = get_item_audited(request, item_id), current_user(request)
    form = SnoozeForm(request.POST, item=item)
    if not form.is_valid():
        return render_item(request, item, snooze_form=form)
    values = form.cleaned_data
    act = partial(items.snooze_item, item, by=user, **values)
    return apply_act(request, item, act, f"Snoozed until {values['until']:%b %-d, %Y}.")


@requires_permission(Permission.HANDLE_EXCEPTIONS)
@require_POST
def wake_exception(request: HttpRequest, item_id: uuid.UUID) -> HttpResponse:
    item, user, version = get_item_audited(request, item_id), current_user(request), posted_version(request)
    return apply_act(request, item, partial(items.wake_item, item, by=user, live_version=version), "It is back.")


@requires_permission(Permission.HANDLE_EXCEPTIONS)
@require_POST
def dismiss_exception(request: HttpRequest, item_id: uuid.UUID) -> HttpResponse:
    item, user = get_item_audited(request, item_id), current_user(request)
    form = DismissalForm(request.POST, item=item)
    if not form.is_valid():
        return render_item(request, item, dismissal_form=form)
    values = form.cleaned_data
    act = partial(items.dismiss_item, item, by=user, **values)
    return apply_act(request, item, act, "Dismissed. It comes back if its facts change.")


@requires_permission(Permission.HANDLE_EXCEPTIONS)
@require_POST
def restore_exception(request: HttpRequest, item_id: uuid.UUID) -> HttpResponse:
    item, user, version = get_item_audited(request, item_id), current_user(request), posted_version(request)
    return apply_act(
        request, item, partial(items.restore_item, item, by=user, live_version=version), "It is open again."
    )
