"""Episodes that people are notified of, and the mails about them."""

import datetime as dt

from django.core import mail

from measurements.alerts import tasks
from measurements.alerts.messages import sending
from measurements.alerts.messages.notifications import record_needed_notifications
from measurements.alerts.models import AlertNotification
from tests.factories import AlertEpisodeFactory, CareTeamMemberFactory, DeviceFactory, PatientFactory
from tests.measurements.alerts.stored import ingest_pressure, only_episode

MORNING = dt.datetime(2026, 12, 2, 15, 0, tzinfo=dt.UTC)  # Wednesday 10 AM in New York
NIGHT = dt.datetime(2026, 12, 3, 3, 0, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


def critical_episode(patient, **columns):
    how = {"severity": "critical", "rule": "bp_severe", "kind": "limit", "is_notified": True} | columns
    row = AlertEpisodeFactory(patient=patient, **how)
    notify(row)
    return row


def severe_episode(clock, patient):
    cuff = DeviceFactory(patient=patient)
    for index in (1, 2):
        clock.move_to(MORNING + (index - 2) * MINUTE)
        ingest_pressure(cuff, 190 + index, 112, index=index)
    return only_episode(patient)


def notify(row):
    row.refresh_from_db()
    record_needed_notifications([row], dt.datetime.now(dt.UTC))


def warning_of(clinic, responsible, **columns):
    patient = PatientFactory(clinic=clinic)
    CareTeamMemberFactory(patient=patient, user=responsible, is_responsible=True)
    row = AlertEpisodeFactory(patient=patient, is_notified=True, **columns)
    notify(row)
    return row


def sent_to():
    """Addresses of the mails since the last call, in order."""
    return addresses_after(sending.send_due_messages)


def swept_to():
    """As `sent_to`, after the whole task."""
    return addresses_after(tasks.send_alert_messages)


def addresses_after(work):
    work()
    found = [address for message in mail.outbox for address in message.to]
    mail.outbox.clear()
    return sorted(found)


def only_notification(row):
    return AlertNotification.objects.get(episode=row)
