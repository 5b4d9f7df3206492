"""Say since when a patient's new time zone is in force: moved on a day, or the old one was wrong all along."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable

from patients.audit import audit_log
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.programmes.changes import touch_billing
from patients.programmes.models import ZoneChange


def record_zone_change(patient: Patient, *, moved_on: dt.date | None, by: User) -> None:
    """Of a patient who is saved with the new zone. `moved_on`: first day in it; None: the old one was always wrong.

    Readings before the move keep their local days; after a correction all days are counted anew.
    """
    starts_at = dt.datetime.combine(moved_on, dt.time(), tzinfo=patient.zone) if moved_on else None
    row = ZoneChange.objects.create(
        patient=patient,
        time_zone=patient.time_zone,
        starts_at=starts_at,
        is_correction=starts_at is None,
        recorded_by=by,
    )
    touch_billing([patient.pk])
    audit_log.record_event(
        AuditAction.PROGRAMME, by=by, patients=[patient.pk], clinic=patient.clinic, target=f"zonechange:{row.pk}"
    )


def record_corrections(zones: Iterable[tuple[uuid.UUID, str]]) -> None:
    """(patient, zone) of patients whose zone was guessed wrong, before they are saved."""
    rows = [ZoneChange(patient_id=pk, time_zone=zone, is_correction=True) for pk, zone in zones]
    ZoneChange.objects.bulk_create(rows)
    touch_billing(row.patient_id for row in rows)
