"""What persons do with an alert episode: acknowledge, snooze, assign, escalate, resolve, reopen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F

from measurements.alerts.assessment import assess_all_due, assess_entries, assess_if_due, time_of_act
from measurements.alerts.engine.episodes import ClosedBy, State
from measurements.alerts.engine.facts import EventKind
from measurements.alerts.engine.outcome.steps import LONGEST_CRITICAL_SNOOZE
from measurements.alerts.engine.rules import Queue
from measurements.alerts.messages.notifications import record_step_notification
from measurements.alerts.models import AlertEpisode, AlertStep
from measurements.alerts.models.step import ResolveOutcome
from measurements.models import Measurement, TriageEntry
from patients.audit import audit_log
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.permissions import Permission, has_permission

LONGEST_SNOOZE = dt.timedelta(days=90)
MAX_TEXT_LETTERS = 2000


class StepConflict(Exception):
    """Another user took steps after the page was shown, or readings arrived; nothing of the caller's was saved."""

    def __init__(self, steps: Sequence[AlertStep]) -> None:
        super().__init__("the alert has changed meanwhile")
        self.steps = steps


@transaction.atomic
def take_step(
    *,
    episode: AlertEpisode,
    kind: EventKind,
    by: User,
    shown: str,
    outcome: str = "",
    text: str = "",
    until: dt.datetime | None = None,
    until_worse: bool = False,
    worse_by: float | None = None,
    to: User | None = None,
) -> AlertEpisode:
    """Record a step and assess the patient, in one transaction; returns the episode as it is then.

    `shown`: `shown_version` of the episode as the page showed it. `text`: reason, or words of an outcome.
    StepConflict; ValidationError by field; PermissionDenied.
    """
    entry = assess_if_due(episode.patient_id)
    current = AlertEpisode.objects.select_related("patient__clinic").get(pk=episode.pk)
    check_permission(current, by)
    if current.shown_version != shown:
        raise StepConflict(steps_since(current, shown))
    step = AlertStep(
        episode=current,
        patient=current.patient,
        kind=kind,
        by=by,
        at=time_of_act(entry),
        outcome=outcome if kind == EventKind.RESOLVE else "",
        text=text.strip(),
        until=until,
        until_worse=until_worse or worse_by is not None,
        worse_by=worse_by,
        to=to,
    )
    validate_step(step)
    record_step(step)
    record_step_notification(step)
    assess_entries([entry])
    current.refresh_from_db()
    return current


@transaction.atomic
def acknowledge_episodes(episodes: Sequence[AlertEpisode], *, by: User) -> None:
    """As they were shown, of many patients at once, who are then due. StepConflict, PermissionDenied."""
    shown = {episode.pk: episode.shown_version for episode in episodes}
    entries = assess_all_due({episode.patient_id for episode in episodes})
    for episode in AlertEpisode.objects.filter(pk__in=shown).select_related("patient__clinic").order_by("pk"):
        check_permission(episode, by)
        if episode.shown_version != shown[episode.pk]:
            raise StepConflict(steps_since(episode, shown[episode.pk]))
        at = time_of_act(entries[episode.patient_id])
        step = AlertStep(episode=episode, patient=episode.patient, kind=EventKind.ACKNOWLEDGE, by=by, at=at)
        validate_step(step)
        record_step(step)
    TriageEntry.objects.mark_due(entries)


def steps_since(episode: AlertEpisode, shown: str) -> list[AlertStep]:
    """None if only readings have arrived."""
    seen = {str(n): n for n in range(episode.step_version)}.get(shown.partition(".")[0], episode.step_version)
    return list(episode.steps.select_related("by").order_by("pk")[seen:])


def record_step(step: AlertStep) -> None:
    """The caller has locked the triage entry."""
    step.newest_reading_id = Measurement.objects.newest_id_of(step.patient_id)
    step.save(force_insert=True)
    AlertEpisode.objects.filter(pk=step.episode_id).update(
        step_version=F("step_version") + 1, live_version=F("live_version") + 1
    )
    audit_log.record_event(
        AuditAction.ALERT,
        by=step.by,
        patients=[step.patient_id],
        clinic=step.patient.clinic,
        target=f"alert:{step.episode_id}",
        step=step.kind,
        outcome=step.outcome,
    )


