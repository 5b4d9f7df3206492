"""Sending of alert messages: claimed before they are sent, tried again after a failure, three times in all.

One worker at a time. A worker that dies after the claim leaves the message leased; after the lease it is sent with the
same Message-ID. A second mail is possible only where the first was sent and its worker died before it could store that.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone

from measurements.alerts.engine.rules import Severity
from measurements.alerts.messages.mail_text import mail_body, mail_subject
from measurements.alerts.messages.planning import GATHERED_FOR, may_answer, plan_due_notifications, touch_patients
from measurements.alerts.messages.stages import Stage, Unreached
from measurements.alerts.models import AlertMessage, AlertMessageItem, AlertNotification
from measurements.alerts.models.notification import PENDING_STATES, LeftOut, MessageState, UnreachedChoice
from patients.queueing.periodic_jobs import run_exclusively
from patients.queueing.wakeup import wake_worker
from patients.queueing.work_item import DrainEnd, drain

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
SLICE_SECONDS = 20.0  # then the queue's other work gets its turn; a wake-up continues
WORK = "alert_messages"


def send_due_messages(*, seconds: float = SLICE_SECONDS) -> None:
    """Give due notifications to people and send what is due, for about `seconds`. Does nothing while another does."""
    with run_exclusively(WORK) as is_alone:
        if is_alone and drain(claim_next_message, send_or_try_again, seconds=seconds).end is DrainEnd.TIME_UP:
            wake_worker(WORK)


def claim_next_message() -> AlertMessage | None:
    """The claim is committed before anything is sent."""
    plan_due_notifications()
    claimed = AlertMessage.objects.due().claim(state=MessageState.SENDING, attempts=F("attempts") + 1)
    return claimed.select_related("to").first()


def send_or_try_again(message: AlertMessage) -> None:
    """Whatever fails, the other messages are sent."""
    try:
        send_message(message)
    except Exception as error:  # noqa: BLE001 - the mail server, an address that is none, an error in the program
        handle_failure(message, error)


def send_message(message: AlertMessage) -> None:
    """Send a claimed message once; no transaction is open meanwhile."""
    if message.leased_until is None or timezone.now() >= message.leased_until:
        return  # this process slept: another worker sends it
    if message.attempts > MAX_ATTEMPTS:
        end_unsent(message, MessageState.FAILED, Unreached.MAIL_FAILED)
        return
    if wait_until := earliest_time(message):
        message.release(state=MessageState.QUEUED, next_attempt_at=wait_until, attempts=message.attempts - 1)
        return
    items = leave_out_items(message)
    if not message.to.email:
        end_unsent(message, MessageState.SUPPRESSED, Unreached.NO_ADDRESS)
    elif not items:
        suppress_without_items(message)
    else:
        send_mail_of(message, items)


def earliest_time(message: AlertMessage) -> dt.datetime | None:
    """None if the last mail to the person was sent long enough ago."""
    sent = AlertMessage.objects.filter(to=message.to_id, sent_at__gt=timezone.now() - GATHERED_FOR)
    newest: dt.datetime | None = sent.aggregate(newest=Max("sent_at"))["newest"]
    return newest + GATHERED_FOR if newest else None


def leave_out_items(message: AlertMessage) -> list[AlertMessageItem]:
    """Those that are still to be sent; the others are marked with why not."""
    rows = message.items.filter(left_out="")
    items = list(rows.select_related("notification__episode", "notification__patient", "notification__step"))
    clinics = set(message.to.clinics.values_list("pk", flat=True)) if message.to.is_active else set()
    for item in items:
        notification = item.notification
        is_able = item.stage == Stage.ON_CALL or may_answer(message.to, notification.queue)
        if not (is_able and notification.patient.clinic_id in clinics):
            item.left_out = LeftOut.NOT_ALLOWED
        elif not notification.is_needed:
            item.left_out = LeftOut.ANSWERED
    with transaction.atomic():
        AlertMessageItem.objects.bulk_update([item for item in items if item.left_out], ["left_out"])
        lost = [item.notification_id for item in items if item.left_out == LeftOut.NOT_ALLOWED]
        record_unreached(lost, Unreached.NOT_ALLOWED)
    return [item for item in items if not item.left_out]


def suppress_without_items(message: AlertMessage) -> None:
    reasons = set(message.items.values_list("left_out", flat=True))
    reason = LeftOut.NOT_ALLOWED if LeftOut.NOT_ALLOWED in reasons else LeftOut.ANSWERED
    message.release(state=MessageState.SUPPRESSED, fate=reason.label)


def send_mail_of(message: AlertMessage, items: Sequence[AlertMessageItem]) -> None:
    subjects = {(row.episode_id, row.reading_id): row.severity for row in (item.notification for item in items)}
    counts = {f"{severity.value}_count": list(subjects.values()).count(severity) for severity in Severity}
    mail = EmailMessage(
        subject=mail_subject(counts),
        body=mail_body(counts, items),
        to=[message.to.email],
        headers={"Message-ID": message_id_of(message)},
    )
    mail.send()
    with transaction.atomic():
        if not message.release(state=MessageState.SENT, sent_at=timezone.now(), fate="sent", error="", **counts):
            logger.warning("alert message %s was sent after its lease", message.pk)
        record_reached(items)


def message_id_of(message: AlertMessage) -> str:
    """The same at each attempt, so that mail programs show a repeated mail once."""
    return f"<alert-message-{message.pk}-{message.created_at:%Y%m%d%H%M%S%f}@{urlsplit(settings.SITE_URL).hostname}>"


def handle_failure(message: AlertMessage, error: Exception) -> None:
    kind = type(error).__name__
    logger.error("alert message %s could not be sent, attempt %s: %s", message.pk, message.attempts, kind)
    if message.attempts >= MAX_ATTEMPTS:
        end_unsent(message, MessageState.FAILED, Unreached.MAIL_FAILED, error=kind)
    else:
        pause = message.backoff(message.attempts)
        message.release(state=MessageState.QUEUED, error=kind, next_attempt_at=timezone.now() + pause)


def end_unsent(message: AlertMessage, state: MessageState, reason: Unreached, **changes: str) -> None:
    fate = str(UnreachedChoice(reason.value).label)
    with transaction.atomic():
        if message.release(state=state, fate=fate, **changes):
            record_unreached(message.items.filter(left_out="").values_list("notification", flat=True), reason)


def record_reached(items: Iterable[AlertMessageItem]) -> None:
    rows = [item.notification for item in items]
    now = timezone.now()
    chosen = AlertNotification.objects.filter(pk__in=[row.pk for row in rows])
    chosen.filter(reached_at__isnull=True).update(reached_at=now, unreached_because="")
    touch_patients(row for row in rows if row.unreached_because)


def record_unreached(notifications: Iterable[int], reason: Unreached) -> None:
    """Of critical alerts that no other message reaches: listed, and the next people are notified now."""
    others = AlertMessageItem.objects.filter(
        notification__in=list(notifications), left_out="", message__state__in=(*PENDING_STATES, MessageState.SENT)
    )
    rows = AlertNotification.objects.filter(pk__in=list(notifications), reached_at__isnull=True, ended_at__isnull=True)
    unreached = rows.critical().exclude(pk__in=others.values("notification")).select_for_update(of=("self",))
    found = list(unreached)
    keys = [row.pk for row in found]
    now = timezone.now()
    AlertNotification.objects.filter(pk__in=keys).update(unreached_because=reason)
    AlertNotification.objects.filter(pk__in=keys).exclude(stage=Stage.QUEUE).update(next_at=now)
    touch_patients(found)
