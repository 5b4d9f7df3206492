"""Plan, edit and withdraw absences of care team members with the colleague who covers their patients."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.formats import date_format

from patients.audit import audit_log
from patients.care import team
from patients.care.models import Absence, CareTeamMember
from patients.models import Clinic, Patient, Role, User
from patients.models.audit import AuditAction

MAX_ABSENCE_DAYS = 366


@transaction.atomic
def plan_absence(
    *, clinic: Clinic, user: User, first_day: dt.date, last_day: dt.date, cover: User | None, by: User
) -> Absence:
    """`user` is away from one day of the clinic to another, both included. Raises ValidationError by field."""
    if not by.clinics.filter(pk=clinic.pk).exists():
        raise ValidationError({"clinic": "This is no clinic of yours."})
    # Serialized by the clinic's row: of two plans for the same days, the second one is refused.
    Clinic.objects.select_for_update(no_key=True).get(pk=clinic.pk)
    absence = Absence(clinic=clinic, user=user, first_day=first_day, last_day=last_day, cover=cover, planned_by=by)
    save_absence(absence)
    record_absence_change(absence, by=by)
    return absence


@transaction.atomic
def edit_absence(*, absence: Absence, first_day: dt.date, last_day: dt.date, cover: User | None, by: User) -> Absence:
    """Other days or another cover; who is away stays. Raises ValidationError by field. Without a change nothing is
    written."""
    Clinic.objects.select_for_update(no_key=True).get(pk=absence.clinic_id)
    people = Absence.objects.visible_to(by).select_related("clinic", "user", "cover")
    current = people.select_for_update(of=("self",)).get(pk=absence.pk)
    if current.withdrawn_at is not None:
        raise ValidationError("This absence was withdrawn meanwhile. Plan it anew.")
    wanted = {"first_day": first_day, "last_day": last_day, "cover": cover}
    changed = [name for name, value in wanted.items() if getattr(current, name) != value]
    if changed:
        for name, value in wanted.items():
            setattr(current, name, value)
        save_absence(current)
        record_absence_change(current, by=by, fields=changed)
    return current


def save_absence(absence: Absence) -> None:
    """Under the lock of its clinic. Raises ValidationError by field."""
    check_absence(absence)
    try:
        with transaction.atomic():
            absence.save()
    except IntegrityError as error:  # planned in the shell meanwhile
        raise ValidationError({"first_day": "This person is away on some of these days already."}) from error


def check_absence(absence: Absence) -> None:
    check_days(absence)
    clinic, user, cover = absence.clinic, absence.user, absence.cover
    team.require_candidates([user], clinic, field="user")
    if cover == user:
        raise ValidationError({"cover": "Choose another person than the one who is away."})
    if cover is not None:
        team.require_candidates([cover], clinic, field="cover", responsible=user.role == Role.CLINICIAN)
    check_same_days(absence)


def check_days(absence: Absence) -> None:
    if absence.last_day < absence.first_day:
        raise ValidationError({"last_day": "The last day is before the first one."})
    if (absence.last_day - absence.first_day).days >= MAX_ABSENCE_DAYS:
        raise ValidationError({"last_day": f"Plan at most {MAX_ABSENCE_DAYS} days at once."})
    if absence.last_day < timezone.localdate(timezone=absence.clinic.zone):
        raise ValidationError({"last_day": "These days are over."})


def check_same_days(absence: Absence) -> None:
    """A cover is never away, and a person who is away covers for no other: covers form no chain."""
    user, cover = absence.user, absence.cover
    same_days = (
        Absence.objects.planned()
        .exclude(pk=absence.pk)
        .filter(clinic=absence.clinic, first_day__lte=absence.last_day, last_day__gte=absence.first_day)
    )
    if found := same_days.filter(user=user).first():
        raise ValidationError({"first_day": f"{user} is away {days_label(found)} already."})
    if cover is not None and (found := same_days.filter(user=cover).first()):
        raise ValidationError({"cover": f"{cover} is away {days_label(found)}. Choose another person."})
    if found := same_days.filter(cover=user).select_related("user").first():
        message = (
            f"{user} is the cover of {found.user} {days_label(found)}. Withdraw that absence and plan it anew first."
        )
        raise ValidationError({"user": message})


@transaction.atomic
def withdraw_absence(*, absence: Absence, by: User) -> Absence:
    """The person isn't away, or is back early; what was covered until now stays as it was. Idempotent."""
    current = Absence.objects.visible_to(by).select_for_update(of=("self",)).get(pk=absence.pk)
    if current.withdrawn_at is None:
        current.withdrawn_at, current.withdrawn_by = timezone.now(), by
        current.save(update_fields=["withdrawn_at", "withdrawn_by"])
        record_absence_change(current, by=by, withdrawn=True)
    return current


def days_label(absence: Absence) -> str:
    """ "from Dec 1 to Dec 5, 2026", "on Dec 1, 2026"."""
    first, last = (date_format(day, "M j, Y") for day in (absence.first_day, absence.last_day))
    return f"on {first}" if first == last else f"from {first} to {last}"


def record_absence_change(absence: Absence, *, by: User, **details: Any) -> None:
    """Pages of the patients show who covers: they reload."""
    memberships = CareTeamMember.objects.open().filter(user=absence.user_id, patient__clinic=absence.clinic_id)
    Patient.objects.touch_live_version(memberships.values_list("patient", flat=True))
    target = f"absence:{absence.pk}"
    audit_log.record_event(AuditAction.ABSENCE, by=by, clinic=absence.clinic, target=target, **details)