def can_take_step(episode: AlertEpisode, by: User) -> bool:
    """Clinicians; about missing readings coordinators too."""
    is_compliance = episode.queue == Queue.COMPLIANCE
    return has_permission(by, Permission.HANDLE_MISSING_READINGS if is_compliance else Permission.HANDLE_ALERTS)


def check_permission(episode: AlertEpisode, by: User) -> None:
    if not can_take_step(episode, by) or not Patient.objects.visible_to(by).filter(pk=episode.patient_id).exists():
        raise PermissionDenied("no alert of this user")


def validate_step(step: AlertStep) -> None:
    if len(step.text) > MAX_TEXT_LETTERS:
        raise ValidationError({"text": f"Write at most {MAX_TEXT_LETTERS:,} letters."})
    VALIDATORS[EventKind(step.kind)](step)


def validate_acknowledgement(step: AlertStep) -> None:
    if step.episode.is_acknowledged:
        raise ValidationError("This alert is acknowledged already.")
    if not (step.episode.is_open or step.episode.section):
        raise ValidationError("This alert is over: there is nothing to acknowledge.")


def validate_snooze(step: AlertStep) -> None:
    """Into the past, without an end, or of a critical one without a reason or for over a day: refused."""
    require_open(step.episode)
    if step.until is None and not step.until_worse:
        raise ValidationError({"until": "Choose until when, or until it gets worse."})
    if step.until is not None and step.until <= step.at:
        raise ValidationError({"until": "This time is over. Choose a later one."})
    is_critical = step.episode.is_critical
    longest = LONGEST_CRITICAL_SNOOZE if is_critical else LONGEST_SNOOZE
    if step.until is not None and step.until - step.at > longest:
        limit = "24 hours" if is_critical else f"{LONGEST_SNOOZE.days} days"
        raise ValidationError({"until": f"Choose a time within {limit}."})
    if is_critical and not step.text:
        raise ValidationError({"text": "Say why a critical alert can wait."})
    if step.worse_by is not None and not step.worse_by > 0:
        raise ValidationError({"worse_by": "Write a number above 0."})


def validate_assignment(step: AlertStep) -> None:
    """To a person who can take steps on it."""
    if not (step.episode.is_open or step.episode.section):
        raise ValidationError("This alert is over.")
    if step.to is None:
        raise ValidationError({"to": "Choose a person."})
    validate_person(step)


def validate_unassignment(step: AlertStep) -> None:
    if step.episode.assigned_to_id is None:
        raise ValidationError("This alert is assigned to nobody.")


def validate_escalation(step: AlertStep) -> None:
    """To a person, or without one to everybody of the queue."""
    require_open(step.episode)
    validate_person(step)


def validate_person(step: AlertStep) -> None:
    if step.to is None:
        return
    is_of_clinic = step.to.clinics.filter(pk=step.episode.patient.clinic_id).exists()
    if not (is_of_clinic and can_take_step(step.episode, step.to)):
        raise ValidationError({"to": f"{step.to} can't work on this alert. Choose another person."})


def validate_resolution(step: AlertStep) -> None:
    require_open(step.episode)
    if step.outcome not in ResolveOutcome.values:
        raise ValidationError({"outcome": "Choose an outcome from the list."})
    if step.outcome == ResolveOutcome.OTHER and not step.text:
        raise ValidationError({"text": "Say in a few words what the outcome was."})


def validate_reopening(step: AlertStep) -> None:
    episode = step.episode
    if episode.state != State.CLOSED or episode.closed_by != ClosedBy.PERSON:
        raise ValidationError("Only an alert that a person resolved can be opened again.")
    same_rule = AlertEpisode.objects.filter(patient=episode.patient_id, rule=episode.rule, metric=episode.metric)
    if same_rule.filter(first__gt=episode.first).exclude(state=State.DISSOLVED).exists():
        raise ValidationError("There is a newer alert of this rule.")


def require_open(episode: AlertEpisode) -> None:
    if not episode.is_open:
        raise ValidationError("This alert is over.")


VALIDATORS: Mapping[EventKind, Callable[[AlertStep], None]] = {
    EventKind.ACKNOWLEDGE: validate_acknowledgement,
    EventKind.SNOOZE: validate_snooze,
    EventKind.ASSIGN: validate_assignment,
    EventKind.UNASSIGN: validate_unassignment,
    EventKind.ESCALATE: validate_escalation,
    EventKind.RESOLVE: validate_resolution,
    EventKind.REOPEN: validate_reopening,
}
