"""Notifications that were interrupted go on: by a snooze, an undone exclusion, a failing row or a late commit."""

import datetime as dt
import logging

import pytest
from django.core import mail

from measurements.alerts import assessment, monitoring, tasks
from measurements.alerts.engine.facts import EventKind
from measurements.alerts.messages import lost_assignments, planning, sending
from measurements.alerts.models import AlertEpisode, AlertMessage, AlertMessageItem, AlertNotification, AlertStep
from measurements.alerts.steps import take_step
from tests.factories import AlertMessageFactory, AlertMessageItemFactory, DeviceFactory, PatientFactory
from tests.measurements.alerts.messages.alert_mails import (
    MINUTE,
    MORNING,
    critical_episode,
    notify,
    only_notification,
    sent_to,
    severe_episode,
    swept_to,
)
from tests.measurements.alerts.stored import ingest_pressure, only_episode

pytestmark = pytest.mark.django_db
DISSOLVED = {"state": "dissolved", "section": ""}
OPEN = {"state": "open", "section": "critical"}


def change(row, columns):
    AlertEpisode.objects.filter(pk=row.pk).update(**columns)


def snooze(row, by, until):
    take_step(episode=row, kind=EventKind.SNOOZE, by=by, shown=row.shown_version, until=until, text="He rests.")


@pytest.mark.parametrize("is_mailed_before", [True, False])
def test_stages_begin_again_when_a_snooze_is_over(clock, rosa, responsible, colleague, is_mailed_before):
    row = severe_episode(clock, rosa)
    if is_mailed_before:
        assert swept_to() == [responsible.email]
    until = MORNING + 90 * MINUTE
    take_step(
        episode=row,
        kind=EventKind.SNOOZE,
        by=responsible,
        shown=row.shown_version,
        until=until,
        text="He is on his way.",
    )
    clock.move_to(MORNING + 70 * MINUTE)
    assert swept_to() == []
    clock.move_to(until)
    assessment.assess_due_patients()
    assert only_episode(rosa).state == "open"

    assert swept_to() == [responsible.email]
    clock.move_to(until + 59 * MINUTE)
    assessment.assess_due_patients()
    assert swept_to() == []
    clock.move_to(until + 60 * MINUTE)
    assert swept_to() == [colleague.email]


def test_alert_that_is_opened_again_is_mailed_again(clock, rosa, responsible, colleague):
    row = severe_episode(clock, rosa)
    assert swept_to() == [responsible.email]
    row = take_step(episode=row, kind=EventKind.RESOLVE, by=colleague, shown=row.shown_version, outcome="expected")
    clock.move_to(MORNING + 20 * MINUTE)
    take_step(episode=row, kind=EventKind.REOPEN, by=colleague, shown=row.shown_version)

    assert swept_to() == [responsible.email]


def test_critical_reading_that_is_confirmed_during_its_snooze_is_mailed_afterwards(clock, rosa, responsible):
    cuff = DeviceFactory(patient=rosa)
    ingest_pressure(cuff, 190, 112)
    row, until = only_episode(rosa), MORNING + 30 * MINUTE
    take_step(
        episode=row, kind=EventKind.SNOOZE, by=responsible, shown=row.shown_version, until=until, text="He rests."
    )
    clock.move_to(MORNING + 10 * MINUTE)
    ingest_pressure(cuff, 191, 112, index=2)
    assert swept_to() == []
    clock.move_to(until)
    assessment.assess_due_patients()

    assert swept_to() == [responsible.email]


def test_resumed_notification_counts_its_response_time_from_then(clock, rosa, responsible, colleague):
    row = critical_episode(rosa)
    change(row, DISSOLVED)
    assert sent_to() == []
    clock.move_to(MORNING + 120 * MINUTE)
    change(row, OPEN)
    notify(row)

    assert sent_to() == [responsible.email]
    clock.move_to(MORNING + 180 * MINUTE)
    assert sent_to() == [colleague.email]


def test_undone_exclusion_continues_with_those_who_have_no_mail_yet(clock, rosa, responsible, colleague):
    row = critical_episode(rosa)
    assert sent_to() == [responsible.email]
    change(row, DISSOLVED)
    clock.move_to(MORNING + 61 * MINUTE)
    assert sent_to() == []
    change(row, OPEN)
    notify(row)

    assert sent_to() == []
    clock.move_to(MORNING + 121 * MINUTE)
    assert sent_to() == [colleague.email]


def test_alert_that_was_left_out_of_a_waiting_mail_returns_to_it(clock, rosa, elm, responsible):
    row, other = critical_episode(rosa), critical_episode(PatientFactory(clinic=elm))
    message = AlertMessageFactory(to=responsible, next_attempt_at=MORNING + 5 * MINUTE, attempts=1)
    AlertMessageItemFactory(message=message, notification=only_notification(row), left_out="answered")
    AlertMessageItemFactory(message=message, notification=only_notification(other))

    assert sent_to() == []
    clock.move_to(MORNING + 5 * MINUTE)
    sending.send_due_messages()
    assert [mail_.subject for mail_ in mail.outbox] == ["Vitals at Home: 2 critical alerts"]
    assert AlertMessageItem.objects.filter(message=message, left_out="").count() == 2


