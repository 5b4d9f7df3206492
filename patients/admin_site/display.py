"""Record pages of the admin: patients by name, readable field labels, and no fields that only workers need."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from patients.app_config import project_app_configs

# Scheduling of workers and detection of repeated forms; state and attempts are shown instead.
INTERNAL_FIELDS = frozenset(
    [
        "lease",
        "leased_until",
        "next_attempt_at",
        "lookup_requested_at",
        "status_attempts",
        "submission_id",
        "person_waiting_until",
    ]
)
DISPLAY_METHODS = {"patient": "patient_link"}


def field_labels() -> dict[str, str]:
    """Labels by field name of all apps, where Django's label, made of the field's name, says too little."""
    return {name: label for config in project_app_configs() for name, label in config.field_labels.items()}


def admin_record_link(record: Any, words: str) -> str:
    """Link to a record's admin page; its text may be a name, which `__str__` must not have because logs show it."""
    address = reverse(f"admin:{record._meta.app_label}_{record._meta.model_name}_change", args=[record.pk])
    return format_html('<a href="{}">{}</a>', address, words)


class PatientLinkMixin:
    """Shows `patient` by name, on record pages and in inlines."""

    @admin.display(description="patient")
    def patient_link(self, row: Any) -> str:
        return admin_record_link(row.patient, row.patient.name) if row.patient else "-"


def displayed_fields(fields: Any) -> list[Any]:
    """The given field names without internal ones, as a flat list."""
    return [DISPLAY_METHODS.get(name, name) for name in fields if name not in INTERNAL_FIELDS]
