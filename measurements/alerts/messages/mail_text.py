"""The mail about alerts: how many, how severe, a link to the triage list. Never a patient, a clinic or a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.template.loader import render_to_string

from measurements.alerts.messages.stages import Stage
from measurements.alerts.models import AlertMessageItem
from measurements.alerts.models.notification import NotificationCause
from patients.accounts.invitations import absolute_url
from patients.wording import count_noun

TRIAGE_PATH = "/triage/"
NOUN_BY_COUNT = {
    "critical_count": "critical alert",
    "warning_count": "warning",
    "information_count": "alert for information,alerts for information",
}
REASON_BY_STAGE = {
    Stage.ON_CALL: "are the person on call, and the clinic is closed",
    Stage.RESPONSIBLE: "are the responsible clinician",
    Stage.COVER: "cover for the responsible clinician",
    Stage.NAMED: "are the person to whom an alert was assigned or escalated",
    Stage.QUEUE: "work on alerts of the clinic, and no other person has answered or is responsible",
}


def count_texts(counts: Mapping[str, int]) -> str:
    """ "2 critical alerts, 1 warning"."""
    return ", ".join(count_noun(counts[name], noun) for name, noun in NOUN_BY_COUNT.items() if counts[name])


def mail_subject(counts: Mapping[str, int]) -> str:
    return f"Vitals at Home: {count_texts(counts)}"


def mail_body(counts: Mapping[str, int], items: Sequence[AlertMessageItem]) -> str:
    causes = [item.notification.cause for item in items]
    stages = {item.stage for item in items}
    context = {
        "counts": count_texts(counts),
        "worse": causes.count(NotificationCause.WORSE),
        "readings": sum(item.notification.reading_id is not None for item in items),
        "again": causes.count(NotificationCause.AGAIN),
        "escalated": causes.count(NotificationCause.ESCALATED),
        "assigned": causes.count(NotificationCause.ASSIGNED),
        "unassigned": causes.count(NotificationCause.UNASSIGNED),
        "reasons": [reason for stage, reason in REASON_BY_STAGE.items() if stage in stages],
        "link": absolute_url(TRIAGE_PATH),
    }
    return render_to_string("alerts/alert_message.txt", context)
