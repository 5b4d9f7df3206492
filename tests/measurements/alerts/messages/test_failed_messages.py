"""Mails about alerts that fail: a server that refuses, a person without address, workers that die, two workers."""

import contextlib
import datetime as dt
import smtplib

import pytest
from django.core import mail
from django.db import connection

from measurements.alerts.messages import sending
from measurements.alerts.models import AlertMessage, AlertNotification
from patients.queueing.periodic_jobs import ADVISORY_LOCK_SPACE
from tests.factories import (
    PatientFactory,
)
from tests.measurements.alerts.messages.alert_mails import (
    MINUTE,
    MORNING,
    critical_episode,
    only_notification,
    sent_to,
)

pytestmark = pytest.mark.django_db


def test_mail_that_fails_three_times_is_listed_and_the_queue_is_notified_at_once(
    clock, rosa, responsible, colleague, monkeypatch
):
    broken = {responsible.email}
    deliver = mail.EmailMessage.send

    def send(message, **how):
        if set(message.to) & broken:
            raise smtplib.SMTPRecipientsRefused({})
        return deliver(message, **how)

    monkeypatch.setattr(mail.EmailMessage, "send", send)
    row, version = critical_episode(rosa), rosa.live_version
    for minutes in (0, 2, 4):
        assert not AlertNotification.objects.unreached().exists()
        clock.move_to(MORNING + minutes * MINUTE)
        found = sent_to()

    failed = AlertMessage.objects.get(to=responsible)
    assert (failed.state, failed.attempts, failed.error) == ("failed", 3, "SMTPRecipientsRefused")
    assert failed.fate == "the mail failed three times"
    assert found == [colleague.email], "not only after an hour"
    assert not AlertNotification.objects.unreached().exists(), "it has reached a person now"
    rosa.refresh_from_db()
    assert rosa.live_version > version

    broken.add(colleague.email)
    other = critical_episode(PatientFactory(clinic=rosa.clinic))
    for minutes in (14, 16, 18, 20):
        clock.move_to(MORNING + minutes * MINUTE)
        assert sent_to() == []
    assert [each.episode for each in AlertNotification.objects.unreached()] == [other]
    broken.clear()
    clock.move_to(MORNING + 40 * MINUTE)
    assert colleague.email in sent_to(), "tried again"
    assert not AlertNotification.objects.unreached().exists()
    assert only_notification(row).reached_at


def test_person_without_address_is_suppressed_with_its_fate(clock, rosa, responsible, colleague):
    type(responsible).objects.filter(pk=responsible.pk).update(email="")
    critical_episode(rosa)

    assert sent_to() == [colleague.email]
    fates = AlertMessage.objects.order_by("pk").values_list("state", "fate")
    assert list(fates) == [("suppressed", "no e-mail address"), ("sent", "sent")]


def test_dead_worker_before_sending_costs_a_lease_and_sends_once(clock, rosa, responsible, settings, monkeypatch):
    critical_episode(rosa)
    dead = sending.claim_next_message()
    assert (dead.state, dead.attempts, mail.outbox) == ("sending", 1, [])
    assert sent_to() == [], "leased"

    clock.move_to(MORNING + dt.timedelta(seconds=settings.LEASE_SECONDS + 1))
    sending.send_message(dead)  # it was only stopped, and continues after its lease
    assert mail.outbox == []
    sending.send_due_messages()
    (message,) = mail.outbox
    assert message.extra_headers["Message-ID"] == sending.message_id_of(dead)
    assert sent_to() == [responsible.email], "only the mail of before"
    sending.send_due_messages()
    assert mail.outbox == []


def test_worker_that_dies_again_and_again_ends_in_the_list(clock, rosa, responsible, settings):
    critical_episode(rosa)
    for n in range(3):
        clock.move_to(MORNING + n * dt.timedelta(seconds=settings.LEASE_SECONDS + 1))
        assert sending.claim_next_message().attempts == n + 1
    clock.move_to(MORNING + 10 * MINUTE)
    sending.send_due_messages()

    assert AlertMessage.objects.get(to=responsible, state="failed").attempts == 4
    assert AlertNotification.objects.get().unreached_because == "mail_failed"


def test_message_is_claimed_before_it_is_sent_and_by_one_worker_only(clock, rosa, responsible, monkeypatch):
    critical_episode(rosa)
    states = []

    def send(message, **_):
        states.append(AlertMessage.objects.get().state)
        return 1

    monkeypatch.setattr(mail.EmailMessage, "send", send)
    other = connection.copy()
    with contextlib.closing(other), other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", [ADVISORY_LOCK_SPACE, sending.WORK])
        sending.send_due_messages()
        assert states == [], "another worker is at it"
        cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [ADVISORY_LOCK_SPACE, sending.WORK])
    sending.send_due_messages()

    assert states == ["sending"]
    assert AlertMessage.objects.get().state == "sent"
