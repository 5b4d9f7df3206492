"""Review of a patient: "I have read everything up to now". Refused while a critical alert is not acknowledged."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from measurements.alerts.assessment import assess_entries, assess_if_due, lock_entry, time_of_act
from measurements.alerts.engine.episodes import State
from measurements.alerts.engine.facts import EventKind
from measurements.alerts.engine.rules import Severity
from measurements.alerts.models import AlertEpisode, AlertStep, PatientReview
from measurements.alerts.steps import record_step
from measurements.local_days import LocalDays
from measurements.models import Measurement
from patients.audit import audit_log
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.permissions import Permission, has_permission

SHOWN_DAYS = 30  # of a patient on the triage list, today included


class ReviewRefused(Exception):
    """Critical episodes are open and neither acknowledged nor snoozed; nothing was saved."""

    def __init__(self, episodes: Sequence[AlertEpisode]) -> None:
        super().__init__("a critical episode is not acknowledged")
        self.episodes = episodes


class ReviewConflict(Exception):
    """Something of the patient has changed since the page was shown; nothing was saved."""


@transaction.atomic
def review_patient(*, patient: Patient, by: User, shown: str, acknowledge: Collection[str] = ()) -> PatientReview:
    """Record that a user has reviewed the patient as a page showed it.

    `shown`: the patient's live version there; `acknowledge`: the keys of critical episodes that it named, acknowledged
    in the same act. ReviewConflict, ReviewRefused, PermissionDenied.
    """
    check_may_review(patient.pk, by)
    entry = assess_if_due(patient.pk)
    patient.refresh_from_db(fields=["live_version"])
    if str(patient.live_version) != shown:
        raise ReviewConflict
    now = time_of_act(entry)
    waiting = unacknowledged_critical(patient.pk)
    if any(str(episode.pk) not in acknowledge for episode in waiting):
        raise ReviewRefused(waiting)
    for episode in waiting:
        record_step(AlertStep(episode=episode, patient=patient, kind=EventKind.ACKNOWLEDGE, by=by, at=now))
    review = PatientReview.objects.create(
        patient=patient,
        by=by,
        at=now,
        through=now,
        first_day=LocalDays.until(now, patient.zone, days=SHOWN_DAYS).first,
        newest_reading_id=Measurement.objects.newest_id_of(patient.pk),
    )
    audit_log.record_event(AuditAction.REVIEW, by=by, patients=[patient.pk], clinic=patient.clinic)
    assess_entries([entry])
    return review


def unacknowledged_critical(patient_id: uuid.UUID) -> list[AlertEpisode]:
    """Those that hinder a review: neither acknowledged nor snoozed, and not arrived late."""
    rows = AlertEpisode.objects.open().filter(patient=patient_id, severity=Severity.CRITICAL)
    return list(rows.exclude(state=State.SNOOZED).filter(is_acknowledged=False, is_late=False))


@transaction.atomic
def undo_review(*, review: PatientReview, by: User) -> None:
    """Take back a review on the same day of the clinic. ValidationError; PermissionDenied."""
    check_may_review(review.patient_id, by)
    entry, now = lock_entry(review.patient_id), timezone.now()
    current = PatientReview.objects.select_related("patient__clinic").get(pk=review.pk)
    zone = current.patient.clinic.zone
    if current.undone_at is not None:
        raise ValidationError("This review is taken back already.")
    if current.at.astimezone(zone).date() != now.astimezone(zone).date():
        raise ValidationError("A review can be taken back on its own day only.")
    current.undone_at, current.undone_by = now, by
    current.save(update_fields=["undone_at", "undone_by"])
    clinic = current.patient.clinic
    audit_log.record_event(AuditAction.REVIEW, by=by, patients=[review.patient_id], clinic=clinic, undone=True)
    assess_entries([entry])


def check_may_review(patient_id: uuid.UUID, by: User) -> None:
    if not has_permission(by, Permission.HANDLE_ALERTS):
        raise PermissionDenied("reviews are the clinicians'")
    if not Patient.objects.visible_to(by).filter(pk=patient_id).exists():
        raise PermissionDenied("no patient of this user")
