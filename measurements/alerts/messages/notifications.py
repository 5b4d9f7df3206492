"""Notifications that episodes need: written with the episodes, in the transaction of the assessment."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Exists, OuterRef
from django.utils import timezone

from measurements.alerts.models import AlertEpisode, AlertNotification
from measurements.alerts.models.notification import NotificationCause
from patients.queueing.wakeup import wake_worker

BATCH_SIZE = 500


def record_needed_notifications(episodes: Iterable[AlertEpisode], now: dt.datetime) -> None:
    """Of episodes that a message is due for and that wait for an answer. What was notified once is not repeated."""
    waiting = [row for row in episodes if row.awaits_answer and (row.is_notified or row.notified_again_at)]
    if not waiting:
        return
    stored: dict[int, list[AlertNotification]] = defaultdict(list)
    rows = AlertNotification.objects.exclude(cause=NotificationCause.UNASSIGNED)
    for notification in rows.filter(episode__in=waiting).order_by("pk"):
        stored[notification.episode_id].append(notification)
    needed, replaced, resumed = [], [], []
    for row in waiting:
        own = stored[row.pk]
        if is_worse_since(row, own):
            cause = NotificationCause.WORSE
            needed.append(new_notification(row, cause, now, changed_at=row.notified_again_at))
            replaced += [each.pk for each in own if each.ended_at is None]
        elif not own:
            needed.append(new_notification(row, NotificationCause.OPENED, now))
        elif all(each.ended_at and not each.reached_at for each in own):
            resumed.append(own[-1].pk)  # it was over before a message was sent, and is open again
    AlertNotification.objects.filter(pk__in=replaced).update(ended_at=now, next_at=None)
    AlertNotification.objects.filter(pk__in=resumed).update(ended_at=None, next_at=now, stage="")
    AlertNotification.objects.bulk_create(needed, ignore_conflicts=True)
    if needed or resumed:
        wake_worker("alert_messages")


def add_missing_notifications() -> None:
    """Of episodes that were stored before there were notifications: after an update a critical one may be open."""
    own = AlertNotification.objects.filter(episode=OuterRef("pk"))
    missing = AlertEpisode.objects.awaiting_answer().filter(~Exists(own), is_notified=True)
    record_needed_notifications(missing.order_by("pk")[:BATCH_SIZE], timezone.now())


def is_worse_since(row: AlertEpisode, stored: Iterable[AlertNotification]) -> bool:
    """Whether it has got worse since the newest notification about that."""
    if row.notified_again_at is None:
        return False
    return all(each.changed_at is None or each.changed_at < row.notified_again_at for each in stored)


def new_notification(
    row: AlertEpisode, cause: NotificationCause, now: dt.datetime, *, changed_at: dt.datetime | None = None
) -> AlertNotification:
    return AlertNotification(episode=row, cause=cause, changed_at=changed_at, since=now, next_at=now)
