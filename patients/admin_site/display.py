"""The page of one record in the admin: patients by name, fields in people's words, none that only our workers need."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

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
# Where a field's own name, which Django would show, is a column's and no person's.
FIELD_LABELS = {
    "status_due_at": "asked about next",
    "assigned_at": "assigned",
    "at": "when",
    "battery_percent": "battery, %",
    "bootloader_version": "bootloader",
    "client_notes": "our note at the vendor",
    "closed_at": "closed",
    "connected_on": "connected",
    "created_at": "created",
    "created_on": "created",
    "delivered_on": "delivered",
    "delivery_id": "delivery",
    "discharged_at": "discharged",
    "duplicate_at_address": "sent twice to one address",
    "ended_at": "until",
    "enrolled_at": "enrolled",
    "excluded_at": "excluded",
    "excluded_reason": "why excluded",
    "filter_params": "said by the device",
    "finished_at": "finished",
    "firmware_version": "firmware",
    "first_reading_at": "first reading",
    "hardware_uuid": "gateway ID or IMEI",
    "highest_1": "highest plausible first value",
    "highest_2": "highest plausible second value",
    "unconfirmed_status_at": "announced",
    "unconfirmed_status": "announced, not yet confirmed",
    "invalid_address": "address refused",
    "label_1": "name of the first value",
    "label_2": "name of the second value",
    "last_checkin_at": "checked in",
    "last_login": "last signed in",
    "last_measurement_at": "last reading",
    "listed": "what the vendor lists",
    "lookup_at": "looked for",
    "lookup_problem": "why it could not be looked for",
    "lowest_1": "lowest plausible first value",
    "lowest_2": "lowest plausible second value",
    "mailed_at": "mailed",
    "nth": "number",
    "resolved_at": "over",
    "resolved_mailed_at": "its end mailed",
    "override_reason": "why another one may be open",
    "placed_at": "placed",
    "processed_at": "worked on",
    "purged_at": "content purged",
    "raw_metric": "kind, in the vendor's word",
    "refresh_due_at": "to be read again",
    "received_at": "received here",
    "request_id": "id at the vendor",
    "require_signature": "signature required",
    "requested_by": "asked for by",
    "search_after": "looked for at the vendor from",
    "sensor_id": "number of the sensor",
    "sent_at": "sent",
    "ship_city": "city",
    "ship_name": "shipped to",
    "ship_state": "state",
    "ship_street": "street",
    "ship_zip_code": "ZIP code",
    "shipped_at": "shipped",
    "shipped_on": "shipped",
    "started_at": "started",
    "status_at": "since",
    "succeeded_at": "last success",
    "hardware_log_due_at": "log of its hardware is read next",
    "synced_at": "read from the vendor",
    "taken_at": "taken",
    "time_source": "time comes from",
    "absence_count": "times not found at the vendor",
    "unknown_since": "unclear since",
    "unlinked_on": "unlinked",
    "updated_on": "changed",
    "value_1": "first value, as it came",
    "value_2": "second value, as it came",
    "vendor_created": "created at the vendor",
    "vendor_id": "id at the vendor",
    "vendor_last_measurement": "last reading at the vendor",
    "window_end": "compared until",
    "window_start": "compared from",
}


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
