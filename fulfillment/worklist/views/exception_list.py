"""List of exceptions, the coordinator's home: filters, counts, live refresh; the most urgent and oldest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from devices.statuses import StatusText
from fulfillment.worklist.kinds import NextAction, WorklistKind, action_for, kind_named, rank_of, registry
from fulfillment.worklist.models import OPEN, WorklistItem, snoozed_condition
from patients.audit import audit_log
from patients.lists.filters import FilterChoice, ListFilter, SelectedFilters
from patients.lists.pagination import PageRequest, SortKey, paginate
from patients.lists.sorting import ListColumn
from patients.models import User
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, requires_permission
from patients.polling import only_if_changed
from patients.preferences import save_preference

PAGE_SIZE = 50
SORT_KEYS = (SortKey("rank"), SortKey("since"), SortKey("pk"))
COLUMNS = tuple(ListColumn(label) for label in ("Patient", "Exception", "Why, and what to do", "Age", "Owner", "Next"))
SHORTCUTS_PREFERENCE = "exception_shortcuts"


@dataclass(frozen=True)
class ItemRow:
    item: WorklistItem
    kind: WorklistKind
    text: StatusText
    action: NextAction | None


def build_item_row(item: WorklistItem, user: User) -> ItemRow:
    """No query, of an item loaded by `for_list`."""
    kind = kind_named(item.kind)
    return ItemRow(item, kind, kind.describe(item.facts), action_for(item, user))


def list_version(user: User) -> str:
    return WorklistItem.objects.visible_to(user).unsolved().combined_live_version()


@requires_permission(Permission.VIEW_ORDERS)
@require_safe
def exception_list(request: HttpRequest) -> HttpResponse:
    return render(request, "worklist/exception_list.html", list_context(request, current_user(request)))


@requires_permission(Permission.VIEW_ORDERS)
@require_safe
@only_if_changed(list_version)
def exception_list_live(request: HttpRequest) -> HttpResponse:
    return render(request, "worklist/_exception_list.html", list_context(request, current_user(request)))


def list_context(request: HttpRequest, user: User) -> dict[str, Any]:
    version = list_version(user)  # before the rows: a change meanwhile comes with the next poll
    visible = WorklistItem.objects.visible_to(user)
    filters = list_filters(user)
    chosen = SelectedFilters(filters, request.GET)
    counts = {each.name: chosen.count(visible, each) for each in filters if each.name != "kind"}
    counts["kind"] = count_kinds(chosen, visible)
    page = paginate(
        chosen.apply(visible),
        keys=SORT_KEYS,
        request=PageRequest.from_query(request.GET),
        size=PAGE_SIZE,
        anchors=visible,
        rows=visible.for_list(),
        total=counts["kind"].get(chosen.values.get("kind", ""), 0),
    )
    filter_rows = chosen.filter_rows(counts)
    kinds = filter_rows[-1].options  # of some thirty, those that there are
    kinds[:] = [option for option in kinds if option.count or option.is_selected or not option.value]
    patients = dict.fromkeys(item.patient_id for item in page.rows if item.patient_id)
    audit_log.record_event(AuditAction.LIST, by=user, patients=patients)
    return {
        "version": version,
        "page": page,
        "rows": [build_item_row(item, user) for item in page.rows],
        "filter_query": chosen.query,
        "filter_rows": filter_rows,
        "columns": COLUMNS,
        "shortcuts": user.preferences.get(SHORTCUTS_PREFERENCE, True),
    }


def list_filters(user: User) -> list[ListFilter]:
    """Those of several clinics get a filter by clinic."""
    asleep = snoozed_condition()
    mine, others = Q(owner=user), Q(owner__isnull=False) & ~Q(owner=user)
    kinds = {
        name: FilterChoice(kind.label, Q(kind=name))
        for name, kind in sorted(registry.kinds.items(), key=lambda each: rank_of(each[0]))
    }
    shown = {
        "snoozed": FilterChoice("Snoozed", OPEN & asleep),
        "dismissed": FilterChoice("Dismissed", Q(closed_at__isnull=True, dismissed_at__isnull=False)),
        "solved": FilterChoice("Solved", Q(closed_at__isnull=False)),
    }
    owners = {
        "me": FilterChoice("Me", mine),
        "nobody": FilterChoice("Nobody", Q(owner__isnull=True)),
        "others": FilterChoice("Others", others),
    }
    clinics = {str(clinic.pk): FilterChoice(clinic.name, Q(clinic=clinic)) for clinic in user.clinics.all()}
    found = [
        ListFilter("show", "Show", shown, all_label="Open", all_condition=OPEN & ~asleep),
        ListFilter("owner", "Owner", owners),
        ListFilter("kind", "Kind", kinds),
    ]
    return [*found[:2], ListFilter("clinic", "Clinic", clinics), found[2]] if len(clinics) > 1 else found


def count_kinds(chosen: SelectedFilters, visible: Any) -> dict[str, int]:
    """As `SelectedFilters.count`, by one GROUP BY instead of a condition for each of some thirty kinds."""
    others = [each.condition(chosen.values.get(each.name, "")) for each in chosen.filters if each.name != "kind"]
    found = dict(visible.filter(*others).order_by().values_list("kind").annotate(n=Count("pk")))
    return dict.fromkeys(registry.kinds, 0) | found | {"": sum(found.values())}


@requires_permission(Permission.VIEW_ORDERS)
@require_POST
def switch_shortcuts(request: HttpRequest) -> HttpResponse:
    """Single-key shortcuts on or off, per person: people who dictate switch them off."""
    save_preference(by=current_user(request), name=SHORTCUTS_PREFERENCE, value=request.POST.get("on") == "1")
    return redirect("exceptions:list")
