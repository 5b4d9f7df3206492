"""Pauses from measuring: planned by a person with a reason, ended earlier by a person."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from measurements.alerts.assessment import assess_entries, lock_entry
from measurements.alerts.models import MeasuringPause
from measurements.models import Metric
from patients.audit import audit_log
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.permissions import Permission, has_permission

LONGEST_PAUSE = dt.timedelta(days=180)


@transaction.atomic
def plan_pause(
    *, patient: Patient, by: User, first_day: dt.date, last_day: dt.date, reason: str, metric: Metric | None = None
) -> MeasuringPause:
    """ValidationError by field; PermissionDenied."""
    check_may_pause(patient, by)
    if last_day < first_day:
        raise ValidationError({"last_day": "The last day is before the first."})
    if last_day < patient.today:
        raise ValidationError({"last_day": "This pause would be over already."})
    if last_day - first_day > LONGEST_PAUSE:
        raise ValidationError({"last_day": f"A pause is at most {LONGEST_PAUSE.days} days long."})
    if not reason.strip():
        raise ValidationError({"reason": "Say why the patient doesn't measure."})
    entry = lock_entry(patient.pk)
    pause = MeasuringPause.objects.create(
        patient=patient, metric=metric, first_day=first_day, last_day=last_day, reason=reason.strip(), by=by
    )
    audit_log.record_event(AuditAction.ALERT, by=by, patients=[patient.pk], clinic=patient.clinic, step="pause")
    assess_entries([entry])
    return pause


@transaction.atomic
def end_pause(*, pause: MeasuringPause, by: User) -> None:
    """From today on the patient is expected to measure again."""
    patient = pause.patient
    check_may_pause(patient, by)
    entry = lock_entry(patient.pk)
    current = MeasuringPause.objects.get(pk=pause.pk)
    if current.ended_at is not None or current.last_day < patient.today:
        raise ValidationError("This pause is over already.")
    current.ended_at, current.ended_by = timezone.now(), by
    current.save(update_fields=["ended_at", "ended_by"])
    audit_log.record_event(AuditAction.ALERT, by=by, patients=[patient.pk], clinic=patient.clinic, step="end_pause")
    assess_entries([entry])


def check_may_pause(patient: Patient, by: User) -> None:
    is_own = Patient.objects.visible_to(by).filter(pk=patient.pk).exists()
    if not is_own or not has_permission(by, Permission.HANDLE_MISSING_READINGS):
        raise PermissionDenied("no patient of this user")
