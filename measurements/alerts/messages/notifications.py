"""Notifications that episodes and persons' steps need: written in the transaction of the assessment or the step."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from measurements.alerts.engine.episodes import Section, State
from measurements.alerts.engine.facts import EventKind
from measurements.alerts.models import AlertEpisode, AlertNotification, AlertStep
from measurements.alerts.models.notification import NotificationCause
from measurements.models import TriageEntry
from patients.queueing.wakeup import wake_worker

BATCH_SIZE = 500
CRITICAL_CHECKS = ("at_once", "beyond_meter")  # of `TriageEntry.checks`; what arrived late raises no alarm


def record_needed_notifications(episodes: Iterable[AlertEpisode], now: dt.datetime) -> None:
    """Of episodes that a message is due for and that wait for an answer. What was notified once is not repeated,
    unless it got worse or waits again after a snooze or a resolution."""
    waiting = [row for row in episodes if row.awaits_answer]
    if not waiting:
        return
    stored: dict[int, list[AlertNotification]] = defaultdict(list)
    for notification in AlertNotification.objects.of_alerts().filter(episode__in=waiting).order_by("pk"):
        if notification.episode_id is not None:
            stored[notification.episode_id].append(notification)
    restarts = newest_restarts(waiting)
    needed, resumed = [], []
    for row in waiting:
        own = stored[row.pk]
        if found := needed_notification(row, own, restarts.get(row.pk), now):
            needed.append(found)
        elif own and all(each.ended_at for each in own):
            resumed.append(own[-1].pk)  # it was over, and is open again: those who have no mail yet are notified
    renewed = {each.episode_id for each in needed}
    replaced = [each.pk for row in waiting if row.pk in renewed for each in stored[row.pk] if each.ended_at is None]
    AlertNotification.objects.filter(pk__in=replaced).update(ended_at=now, next_at=None)
    AlertNotification.objects.filter(pk__in=resumed).update(ended_at=None, since=now, next_at=now, stage="")
    AlertNotification.objects.bulk_create(needed, ignore_conflicts=True)
    if needed or resumed:
        wake_worker("alert_messages")


def needed_notification(
    row: AlertEpisode, stored: Sequence[AlertNotification], restart: AlertStep | None, now: dt.datetime
) -> AlertNotification | None:
    if is_worse_since(row, stored):
        return new_notification(row, NotificationCause.WORSE, now, changed_at=row.notified_again_at)
    if restart and is_restarted(row, restart, stored):
        return new_notification(row, NotificationCause.AGAIN, now, changed_at=restart.at, step=restart)
    return new_notification(row, NotificationCause.OPENED, now) if row.is_notified and not stored else None


def newest_restarts(episodes: Iterable[AlertEpisode]) -> dict[int, AlertStep]:
    """By episode the last step after which it waits again: a snooze that is over, or that it was opened again."""
    touched = [row.pk for row in episodes if row.step_version]
    if not touched:
        return {}
    found = AlertStep.objects.filter(episode__in=touched, kind__in=[EventKind.SNOOZE, EventKind.REOPEN])
    return {step.episode_id: step for step in found.order_by("pk")}


def is_restarted(row: AlertEpisode, restart: AlertStep, stored: Iterable[AlertNotification]) -> bool:
    """Also of one that was confirmed while it was snoozed, so that no message was due."""
    is_due = row.is_notified or (row.state == State.OPEN and not row.is_late)
    return is_due and all(each.step_id != restart.pk and each.since <= restart.at for each in stored)


def record_step_notification(step: AlertStep) -> None:
    """Of an assignment to another person, and of an escalation."""
    is_assigned_to_other = step.kind == EventKind.ASSIGN and step.to_id != step.by_id
    if not (is_assigned_to_other or step.kind == EventKind.ESCALATE):
        return
    cause = NotificationCause.ASSIGNED if is_assigned_to_other else NotificationCause.ESCALATED
    new_notification(step.episode, cause, timezone.now(), changed_at=step.at, step=step).save(force_insert=True)
    wake_worker("alert_messages")


def record_reading_notifications(urgent: Mapping[uuid.UUID, Collection[int]], now: dt.datetime) -> None:
    """Of readings that can't wait, by patient: once each; ended when none waits for a person any more."""
    rows = AlertNotification.objects.filter(patient__in=urgent.keys(), reading__isnull=False)
    stored = {(row.patient_id, row.reading_id): row for row in rows}
    wanted = {(patient, reading) for patient, readings in urgent.items() for reading in readings}
    over = [row.pk for key, row in stored.items() if row.ended_at is None and key not in wanted]
    resumed = [row.pk for key, row in stored.items() if row.ended_at is not None and key in wanted]
    AlertNotification.objects.filter(pk__in=over).update(ended_at=now, next_at=None)
    AlertNotification.objects.filter(pk__in=resumed).update(ended_at=None, since=now, next_at=now, stage="")
    new = sorted(wanted - stored.keys())
    AlertNotification.objects.bulk_create(
        [AlertNotification(patient_id=patient, reading_id=reading, since=now, next_at=now) for patient, reading in new],
        ignore_conflicts=True,
    )
    if new or resumed:
        wake_worker("alert_messages")


def add_missing_notifications() -> None:
    """Of episodes of before there were notifications, and where an answer was taken back while its end was stored."""
    active = AlertNotification.objects.of_alerts().filter(episode=OuterRef("pk"), ended_at__isnull=True)
    is_due = Q(is_notified=True) | Q(notified_again_at__isnull=False)
    missing = AlertEpisode.objects.awaiting_answer().filter(is_due, ~Exists(active))
    record_needed_notifications(missing.order_by("pk")[:BATCH_SIZE], timezone.now())
    entries = TriageEntry.objects.filter(section=Section.CRITICAL).exclude(checks={})
    known = AlertNotification.objects.filter(patient=OuterRef("pk"), reading__isnull=False)
    found = entries.filter(~Exists(known)).order_by("pk")[:BATCH_SIZE]
    record_reading_notifications({entry.pk: urgent_readings(entry) for entry in found}, timezone.now())


def urgent_readings(entry: TriageEntry) -> list[int]:
    """Those that put the patient into the critical section without an alert; none outside of monitoring."""
    return [pk for name in CRITICAL_CHECKS for pk in entry.checks.get(name, ())] if entry.section else []


def is_worse_since(row: AlertEpisode, stored: Iterable[AlertNotification]) -> bool:
    """Whether it has got worse since the newest notification about that."""
    if row.notified_again_at is None:
        return False
    return all(each.changed_at is None or each.changed_at < row.notified_again_at for each in stored)


def new_notification(
    row: AlertEpisode,
    cause: NotificationCause,
    now: dt.datetime,
    *,
    changed_at: dt.datetime | None = None,
    step: AlertStep | None = None,
) -> AlertNotification:
    return AlertNotification(
        patient_id=row.patient_id, episode=row, cause=cause, changed_at=changed_at, step=step, since=now, next_at=now
    )
