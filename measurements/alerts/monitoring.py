"""Health checks of alerts: nothing waits to be assessed or mailed, no patient fails, no mail fails."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from devices.monitoring.checks import register_check
from devices.monitoring.queue_age import SHORT_LIMIT, QueueAge, oldest_of, register_queue_age
from measurements.alerts.messages.sending import WORK
from measurements.alerts.messages.stages import Unreached
from measurements.alerts.models import AlertMessage, AlertNotification
from measurements.alerts.models.notification import PENDING_STATES, MessageState
from measurements.models import TriageEntry
from patients.queueing.models import PeriodicJob
from patients.wording import count_noun

LOST_ASSIGNMENTS, MISSING_NOTIFICATIONS = "lost alert assignments", "missing alert notifications"
MAIL_JOBS = (LOST_ASSIGNMENTS, MISSING_NOTIFICATIONS, WORK)
FAILURES_SHOWN_FOR = dt.timedelta(hours=2)


def check_failed_assessments() -> str | None:
    failing = TriageEntry.objects.failing().count()
    return f"alerts of {count_noun(failing, 'patient')} could not be assessed" if failing else None


def check_failed_messages() -> str | None:
    since = timezone.now() - FAILURES_SHOWN_FOR
    failed = AlertMessage.objects.filter(state=MessageState.FAILED, created_at__gte=since).count()
    return f"{count_noun(failed, 'mail')} about alerts failed three times" if failed else None


def check_mail_jobs() -> str | None:
    """Jobs of the last sweep, and notifications, that failed by an error in the program."""
    jobs = PeriodicJob.objects.filter(name__in=MAIL_JOBS).exclude(problem="").order_by("name")
    failed = [f"{job.name} failed ({job.problem})" for job in jobs]
    rows = AlertNotification.objects.filter(unreached_because=Unreached.NOT_PLANNED, ended_at__isnull=True).count()
    if rows:
        failed.append(f"people could not be notified of {count_noun(rows, 'alert')}")
    return "; ".join(failed) or None


ASSESSMENT_AGE = QueueAge(
    "patients wait for their alerts to be assessed", SHORT_LIMIT, oldest_of(TriageEntry.objects.all(), "due_at")
)
register_queue_age("alert_assessments", ASSESSMENT_AGE)
register_check("alert_assessments", ASSESSMENT_AGE.problem)
register_check("alerts_failed", check_failed_assessments)

MESSAGE_AGE = QueueAge(
    "mails about alerts wait to be sent",
    SHORT_LIMIT,
    oldest_of(AlertMessage.objects.filter(state__in=PENDING_STATES), "next_attempt_at"),
)
NOTIFICATION_AGE = QueueAge(
    "alerts wait for people to be notified",
    SHORT_LIMIT,
    oldest_of(AlertNotification.objects.filter(ended_at__isnull=True), "next_at"),
)
for name, age in (("alert_notifications", NOTIFICATION_AGE), ("alert_messages", MESSAGE_AGE)):
    register_queue_age(name, age)
    register_check(name, age.problem)
register_check("alert_mails_failed", check_failed_messages)
register_check("alert_mail_jobs", check_mail_jobs)
