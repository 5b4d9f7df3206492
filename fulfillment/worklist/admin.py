"""Admin of exceptions and their history, read-only, and the dashboard's count of open ones by kind.

Some next steps are an administrator's, who has no list of exceptions beside this one.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from devices.admin import dashboard
from fulfillment.worklist.kinds import action_for, kind_named, rank_of, registry
from fulfillment.worklist.models import WorklistEvent, WorklistItem, WorklistNote
from patients.admin_site.base import ReadOnlyAdmin, ReadOnlyInline, viewer
from patients.admin_site.site import DashboardPanel, register_dashboard_panel
from patients.models import User
from patients.permissions import current_user


class KindFilter(admin.SimpleListFilter):
    title, parameter_name = "kind", "kind"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, kind.label) for name, kind in registry.kinds.items()]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() in registry.kinds else queryset


class WorklistEventInline(ReadOnlyInline):
    model = WorklistEvent
    fields = ("at", "kind", "by", "text")


class WorklistNoteInline(ReadOnlyInline):
    model = WorklistNote
    fields = ("note",)
    show_change_link = False


@admin.register(WorklistItem)
class WorklistItemAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "clinic", "patient_id"
    list_display = (
        "kind_label",
        "patient_name",
        "name",
        "why",
        "next_step",
        "since",
        "owner",
        "snoozed_until",
        "closed_at",
    )
    list_filter = (KindFilter, ("closed_at", admin.EmptyFieldListFilter), ("dismissed_at", admin.EmptyFieldListFilter))
    list_select_related = ("patient", "owner", "device", "gateway", "line")
    search_fields = ("=id", "=patient__id")
    search_help_text = "The id of an exception or of a patient"
    ordering = ("-opened_at", "-pk")
    exclude = ("facts", "fingerprint", "gateway", "subject", "rank")
    inlines = (WorklistEventInline, WorklistNoteInline)

    def scope(self, rows: QuerySet[Any], user: User) -> QuerySet[Any]:
        """Those of the vendor's account name no patient: every administrator sees them."""
        return rows.filter(Q(clinic__isnull=True) | Q(clinic__in=user.clinics.all()))

    @admin.display(description="kind", ordering="kind")
    def kind_label(self, item: WorklistItem) -> str:
        return kind_named(item.kind).label

    @admin.display(description="why, and what to do")
    def why(self, item: WorklistItem) -> str:
        text = kind_named(item.kind).describe_to_administrators(item.facts)
        return f"{text.meaning} {text.advice}"

    @admin.display(description="next step", empty_value="a coordinator's")
    def next_step(self, item: WorklistItem) -> str | None:
        action = action_for(item, viewer.get())
        return format_html('<a href="{}">{}</a>', action.url, action.label) if action else None


@admin.register(WorklistEvent)
class WorklistEventAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "item__clinic", "item.patient_id"
    list_display = ("at", "kind", "item", "by", "text")
    list_filter = ("kind", ("at", admin.DateFieldListFilter))
    list_select_related = ("item", "by")
    search_fields = ("=item__id", "=item__patient__id")
    search_help_text = "The id of an exception or of a patient"

    def scope(self, rows: QuerySet[Any], user: User) -> QuerySet[Any]:
        return rows.filter(Q(item__clinic__isnull=True) | Q(item__clinic__in=user.clinics.all()))


@register_dashboard_panel
def exceptions_panel(request: HttpRequest) -> DashboardPanel:
    """Open ones by kind, as `WorklistItemAdmin` scopes them, the most urgent first."""
    own = Q(clinic__isnull=True) | Q(clinic__in=list(current_user(request).clinics.all()))
    counts = WorklistItem.objects.awake().filter(own).order_by().values_list("kind").annotate(n=Count("pk"))
    lines = [
        dashboard.build_line(
            f"Exceptions: {kind_named(kind).label}",
            count,
            dashboard.changelist_url(WorklistItem, kind=kind, closed_at__isempty=1, dismissed_at__isempty=1),
            tone=dashboard.WARN,
        )
        for kind, count in sorted(counts, key=lambda each: rank_of(each[0]))
    ]
    return DashboardPanel(dashboard.ATTENTION_TITLE, lines)
