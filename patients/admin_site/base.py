"""ModelAdmin base: rows of own clinics only, every view audited, nothing deleted, no PHI in an address."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import ModelAdmin
from django.contrib.admin.utils import get_fields_from_path, lookup_spawns_duplicates
from django.core.exceptions import BadRequest, ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import capfirst

from patients import posted_searches
from patients.admin_site.display import PatientLinkMixin, displayed_fields, field_labels
from patients.admin_site.filters import FoundFilter
from patients.admin_site.row_counts import CappedPaginator
from patients.audit import audit_log
from patients.models import AuditEvent, User
from patients.models.audit import AuditAction
from patients.permissions import current_user
from patients.search import MAX_QUERY_LENGTH

# The signed-in user, for columns that Django computes without the request. Never an attribute of a ModelAdmin: one
# instance serves all threads. Set by `VitalsAdminSite.admin_view` until the page is rendered.
viewer: ContextVar[User] = ContextVar("viewer")


MAX_CONFIRMED_ROWS_SHOWN = 20  # on the confirmation page of an action


class ScopedAdmin(ModelAdmin):
    """Base of every ModelAdmin here.

    `clinic_path`: lookup from a row to its clinic, such as "patient__clinic"; empty for rows without a clinic
    (catalogue, key slots). Rows with a path are shown to users of that clinic only; a superuser, who only sets up,
    sees none unless `visible_to_superuser` (clinics, people, kits).
    `patient_path`: attribute path to the id of its patient, such as "patient_id"; empty where a row names none.
    `search_fields` may hold opaque ids only: the search text is part of the address.
    `find_help`: what a list takes whose search is posted, such as "A part of a name"; it overrides `find_rows`.
    """

    clinic_path = ""
    patient_path = ""
    find_help = ""
    visible_to_superuser = False
    show_full_result_count = False
    paginator = CappedPaginator
    list_per_page = 50
    list_select_related: ClassVar[bool | list[str] | tuple[str, ...]] = True
    date_hierarchy = None
    view_on_site = False  # its route isn't mounted

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if not self.clinic_path or (self.visible_to_superuser and request.user.is_superuser):
            return rows
        return self.scope(rows, current_user(request))

    def scope(self, rows: QuerySet[Any], user: User) -> QuerySet[Any]:
        """Override if the path from a row to its clinic is more than one lookup."""
        clinics = list(user.clinics.values_list("pk", flat=True))  # ids, so that PostgreSQL plans by their statistics
        own = Q(**{f"{self.clinic_path}__in": clinics})
        if not lookup_spawns_duplicates(self.opts, self.clinic_path):
            return rows.filter(own)
        return rows.filter(pk__in=self.model._default_manager.filter(own).order_by().values("pk"))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """None also for a NUL, which PostgreSQL refuses in the key of a table with texts as keys."""
        return None if "\x00" in object_id else super().get_object(request, object_id, from_field)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change=change, **{"labels": field_labels(), **kwargs})

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only lookups of the offered filters, so that no birth date gets into an address."""
        named = (filter_parameter_name(entry) for entry in self.get_list_filter(request))
        offered = any(f"{lookup}__".startswith(f"{name}__") for name in named)
        return offered and super().lookup_allowed(lookup, value, request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Rows with a clinic are searched by exact ids only, by index; a text that is no such id finds nothing."""
        if not self.clinic_path:
            return super().get_search_results(request, queryset, search_term)
        if not (term := search_term.strip()):
            return queryset, False
        wanted = Q(pk__in=[])
        for path in self.get_search_fields(request):
            wanted |= exact_match_filter(self.model, str(path).lstrip("=^@"), term)
        return queryset.filter(wanted), False

    def find_rows(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        """Rows that a posted text means."""
        return rows.none()

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        filters = list(super().get_list_filter(request))
        return [FoundFilter, *filters] if self.find_help else filters

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self.reject_malformed_input(request)
        if self.find_help and request.method == "POST" and "find" in request.POST:
            text = request.POST["find"].replace("\x00", "").strip()[:MAX_QUERY_LENGTH]
            return posted_searches.redirect_to_results(request, {"find": text}) if text else redirect(request.path)
        title = capfirst(self.opts.verbose_name_plural)
        response = super().changelist_view(request, {"title": title, **(extra_context or {})})
        if isinstance(response, TemplateResponse) and response.context_data and "cl" in response.context_data:
            self.record_view(request, response.context_data["cl"].result_list)
        return response

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        response = super().changeform_view(request, object_id, form_url, extra_context)
        if object_id and isinstance(response, TemplateResponse) and response.context_data:
            self.record_view(request, [response.context_data["original"]], one=object_id)
        return response

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().history_view(request, object_id, extra_context)
        if isinstance(response, TemplateResponse) and response.context_data:
            self.record_view(request, [response.context_data["object"]], one=object_id)
        return response

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self.record_change(request, obj, added=True)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self.record_change(request, obj, fields=changed_field_names(message))
        return super().log_change(request, obj, message)

    def confirm_action(
        self, request: HttpRequest, rows: QuerySet[Any], *, question: str, meaning: str, affected: Iterable[str] = ()
    ) -> HttpResponse | None:
        """Confirmation page of an action; None once the user has confirmed.

        `affected` lists the rows as text lines; without it, the first rows are listed.
        """
        if "confirmed" in request.POST:
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": question,
            "meaning": meaning,
            "about": list(affected) or [str(row) for row in rows[:MAX_CONFIRMED_ROWS_SHOWN]],
            "count": rows.count(),
            "opts": self.opts,
            "back": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"),
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "checkbox": ACTION_CHECKBOX_NAME,
            "action": request.POST["action"],
            "everything": request.POST.get("select_across", "0"),
        }
        return TemplateResponse(request, "admin/confirm_action.html", context)

    def reject_malformed_input(self, request: HttpRequest) -> None:
        """400 for what Django answers with 500: a NUL in the address, a selected id of the wrong type."""
        if any("\x00" in value for _, values in request.GET.lists() for value in values):
            raise BadRequest("PostgreSQL stores no NUL, so nothing can be found by one.")
        try:
            for selected in request.POST.getlist(ACTION_CHECKBOX_NAME):
                self.opts.pk.to_python(selected)
        except ValidationError as error:
            raise BadRequest("No such record.") from error

    @admin.display(description="patient")
    def patient_name(self, row: Any) -> str:
        """List column; select `patient` with the rows."""
        return row.patient.name if row.patient else ""

    def patient_ids(self, rows: Iterable[Model]) -> list[uuid.UUID]:
        """Ids of the patients whose data these rows show, without repeats."""
        found = (follow_attribute_path(row, self.patient_path) for row in rows) if self.patient_path else ()
        return list(dict.fromkeys(pk for pk in found if pk is not None))

    def record_view(self, request: HttpRequest, rows: Iterable[Model], *, one: str = "") -> None:
        audit_log.record_event(
            self.audit_action(request, one),
            by=current_user(request),
            patients=self.patient_ids(rows),
            target=self.audit_target(one),
        )

    def record_change(self, request: HttpRequest, obj: Model, **details: Any) -> None:
        audit_log.record_event(
            AuditEvent.Action.ADMIN_CHANGE,
            by=current_user(request),
            patients=self.patient_ids([obj]),
            target=self.audit_target(str(obj.pk)),
            **details,
        )

    def audit_action(self, request: HttpRequest, one: str) -> AuditAction:
        """Opening a record is one thing, seeing it in a list or among results is another."""
        if one:
            return AuditAction.ADMIN_VIEW
        return AuditAction.SEARCH if posted_searches.find_search(request) else AuditAction.ADMIN_LIST

    def audit_target(self, pk: str) -> str:
        return f"{self.opts.model_name}:{pk}" if pk else str(self.opts.model_name)


class ReadOnlyAdmin(PatientLinkMixin, ScopedAdmin):
    """Read-only admin of history and vendor data. Actions (replay, sync) may still be declared."""

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return displayed_fields(super().get_fields(request, obj))

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyInline(PatientLinkMixin, admin.TabularInline):
    """Read-only rows that belong to the record."""

    extra = 0
    can_delete = False
    view_on_site = False
    show_change_link = True

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        return super().get_formset(request, obj, **{"labels": field_labels(), **kwargs})

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def has_model_permission(request: HttpRequest, verb: str, model: type[Model]) -> bool:
    """For own verbs: `has_model_permission(request, "replay", Delivery)`; each AppConfig declares them."""
    return request.user.has_perm(f"{model._meta.app_label}.{verb}_{model._meta.model_name}")


def filter_parameter_name(entry: Any) -> str:
    """Query parameter of a filter: a field, a pair with its class, or a filter class."""
    first = entry[0] if isinstance(entry, tuple | list) else entry
    return str(getattr(first, "parameter_name", first))


def exact_match_filter(model: type[Model], path: str, term: str) -> Q:
    field = get_fields_from_path(model, path)[-1]
    try:
        value = field.to_python(term)
    except ValidationError:
        return Q(pk__in=[])
    return Q(**{path: value})


def follow_attribute_path(row: Any, path: str) -> Any:
    for name in path.split("."):
        row = getattr(row, name, None)
    return row


def changed_field_names(message: Any) -> list[str]:
    """Field names only, from the list that `ModelAdmin.construct_change_message` made."""
    parts = message if isinstance(message, list) else []
    return [name for part in parts for entry in part.values() for name in entry.get("fields", [])]
