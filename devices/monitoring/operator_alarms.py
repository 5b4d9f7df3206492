"""Mail to operators when something that must run doesn't: once when it begins, once an hour while it lasts, once when
it is over. A mail that can't be sent is tried again with the next look, a minute later."""

from __future__ import annotations

import datetime as dt
import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import F
from django.utils import timezone

from devices.models import Alarm
from devices.monitoring import checks
from devices.monitoring.queue_age import in_words

logger = logging.getLogger(__name__)

REPEAT = dt.timedelta(hours=1)
KEEP = dt.timedelta(days=30)


def look() -> None:
    """Compare what doesn't run with what operators know, and tell them the difference."""
    now = timezone.now()
    found = checks.problems()
    for name, problem in found.items():
        _note(name, problem, now)
    Alarm.objects.filter(over_at__isnull=True).exclude(name__in=found).update(over_at=now)
    _tell(now)
    Alarm.objects.filter(over_at__lt=now - KEEP).delete()


def _note(name: str, problem: str, now: dt.datetime) -> None:
    alarm, begins = Alarm.objects.get_or_create(name=name, defaults={"problem": problem, "since": now})
    if begins or alarm.over_at:
        logger.error("alarm %s: %s", name, problem)
    if alarm.over_at:  # when it was mailed last stays: what comes and goes is mailed once an hour too
        Alarm.objects.filter(pk=name).update(problem=problem, since=now, over_at=None, over_mailed_at=None)
    elif not begins:
        Alarm.objects.filter(pk=name).update(problem=problem)


def _tell(now: dt.datetime) -> None:
    lasting = [alarm for alarm in Alarm.objects.filter(over_at__isnull=True) if _is_due(alarm, now)]
    over = list(Alarm.objects.filter(over_at__isnull=False, over_mailed_at__isnull=True, mailed_at__gte=F("since")))
    if not (lasting or over) or not _mailed(lasting, over, now):
        return
    Alarm.objects.filter(pk__in=[alarm.pk for alarm in lasting]).update(mailed_at=now)
    Alarm.objects.filter(pk__in=[alarm.pk for alarm in over]).update(over_mailed_at=now)


def _is_due(alarm: Alarm, now: dt.datetime) -> bool:
    return alarm.mailed_at is None or now - alarm.mailed_at >= REPEAT


def _mailed(lasting: list[Alarm], over: list[Alarm], now: dt.datetime) -> bool:
    """All news in one mail. False when it could not be sent."""
    if not settings.OPERATOR_EMAILS:
        return False
    lines = [f"RED   {alarm.name}: {alarm.problem} (for {in_words(now - alarm.since)})" for alarm in lasting]
    lines += [f"over  {alarm.name}: it lasted {in_words((alarm.over_at or now) - alarm.since)}" for alarm in over]
    names = ", ".join(alarm.name for alarm in lasting or over)
    subject = f"Vitals at Home: {'red' if lasting else 'over'}: {names}"[:200]
    text = "\n".join([*lines, "", f"{settings.SITE_URL}/healthz/deep", "What to do: docs/operations.md, Alarms."])
    try:
        send_mail(subject, text, settings.DEFAULT_FROM_EMAIL, settings.OPERATOR_EMAILS)
    except (OSError, SMTPException) as error:
        logger.error("the alarm's mail could not be sent: %s", type(error).__name__)
        return False
    return True