def test_notification_that_fails_is_listed_and_holds_up_no_other(
    clock, rosa, elm, responsible, colleague, monkeypatch, caplog
):
    bad, good = critical_episode(PatientFactory(clinic=elm)), critical_episode(rosa)
    original = planning.next_step
    is_broken = True

    def next_step(progress, audience, *rest):
        if is_broken and audience.responsible is None:
            raise ValueError("Rosa Alvarez 195/112")
        return original(progress, audience, *rest)

    monkeypatch.setattr(planning, "next_step", next_step)
    with caplog.at_level(logging.ERROR):
        assert sent_to() == [responsible.email]
    assert "ValueError" in caplog.text
    assert "Rosa" not in caplog.text
    assert only_notification(good).reached_at
    assert list(AlertNotification.objects.unreached()) == [only_notification(bad)]
    assert monitoring.check_mail_jobs() == "people could not be notified of 1 alert"

    is_broken = False
    clock.move_to(MORNING + 10 * MINUTE)
    assert sent_to() == sorted([colleague.email, responsible.email])
    assert not AlertNotification.objects.unreached().exists()


def test_mail_that_can_not_be_written_holds_up_no_other(clock, rosa, elm, responsible, colleague, monkeypatch):
    critical_episode(rosa)
    critical_episode(PatientFactory(clinic=elm))
    original = sending.mail_body

    def mail_body(counts, items):
        if items[0].message.to_id == responsible.pk:
            raise KeyError("Rosa")
        return original(counts, items)

    monkeypatch.setattr(sending, "mail_body", mail_body)

    assert sent_to() == [colleague.email]
    failing = AlertMessage.objects.get(to=responsible)
    assert (failing.state, failing.attempts, failing.error) == ("queued", 1, "KeyError")


@pytest.mark.parametrize("broken", ["release_lost_assignments", "add_missing_notifications"])
def test_step_that_fails_before_the_mails_is_reported_and_the_mails_go_out(
    clock, rosa, responsible, monkeypatch, caplog, broken
):
    critical_episode(rosa)

    def fail():
        raise RuntimeError("Rosa Alvarez")

    monkeypatch.setattr(
        tasks.lost_assignments if broken == "release_lost_assignments" else tasks.notifications, broken, fail
    )
    with caplog.at_level(logging.ERROR), pytest.raises(RuntimeError):
        tasks.send_alert_messages()

    assert [message.to for message in mail.outbox] == [[responsible.email]]
    assert "RuntimeError" in caplog.text
    assert "failed (RuntimeError)" in monitoring.check_mail_jobs()
    assert "Rosa" not in caplog.text


def test_assignment_of_a_person_who_left_is_released_once_while_the_assessment_fails(
    clock, rosa, responsible, colleague, monkeypatch
):
    row = severe_episode(clock, rosa)
    take_step(episode=row, kind=EventKind.ASSIGN, by=responsible, shown=row.shown_version, to=colleague)
    type(colleague).objects.filter(pk=colleague.pk).update(is_active=False)
    with monkeypatch.context() as failing:
        failing.setattr(assessment, "evaluate", lambda *_: 1 / 0)
        assert [lost_assignments.release_lost_assignments() for _ in range(3)] == [1, 0, 0]
    assert AlertStep.objects.filter(kind="unassign").count() == 1
    assert AlertNotification.objects.filter(cause="unassigned").count() == 1

    clock.move_to(MORNING + dt.timedelta(hours=1))
    assessment.assess_due_patients()
    assert only_episode(rosa).assigned_to is None


def test_alert_that_opens_after_the_last_planning_is_mailed_by_the_next_sweep(clock, rosa, responsible, monkeypatch):
    """The wake-up of its commit finds the worker still at it, and does nothing."""
    plan = sending.plan_due_notifications
    opened = []

    def plan_then_open():
        count = plan()
        if not opened:
            opened.append(critical_episode(rosa))
        return count

    monkeypatch.setattr(sending, "plan_due_notifications", plan_then_open)
    sending.send_due_messages()
    assert mail.outbox == []
    assert sent_to() == [responsible.email]


def test_alert_that_is_back_while_its_end_is_being_stored_is_mailed_by_the_next_sweep(
    clock, rosa, responsible, monkeypatch
):
    """The planner has read that it is over; meanwhile an undone exclusion brings it back, and finds nothing ended."""
    row = critical_episode(rosa)
    change(row, DISSOLVED)
    original = AlertNotification.is_needed.fget

    def is_over(notification):
        found = original(notification)
        if not found:
            change(row, OPEN)
            notify(row)
        return found

    monkeypatch.setattr(AlertNotification, "is_needed", property(is_over))
    assert swept_to() == []
    assert swept_to() == [responsible.email]
