"""Work list of patients with facts that billing needs and that aren't on file."""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from patients.audit import audit_log
from patients.lists.filters import FilterChoice, ListFilter, SelectedFilters
from patients.lists.pagination import PageRequest, SortKey, paginate
from patients.lists.sorting import ListColumn
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, requires_permission
from patients.practitioners import filter_choices
from patients.programmes.missing import MissingFact, annotate_missing, kinds_of

PAGE_SIZE = 50
COLUMNS = tuple(ListColumn(label) for label in ("Patient", "Provider", "Missing"))
SORT_KEYS = tuple(SortKey(name) for name in ("family_name", "given_name", "pk"))
LACKS_ONE = Q(*((f"lacks_{kind}", True) for kind in MissingFact.values), _connector=Q.OR)


@requires_permission(Permission.KEEP_BILLING)
@require_safe
def missing_list(request: HttpRequest) -> HttpResponse:
    user = current_user(request)
    visible = annotate_missing(Patient.objects.visible_to(user))
    filters = missing_filters(user)
    chosen = SelectedFilters(filters, request.GET)
    page = paginate(
        chosen.apply(visible),
        keys=SORT_KEYS,
        request=PageRequest.from_query(request.GET),
        size=PAGE_SIZE,
        anchors=visible,
        rows=visible.select_related("practitioner", "clinic"),
    )
    audit_log.record_event(AuditAction.LIST, by=user, patients=[patient.pk for patient in page.rows])
    context = {
        "rows": [(patient, [MissingFact(kind).label for kind in kinds_of(patient)]) for patient in page.rows],
        "page": page,
        "columns": COLUMNS,
        "filter_query": chosen.query,
        "filter_rows": chosen.filter_rows({"missing": chosen.count(visible, filters[0])}),
    }
    return render(request, "programmes/missing_list.html", context)


def missing_filters(user: User) -> tuple[ListFilter, ...]:
    kinds = {
        kind.value: FilterChoice(f"{kind.label} missing", Q(**{f"lacks_{kind.value}": True})) for kind in MissingFact
    }
    providers = {pk: FilterChoice(name, Q(practitioner=pk)) for pk, name in filter_choices(list(user.clinics.all()))}
    return (
        ListFilter("missing", "Missing", kinds, all_label="Anything", all_condition=LACKS_ONE),
        ListFilter("provider", "Provider", providers),
    )
