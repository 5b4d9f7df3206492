"""Admin of exceptions and their history, read-only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet

from fulfillment.worklist.kinds import kind_named, registry
from fulfillment.worklist.models import WorklistEvent, WorklistItem, WorklistNote
from patients.admin_site.base import ReadOnlyAdmin, ReadOnlyInline
from patients.models import User


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
        "since",
        "owner",
        "snoozed_until",
        "closed_at",
    )
    list_filter = (KindFilter, ("closed_at", admin.EmptyFieldListFilter), ("dismissed_at", admin.EmptyFieldListFilter))
    list_select_related = ("patient", "owner")
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
