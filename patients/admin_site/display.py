"""The page of one record in the admin: patients by name, fields in people's words, none that only our workers need."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from patients.app_config import project_app_configs

# What tells our workers when to look again, and us which form was sent twice; a person is told by state and attempts.
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
    """To the record's own page in the admin, by words that its `__str__`, which logs may show, must not have."""
    address = reverse(f"admin:{record._meta.app_label}_{record._meta.model_name}_change", args=[record.pk])
    return format_html('<a href="{}">{}</a>', address, words)


class PatientLinkMixin:
    """For records and for rows below one: `patient` is shown by name."""

    @admin.display(description="patient")
    def patient_link(self, row: Any) -> str:
        return admin_record_link(row.patient, row.patient.name) if row.patient else "-"


def displayed_fields(fields: Any) -> list[Any]:
    """What a record shows, without the machinery. Fields alone: nobody here groups them."""
    return [DISPLAY_METHODS.get(name, name) for name in fields if name not in INTERNAL_FIELDS]
