"""Mails to operators: at once, once an hour, and when it is over."""

import datetime as dt
import re
import smtplib

import pytest
from django.core import mail

from config.launcher.paths import ROOT
from devices.models import Alarm
from devices.monitoring import checks, operator_alarms
from tests.devices.signs.house import ago
from tests.factories import DeliveryFactory, SyncRowFactory, VendorCallFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def operators(settings):
    settings.OPERATOR_EMAILS = ["ops@example.org", "more-ops@example.org"]


@pytest.fixture
def problem(monkeypatch):
    """What doesn't run, as the test says."""
    found = {}
    monkeypatch.setattr(checks, "problems", lambda: dict(found))
    return found


def at(time_machine, minutes):
    time_machine.move_to(dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC) + dt.timedelta(minutes=minutes))


def looks(time_machine, *minutes):
    for minute in minutes:
        at(time_machine, minute)
        operator_alarms.look()
    return [message.subject for message in mail.outbox]


def test_operators_hear_at_once_then_once_an_hour_and_when_it_is_over(operators, problem, time_machine):
    problem["beat"] = "beat: last success 12 minutes ago"
    assert looks(time_machine, *range(0, 60, 5)) == ["Vitals at Home: red: beat"]
    assert len(looks(time_machine, 60, 65, 119)) == 2

    problem.clear()
    assert looks(time_machine, 121, 122, 200)[2:] == ["Vitals at Home: over: beat"]
    assert mail.outbox[0].to == ["ops@example.org", "more-ops@example.org"]
    assert "beat: last success 12 minutes ago" in mail.outbox[0].body


def test_what_begins_together_comes_in_one_mail(operators, problem, time_machine):
    problem |= {"beat": "late", "broker": "gone"}

    assert looks(time_machine, 0) == ["Vitals at Home: red: beat, broker"]


def test_what_comes_and_goes_is_mailed_once_an_hour(operators, problem, time_machine):
    for minute in range(0, 50, 2):
        problem["broker"] = "gone"
        looks(time_machine, minute)
        problem.clear()
        looks(time_machine, minute + 1)

    assert [message.subject for message in mail.outbox] == [
        "Vitals at Home: red: broker",
        "Vitals at Home: over: broker",
    ]


def test_a_mail_that_can_not_be_sent_is_tried_again_a_minute_later(operators, problem, time_machine, monkeypatch):
    def refuse(*_args, **_options):
        raise smtplib.SMTPServerDisconnected

    problem["broker"] = "gone"
    with monkeypatch.context() as patch:
        patch.setattr(operator_alarms, "send_mail", refuse)
        looks(time_machine, 0, 1)

    assert looks(time_machine, 2, 3) == ["Vitals at Home: red: broker"]


def test_what_nobody_was_told_of_is_not_told_to_be_over(problem, time_machine):
    problem["broker"] = "gone"
    looks(time_machine, 0)
    problem.clear()

    assert looks(time_machine, 1) == []
    assert Alarm.objects.get().over_at


def test_no_mail_holds_a_patients_data(operators, rosa, time_machine):
    DeliveryFactory(state="dead", body=b'[{"value_1": "181"}]', reason=f"about {rosa.name}")
    VendorCallFactory(patient=rosa, state="needs_human", unknown_since=ago(hours=5), reason=rosa.street)
    SyncRowFactory(patient=rosa, run__kind="measurements", run__finished_at=ago(hours=1), state="failed")
    operator_alarms.look()

    text = mail.outbox[0].subject + mail.outbox[0].body
    assert "inbox_dead" in text
    held = (rosa.name, rosa.family_name, rosa.street, rosa.mrn, rosa.external_id, str(rosa.pk), "181")
    assert not [word for word in held if word in text]


def test_operations_explain_every_alarm_and_no_other():
    text = (ROOT / "docs" / "operations.md").read_text()
    table = text.partition("\n| alarm |")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", table, re.MULTILINE)

    assert [name for name, _, _ in rows] == list(checks.CHECKS)
    assert all(len(meaning) > 15 and len(action) > 15 for _, meaning, action in rows)
