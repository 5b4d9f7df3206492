"""Read-only admin of alert episodes and what persons did with them, without any value of a patient."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet

from measurements.alerts.messages import admin as messages_admin
from measurements.alerts.models import (
    AlertEpisode,
    AlertRuleChange,
    AlertStep,
    BacktestRun,
    EpisodeNote,
    ExpectedReadings,
    MeasuringPause,
    PatientReview,
    PresetChange,
    PresetConfirmation,
    SharedTriageFilter,
)
from patients.admin_site.base import ReadOnlyAdmin, ReadOnlyInline
from patients.models import User

__all__ = ("messages_admin",)  # registers what it is about


class AlertStepInline(ReadOnlyInline):
    model = AlertStep
    fields = ("at", "kind", "by", "outcome", "to")


class EpisodeNoteInline(ReadOnlyInline):
    model = EpisodeNote
    fields = ("note",)
    show_change_link = False


@admin.register(AlertEpisode)
class AlertEpisodeAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("rule", "patient_name", "severity", "state", "first_known_at", "closed_at", "closed_by")
    fields = (
        *("rule", "patient", "severity", "queue", "state", "section", "reason", "opened_at", "detected_at"),
        *("first_known_at", "closed_at", "closed_by", "closed_by_person", "is_late", "is_acknowledged", "is_seen"),
        *("is_notified", "notified_again_at", "snoozed_until", "assigned_to", "is_frozen", "differs_because"),
    )
    list_filter = ("severity", "state", "queue")
    list_select_related = ("patient",)
    search_fields = ("=id", "=patient__id")
    search_help_text = "The number of an episode or the id of a patient"
    ordering = ("-first_known_at", "-pk")
    inlines = (AlertStepInline, EpisodeNoteInline)


@admin.register(AlertStep)
class AlertStepAdmin(ReadOnlyAdmin):
    """Without what was written, which is about the patient."""

    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("at", "kind", "by", "patient_name", "outcome", "to")
    fields = ("at", "kind", "by", "episode", "patient", "outcome", "until", "to")
    list_filter = ("kind", "outcome")
    list_select_related = ("patient", "by", "to")
    ordering = ("-pk",)


@admin.register(AlertRuleChange)
class AlertRuleChangeAdmin(ReadOnlyAdmin):
    """History of alert rules. A patient's row shows no limit of the patient."""

    clinic_path, patient_path = "clinic", "patient_id"
    list_display = ("at", "by", "rule", "is_off", "clinic", "patient_name")
    fields = ("at", "by", "rule", "is_off", "is_chosen", "clinic", "patient")
    list_filter = ("is_off",)
    list_select_related = ("by", "clinic", "patient")
    ordering = ("-pk",)

    def scope(self, rows: QuerySet[Any], user: User) -> QuerySet[Any]:
        own = user.clinics.all()
        return rows.filter(Q(clinic__in=own) | Q(patient__clinic__in=own))


@admin.register(MeasuringPause)
class MeasuringPauseAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("first_day", "last_day", "metric", "patient_name", "by", "ended_at")
    fields = ("patient", "metric", "first_day", "last_day", "by", "at", "ended_at", "ended_by")
    list_select_related = ("patient", "metric", "by")
    ordering = ("-pk",)


@admin.register(ExpectedReadings)
class ExpectedReadingsAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("at", "by", "patient_name")
    fields = ("patient", "metrics", "by", "at")
    list_select_related = ("patient", "by")
    ordering = ("-pk",)


@admin.register(PatientReview)
class PatientReviewAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("at", "by", "patient_name", "undone_at")
    list_select_related = ("patient", "by")
    ordering = ("-pk",)


@admin.register(PresetChange)
class PresetChangeAdmin(ReadOnlyAdmin):
    """When other presets began to judge a patient; which, is on the patient's page."""

    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("at", "patient_name")
    fields = ("patient", "at")
    list_select_related = ("patient",)
    ordering = ("-pk",)


@admin.register(PresetConfirmation)
class PresetConfirmationAdmin(ReadOnlyAdmin):
    """Who confirmed a patient's presets, and when; which, is on the patient's page."""

    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("at", "by", "patient_name")
    fields = ("patient", "by", "at")
    list_select_related = ("patient", "by")
    ordering = ("-pk",)


@admin.register(BacktestRun)
class BacktestRunAdmin(ReadOnlyAdmin):
    clinic_path = "clinic"
    list_display = ("started_at", "rule", "clinic", "by", "state", "patients_done", "patients_total", "finished_at")
    fields = (
        *("rule", "clinic", "by", "state", "started_at", "finished_at", "as_of", "patients_done", "patients_total"),
        *("attempts", "next_attempt_at"),
    )
    list_filter = ("state",)
    list_select_related = ("clinic", "by")
    ordering = ("-started_at", "pk")


@admin.register(SharedTriageFilter)
class SharedTriageFilterAdmin(ReadOnlyAdmin):
    clinic_path = "clinic"
    list_display = ("name", "clinic", "by", "at")
    list_select_related = ("clinic", "by")
    ordering = ("-pk",)
