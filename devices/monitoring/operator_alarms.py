"""Mail to operators when something that must run doesn't: once when it begins, once an hour while it lasts, once when
it is over. A mail that can't be sent is tried again with the next check, a minute later."""

from __future__ import annotations

import datetime as dt
import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import F, Q
from django.utils import timezone

from devices.models import OperatorAlarm
from devices.monitoring import checks
from devices.monitoring.queue_age import format_duration

logger = logging.getLogger(__name__)

MAIL_REPEAT_INTERVAL = dt.timedelta(hours=1)
ALARM_RETENTION = dt.timedelta(days=30)


def update_operator_alarms() -> None:
    """Store which checks fail now, and mail operators what has changed."""
    now = timezone.now()
    found = checks.find_problems()
    for name, problem in found.items():
        record_problem(name, problem, now)
    OperatorAlarm.objects.filter(resolved_at__isnull=True).exclude(name__in=found).update(resolved_at=now)
    notify_operators(now)
    OperatorAlarm.objects.filter(resolved_at__lt=now - ALARM_RETENTION).delete()


def record_problem(name: str, problem: str, now: dt.datetime) -> None:
    alarm, begins = OperatorAlarm.objects.get_or_create(name=name, defaults={"problem": problem, "since": now})
    if begins or alarm.resolved_at:
        logger.error("alarm %s: %s", name, problem)
    if alarm.resolved_at:  # when it was mailed last stays: what comes and goes is mailed once an hour too
        OperatorAlarm.objects.filter(pk=name).update(
            problem=problem, since=now, resolved_at=None, resolved_mailed_at=None
        )
    elif not begins:
        OperatorAlarm.objects.filter(pk=name).update(problem=problem)


def notify_operators(now: dt.datetime) -> None:
    due = Q(mailed_at__isnull=True) | Q(mailed_at__lte=now - MAIL_REPEAT_INTERVAL)
    lasting = list(OperatorAlarm.objects.filter(due, resolved_at__isnull=True))
    over = list(
        OperatorAlarm.objects.filter(
            resolved_at__isnull=False, resolved_mailed_at__isnull=True, mailed_at__gte=F("since")
        )
    )
    if not (lasting or over) or not send_alarm_mail(lasting, over, now):
        return
    OperatorAlarm.objects.filter(pk__in=[alarm.pk for alarm in lasting]).update(mailed_at=now)
    OperatorAlarm.objects.filter(pk__in=[alarm.pk for alarm in over]).update(resolved_mailed_at=now)


def send_alarm_mail(lasting: list[OperatorAlarm], over: list[OperatorAlarm], now: dt.datetime) -> bool:
    """One mail about all alarms that last or have ended. False when it could not be sent."""
    if not settings.OPERATOR_EMAILS:
        return False
    lines = [f"RED   {alarm.name}: {alarm.problem} (for {format_duration(now - alarm.since)})" for alarm in lasting]
    lines += [
        f"over  {alarm.name}: it lasted {format_duration((alarm.resolved_at or now) - alarm.since)}" for alarm in over
    ]
    names = ", ".join(alarm.name for alarm in lasting or over)
    subject = f"Vitals at Home: {'red' if lasting else 'over'}: {names}"[:200]
    text = "\n".join([*lines, "", f"{settings.SITE_URL}/healthz/deep", "What to do: docs/operations.md, Alarms."])
    try:
        send_mail(subject, text, settings.DEFAULT_FROM_EMAIL, settings.OPERATOR_EMAILS)
    except (OSError, SMTPException) as error:
        logger.error("the alarm's mail could not be sent: %s", type(error).__name__)
        return False
    return True
