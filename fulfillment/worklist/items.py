"""Exceptions as people work on them: assigned, snoozed, dismissed with a reason, each with history and audit."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from fulfillment.worklist.models import WorklistEvent, WorklistItem, record_item_event
from patients.audit import audit_log
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.permissions import PERMISSIONS_BY_ROLE, Permission

if TYPE_CHECKING:
    from django.db.models import QuerySet

CHANGED_MESSAGE = "It has changed meanwhile, so nothing was done. Please look at it once more."
SOLVED_MESSAGE = "It is solved meanwhile: {}"
MAX_SNOOZE = dt.timedelta(days=366)


class ItemChanged(Exception):
    """Why the exception was left as it is, in words for a person."""


def possible_owners(item: WorklistItem, *, by: User) -> QuerySet[User]:
    """Active people of its clinic, or of the user's own for one of no clinic, who may work on exceptions."""
    roles = [role for role, own in PERMISSIONS_BY_ROLE.items() if Permission.HANDLE_EXCEPTIONS in own]
    clinics = [item.clinic_id] if item.clinic_id else by.clinics.values_list("pk", flat=True)
    return User.objects.filter(is_active=True, role__in=roles, clinics__in=clinics).distinct()


@transaction.atomic
def assign_item(item: WorklistItem, *, owner: User | None, by: User, live_version: int) -> None:
    locked = lock_item(item, live_version)
    locked.owner = owner
    save_act(locked, "owner", kind=WorklistEvent.Kind.ASSIGNED, by=by, text=owner.name if owner else "nobody")


@transaction.atomic
def snooze_item(item: WorklistItem, *, until: dt.datetime, note: str, by: User, live_version: int) -> None:
    """Raises ValueError for a time that is over or more than a year away."""
    if not timezone.now() < until < timezone.now() + MAX_SNOOZE:
        raise ValueError("a snooze ends in the future, within a year")
    locked = lock_item(item, live_version)
    locked.snoozed_until, locked.snooze_note = until, note
    save_act(locked, "snoozed_until", "snooze_note", kind=WorklistEvent.Kind.SNOOZED, by=by, text=note)


@transaction.atomic
def wake_item(item: WorklistItem, *, by: User, live_version: int) -> None:
    """End its snooze now."""
    locked = lock_item(item, live_version)
    locked.snoozed_until, locked.snooze_note = None, ""
    save_act(locked, "snoozed_until", "snooze_note", kind=WorklistEvent.Kind.WOKEN, by=by)


@transaction.atomic
def dismiss_item(item: WorklistItem, *, reason: str, by: User, live_version: int) -> None:
    """Out of the list until its facts change."""
    touch_patient(item)
    locked = lock_item(item, live_version)
    locked.dismissed_at, locked.dismissed_by, locked.dismissal_reason = timezone.now(), by, reason
    columns = ("dismissed_at", "dismissed_by", "dismissal_reason")
    save_act(locked, *columns, kind=WorklistEvent.Kind.DISMISSED, by=by, text=reason)


@transaction.atomic
def restore_item(item: WorklistItem, *, by: User, live_version: int) -> None:
    """Take a dismissal back."""
    touch_patient(item)
    locked = lock_item(item, live_version)
    locked.dismissed_at, locked.dismissed_by, locked.dismissal_reason = None, None, ""
    columns = ("dismissed_at", "dismissed_by", "dismissal_reason")
    save_act(locked, *columns, kind=WorklistEvent.Kind.RESTORED, by=by)


def touch_patient(item: WorklistItem) -> None:
    """The pages of its patient show open exceptions. Before the exception is locked, as everywhere."""
    Patient.objects.touch_live_version([item.patient_id] if item.patient_id else [])


def lock_item(item: WorklistItem, live_version: int) -> WorklistItem:
    """`live_version`: of the page on which the user has decided. Raises ItemChanged."""
    locked = WorklistItem.objects.select_for_update(of=("self",), no_key=True).get(pk=item.pk)
    if locked.closed_at:
        raise ItemChanged(SOLVED_MESSAGE.format(locked.solution))
    if locked.live_version != live_version:
        raise ItemChanged(CHANGED_MESSAGE)
    return locked


def save_act(locked: WorklistItem, *columns: str, kind: WorklistEvent.Kind, by: User, text: str = "") -> None:
    locked.live_version += 1
    locked.save(update_fields=[*columns, "live_version"])
    record_item_event(locked, kind, by=by, text=text)
    audit_log.record_event(
        AuditAction.EXCEPTION, by=by, patients=[locked.patient_id] if locked.patient_id else [],
        clinic=locked.clinic, target=f"exception:{locked.pk}", act=str(kind), kind=locked.kind,
    )  # fmt: skip
