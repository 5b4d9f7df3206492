"""Admin of notifications: a clinic's times and choices, messages with their fate; never a value of a patient."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from measurements.alerts.models import AlertMessage, AlertMessageItem, AlertNotification, NotificationSettings
from measurements.alerts.models.notification import MessageState
from patients.admin_site.base import ReadOnlyAdmin, ReadOnlyInline
from patients.admin_site.filters import ClinicFilter
from patients.admin_site.optimistic_lock import OptimisticLockAdmin
from patients.admin_site.site import DashboardFigure, DashboardPanel, register_dashboard_panel
from patients.models import ClinicChange, User
from patients.permissions import current_user

SETTINGS_FIELDS = (
    *("critical_minutes", "severe_minutes", "severe_any_hour", "warning_days", "information_days", "after_hours"),
)


def describe_settings(row: NotificationSettings) -> dict[str, str]:
    """Text of each field by its label, for the clinic's history."""
    found = {}
    for name in SETTINGS_FIELDS:
        value = getattr(row, name)
        text = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
        label = str(NotificationSettings._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
        found[label[:60]] = row.get_after_hours_display() if name == "after_hours" else text
    return found


@admin.register(NotificationSettings)
class NotificationSettingsAdmin(OptimisticLockAdmin):
    """Of the own clinics; each change is a row of the clinic's history."""

    clinic_path = "clinic"
    list_display = ("clinic", "critical_minutes", "warning_days", "information_days", "after_hours")
    list_filter = (ClinicFilter,)
    fields = ("clinic", *SETTINGS_FIELDS)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return ("clinic",) if obj else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = current_user(request).clinics.all()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: NotificationSettings, form: Any, change: bool) -> None:
        stored = NotificationSettings.objects.filter(pk=obj.pk).first()
        before = describe_settings(stored or NotificationSettings(clinic=obj.clinic))
        super().save_model(request, obj, form, change)
        after = describe_settings(obj)
        ClinicChange.objects.bulk_create(
            ClinicChange(
                clinic=obj.clinic, field=label, before=before[label], after=after[label], by=current_user(request)
            )
            for label in after
            if before[label] != after[label]
        )


class NotificationItemInline(ReadOnlyInline):
    model = AlertMessageItem
    fk_name = "notification"
    fields = ("message", "stage", "left_out")
    show_change_link = False


@admin.register(AlertNotification)
class AlertNotificationAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("since", "cause", "episode", "reading", "stage", "reached_at", "unreached_because", "next_at")
    fields = (
        *("patient", "episode", "reading", "cause", "changed_at", "since", "stage", "next_at", "has_no_responsible"),
        *("reached_at", "unreached_because", "ended_at"),
    )
    list_filter = ("unreached_because", "has_no_responsible", "cause")
    list_select_related = ("episode", "reading")
    ordering = ("-pk",)
    inlines = (NotificationItemInline,)


class MessageItemInline(ReadOnlyInline):
    model = AlertMessageItem
    fields = ("notification", "stage", "left_out")
    show_change_link = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        own = current_user(request).clinics.all()
        return super().get_queryset(request).filter(notification__patient__clinic__in=own)


@admin.register(AlertMessage)
class AlertMessageAdmin(ReadOnlyAdmin):
    """Mails to people of the own clinics about alerts of these."""

    clinic_path = "items__notification__patient__clinic"
    list_display = ("created_at", "to", "state", "fate", "critical_count", "warning_count", "attempts", "sent_at")
    fields = (
        *("to", "state", "fate", "error", "created_at", "sent_at", "attempts", "next_attempt_at"),
        *("critical_count", "warning_count", "information_count"),
    )
    list_filter = ("state",)
    list_select_related = ("to",)
    ordering = ("-pk",)
    inlines = (MessageItemInline,)

    def scope(self, rows: QuerySet[Any], user: User) -> QuerySet[Any]:
        clinics = list(user.clinics.values_list("pk", flat=True))
        items = AlertMessageItem.objects.filter(message=OuterRef("pk"), notification__patient__clinic__in=clinics)
        return rows.filter(Exists(items))


@admin.register(AlertMessageItem)
class AlertMessageItemAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "notification__patient__clinic", "notification.patient_id"
    list_display = ("message", "notification", "stage", "left_out")
    list_filter = ("stage", "left_out")
    list_select_related = ("message", "notification")
    ordering = ("-pk",)


@register_dashboard_panel
def alert_messages_panel(request: HttpRequest) -> DashboardPanel:
    clinics = list(current_user(request).clinics.values_list("pk", flat=True))
    listed = AlertNotification.objects.listed().filter(patient__clinic__in=clinics)
    unreached = listed.exclude(unreached_because="").count()
    orphaned = listed.filter(has_no_responsible=True).count()
    failed = AlertMessage.objects.filter(state=MessageState.FAILED, to__clinics__in=clinics).distinct().count()
    page = reverse("admin:alerts_alertnotification_changelist")
    lines = [
        DashboardFigure(
            "Critical alerts that reached nobody", f"{unreached:,}", page, tone="bad" if unreached else "ok"
        ),
        DashboardFigure(
            "Alerts for which nobody is responsible",
            f"{orphaned:,}",
            f"{page}?has_no_responsible__exact=1",
            tone="warn" if orphaned else "ok",
        ),
        DashboardFigure(
            "Mails about alerts that failed",
            f"{failed:,}",
            f"{reverse('admin:alerts_alertmessage_changelist')}?state__exact={MessageState.FAILED.value}",
            tone="warn" if failed else "ok",
        ),
    ]
    return DashboardPanel("Alert messages", lines)
