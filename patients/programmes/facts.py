"""Record, end and withdraw facts that billing needs; each with its audit event and a new version of billing facts."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.formats import date_format

from patients.audit import audit_log
from patients.models import User
from patients.models.audit import AuditAction
from patients.programmes.changes import touch_billing, touch_billing_of_clinics
from patients.programmes.models import PatientFact, ProgrammeEnrolment, RecordedFact
from patients.programmes.models.recorded_fact import DatedFact

PERIODS_OF_OTHERS = ("priorauthorisation",)  # may share days


def format_day(day: dt.date) -> str:
    return date_format(day, "M j, Y")


def format_days(start: dt.date, end: dt.date | None) -> str:
    """ "Jan 5, 2026 to Mar 1, 2026", "since Jan 5, 2026"."""
    return f"{format_day(start)} to {format_day(end)}" if end else f"since {format_day(start)}"


def find_overlap(row: DatedFact) -> DatedFact | None:
    """A valid row of the same patient or person, and the same programme, that shares a day with this one."""
    owner = "patient_id" if hasattr(row, "patient_id") else "person_id"
    rows: Any = type(row).objects.valid().filter(**{owner: getattr(row, owner)}).exclude(pk=row.pk)
    if isinstance(row, ProgrammeEnrolment):
        rows = rows.filter(programme=row.programme)
    if row.ended_on is not None:
        rows = rows.filter(started_on__lte=row.ended_on)
    found: DatedFact | None = rows.exclude(ended_on__lt=row.started_on).first()
    return found


def check_days(row: RecordedFact) -> None:
    """End not before start, and no day that another row has. Raises ValidationError by field."""
    start, end = getattr(row, row.START_FIELD, None), getattr(row, row.END_FIELD, None)
    if start and end and end < start:
        raise ValidationError({row.END_FIELD: f"This is before the first day, {format_day(start)}."})
    if start and isinstance(row, DatedFact) and row._meta.model_name not in PERIODS_OF_OTHERS:
        other = find_overlap(row)
        if other:
            days = format_days(other.started_on, other.ended_on)
            raise ValidationError(
                {"started_on": f"Another one is on file for some of these days: {days}. End it first."}
            )


@transaction.atomic
def record_fact(row: RecordedFact, *, by: User | None) -> None:
    """Save a new row; `by` None: an operator at the command line. Raises ValidationError by field."""
    check_days(row)
    row.recorded_by = by
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:  # recorded meanwhile by another user
        check_days(row)
        raise ValidationError("This can't be saved. Please check what is on file now.") from error
    record_fact_change(row, by=by)


@transaction.atomic
def end_fact(row: RecordedFact, *, day: dt.date, by: User) -> None:
    """`day`: the last one, or the first without consent. Raises ValidationError for the field `day`."""
    current = lock_valid_row(row)
    if getattr(current, current.END_FIELD) is not None:
        raise ValidationError("It is ended already. If that is wrong, withdraw it and record it anew.")
    start = getattr(current, current.START_FIELD)
    if day < start:
        raise ValidationError({"day": f"This is before the first day, {format_day(start)}."})
    prefix = "revoked" if current.END_FIELD == "revoked_on" else "end"
    changed = {
        current.END_FIELD: day,
        f"{prefix}_recorded_at": timezone.now(),
        f"{prefix}_recorded_by": by,
    }
    for name, value in changed.items():
        setattr(current, name, value)
    current.save(update_fields=list(changed))
    record_fact_change(current, by=by, ended=True)


@transaction.atomic
def withdraw_fact(row: RecordedFact, *, reason: str, by: User) -> None:
    """It was a mistake: the row stays, and counts for nothing."""
    current = lock_valid_row(row)
    current.withdrawn_at, current.withdrawn_by, current.withdrawn_reason = timezone.now(), by, reason
    current.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_reason"])
    record_fact_change(current, by=by, withdrawn=True)


def lock_valid_row(row: RecordedFact) -> RecordedFact:
    rows: Any = type(row)._default_manager
    current: RecordedFact | None = rows.valid().select_for_update(of=("self",)).filter(pk=row.pk).first()
    if current is None:
        raise ValidationError("This was withdrawn meanwhile.")
    return current


def record_fact_change(row: Any, *, by: User | None, **details: Any) -> None:
    target = f"{row._meta.model_name}:{row.pk}"
    if isinstance(row, PatientFact):
        touch_billing([row.patient_id])
        clinic = row.patient.clinic
        audit_log.record_event(
            AuditAction.PROGRAMME, by=by, patients=[row.patient_id], clinic=clinic, target=target, **details
        )
        return
    touch_billing_of_clinics(row.person.clinics.values_list("pk", flat=True))
    audit_log.record_event(AuditAction.PROGRAMME, by=by, target=target, **details)
