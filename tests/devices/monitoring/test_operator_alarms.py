"""Mails to operators: at once, once an hour, and when it is over."""

import datetime as dt
import re
import smtplib

import pytest
from django.core import mail

from config.launcher.paths import ROOT
from devices.models import OperatorAlarm
from devices.monitoring import checks, operator_alarms
from tests.devices.monitoring.monitoring_data import time_ago
from tests.factories import DeliveryFactory, SyncRowFactory, VendorCallFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator_emails(settings):
    settings.OPERATOR_EMAILS = ["ops@example.org", "more-ops@example.org"]


@pytest.fixture
def current_problems(monkeypatch):
    """What doesn't run, as the test says."""
    found = {}
    monkeypatch.setattr(checks, "find_problems", lambda: dict(found))
    return found


def move_to_minute(time_machine, minutes):
    time_machine.move_to(dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC) + dt.timedelta(minutes=minutes))


def check_at_minutes(time_machine, *minutes):
    for minute in minutes:
        move_to_minute(time_machine, minute)
        operator_alarms.update_operator_alarms()
    return [message.subject for message in mail.outbox]


def test_operator_alarm_mails_at_once_then_hourly_and_when_it_ends(operator_emails, current_problems, time_machine):
    current_problems["beat"] = "beat: last success 12 minutes ago"
    assert check_at_minutes(time_machine, *range(0, 60, 5)) == ["Vitals at Home: red: beat"]
    assert len(check_at_minutes(time_machine, 60, 65, 119)) == 2

    current_problems.clear()
    assert check_at_minutes(time_machine, 121, 122, 200)[2:] == ["Vitals at Home: over: beat"]
    assert mail.outbox[0].to == ["ops@example.org", "more-ops@example.org"]
    assert "beat: last success 12 minutes ago" in mail.outbox[0].body


def test_operator_alarms_that_begin_together_share_one_mail(operator_emails, current_problems, time_machine):
    current_problems |= {"beat": "late", "broker": "gone"}

    assert check_at_minutes(time_machine, 0) == ["Vitals at Home: red: beat, broker"]


def test_operator_alarm_that_flaps_is_mailed_at_most_once_an_hour(operator_emails, current_problems, time_machine):
    for minute in range(0, 50, 2):
        current_problems["broker"] = "gone"
        check_at_minutes(time_machine, minute)
        current_problems.clear()
        check_at_minutes(time_machine, minute + 1)

    assert [message.subject for message in mail.outbox] == [
        "Vitals at Home: red: broker",
        "Vitals at Home: over: broker",
    ]


def test_operator_alarm_mail_is_retried_a_minute_after_an_smtp_error(
    operator_emails, current_problems, time_machine, monkeypatch
):
    def refuse(*_args, **_options):
        raise smtplib.SMTPServerDisconnected

    current_problems["broker"] = "gone"
    with monkeypatch.context() as patch:
        patch.setattr(operator_alarms, "send_mail", refuse)
        check_at_minutes(time_machine, 0, 1)

    assert check_at_minutes(time_machine, 2, 3) == ["Vitals at Home: red: broker"]


def test_operator_alarm_that_was_never_mailed_ends_without_a_mail(current_problems, time_machine):
    current_problems["broker"] = "gone"
    check_at_minutes(time_machine, 0)
    current_problems.clear()

    assert check_at_minutes(time_machine, 1) == []
    assert OperatorAlarm.objects.get().resolved_at


def test_operator_alarm_mail_contains_no_patient_data(operator_emails, rosa, time_machine):
    DeliveryFactory(state="dead", body=b'[{"value_1": "181"}]', reason=f"about {rosa.name}")
    VendorCallFactory(patient=rosa, state="needs_review", unknown_since=time_ago(hours=5), reason=rosa.street)
    SyncRowFactory(patient=rosa, run__kind="measurements", run__finished_at=time_ago(hours=1), state="failed")
    operator_alarms.update_operator_alarms()

    text = mail.outbox[0].subject + mail.outbox[0].body
    assert "inbox_dead" in text
    held = (rosa.name, rosa.family_name, rosa.street, rosa.mrn, rosa.external_id, str(rosa.pk), "181")
    assert not [word for word in held if word in text]


def test_operations_document_explains_exactly_the_existing_alarms():
    text = (ROOT / "docs" / "operations.md").read_text()
    table = text.partition("\n| alarm |")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", table, re.MULTILINE)

    assert [name for name, _, _ in rows] == list(checks.CHECKS)
    assert all(len(meaning) > 15 and len(action) > 15 for _, meaning, action in rows)
