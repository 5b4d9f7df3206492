"""Mails about what a person did: an alert escalated, or assigned to a colleague."""

import datetime as dt
import re

import pytest
from django.core import mail

from measurements.alerts.engine.facts import EventKind
from measurements.alerts.messages import sending
from measurements.alerts.messages.choices import MessageChoices, save_choices
from measurements.alerts.messages.listing import notices_of
from measurements.alerts.models import AlertMessageItem, AlertNotification
from measurements.alerts.steps import take_step
from tests.factories import NotificationSettingsFactory, UserFactory
from tests.measurements.alerts.messages.alert_mails import MINUTE, MORNING, NIGHT, sent_to, severe_episode, swept_to
from tests.measurements.alerts.stored import only_episode

pytestmark = pytest.mark.django_db
OPENING = dt.datetime(2026, 12, 3, 13, 0, tzinfo=dt.UTC)


def take(patient, kind, by, **how):
    row = only_episode(patient)
    return take_step(episode=row, kind=kind, by=by, shown=row.shown_version, **how)


def bodies():
    sending.send_due_messages()
    found = {message.to[0]: message.body for message in mail.outbox}
    mail.outbox.clear()
    return found


def test_escalation_is_mailed_to_the_queue_and_the_named_person_even_if_acknowledged(
    clock, rosa, elm, responsible, colleague
):
    UserFactory(email="cora2@example.org", role="coordinator", clinics=[elm])
    severe_episode(clock, rosa)
    assert swept_to() == [responsible.email]
    take(rosa, EventKind.ACKNOWLEDGE, responsible)
    clock.move_to(MORNING + 15 * MINUTE)
    take(rosa, EventKind.ESCALATE, responsible, to=colleague, text="Rosa feels dizzy.")

    (found,) = bodies().items()
    assert found[0] == colleague.email, "not to the one who escalated it"
    assert "1 of them was escalated by a colleague" in found[1]
    assert not re.search(r"rosa|dizzy|19\d|112|mmHg|pressure|patients/", found[1], re.IGNORECASE)
    row = AlertNotification.objects.get(cause="escalated")
    assert (row.step.kind, row.stage, row.reached_at) == ("escalate", "queue", MORNING + 15 * MINUTE)

    clock.move_to(MORNING + 30 * MINUTE)
    take(rosa, EventKind.ESCALATE, colleague)
    assert list(bodies()) == [responsible.email], "each escalation on its own"
    assert AlertNotification.objects.filter(cause="escalated").count() == 2
    clock.move_to(MORNING + dt.timedelta(hours=5))
    assert swept_to() == []


def test_escalation_that_reaches_no_person_is_listed_and_tried_again(clock, rosa, responsible):
    row = severe_episode(clock, rosa)
    swept_to()
    take(rosa, EventKind.ACKNOWLEDGE, responsible)
    clock.move_to(MORNING + 15 * MINUTE)
    take(rosa, EventKind.ESCALATE, responsible)

    assert sent_to() == []
    assert notices_of([only_episode(rosa)])[row.pk] == ["Reached nobody: no person of the clinic could be notified"]
    late = UserFactory(email="late@example.org", role="clinician", clinics=[rosa.clinic])
    clock.move_to(MORNING + 30 * MINUTE)
    assert sent_to() == [late.email]
    assert notices_of([only_episode(rosa)]) == {}


@pytest.mark.parametrize("after_hours", ["on_call", "no_one"])
def test_escalation_at_night_is_mailed_to_the_named_person_and_as_the_clinic_chose(
    clock, rosa, elm, responsible, colleague, after_hours
):
    NotificationSettingsFactory(clinic=elm, after_hours=after_hours)
    doctor, other = (UserFactory(email=f"{name}@example.org", role="clinician", clinics=[elm]) for name in "de")
    elm.on_call = doctor
    elm.save()
    row = severe_episode(clock, rosa)
    swept_to()
    clock.move_to(NIGHT)
    take(rosa, EventKind.ESCALATE, responsible, to=colleague)

    assert sent_to() == sorted([colleague.email] + [doctor.email] * (after_hours == "on_call"))
    assert row.pk not in notices_of([only_episode(rosa)])
    clock.move_to(OPENING)
    assert other.email in sent_to()


def test_assignment_is_mailed_to_that_person_alone_whose_choices_count(clock, rosa, elm, responsible, colleague):
    severe_episode(clock, rosa)
    swept_to()
    clock.move_to(MORNING + 15 * MINUTE)
    take(rosa, EventKind.ASSIGN, responsible, to=responsible)
    assert bodies() == {}, "to oneself"
    take(rosa, EventKind.ASSIGN, responsible, to=colleague, text="Please call Rosa.")
    ((address, body),) = bodies().items()
    assert address == colleague.email
    assert "1 of them was assigned to you" in body
    assert "the person to whom an alert was assigned" in body
    assert not re.search(r"rosa|call|19\d", body, re.IGNORECASE)

    save_choices(by=colleague, choices=MessageChoices(("warning",)))
    clock.move_to(MORNING + 30 * MINUTE)
    take(rosa, EventKind.ASSIGN, responsible, to=responsible)
    take(rosa, EventKind.ASSIGN, responsible, to=colleague)
    assert sent_to() == []
    assert not AlertNotification.objects.unreached().exists(), "it was this person's choice"

    save_choices(by=colleague, choices=MessageChoices(("critical",), dt.time(9), dt.time(12)))
    take(rosa, EventKind.ASSIGN, colleague, to=responsible)
    take(rosa, EventKind.ASSIGN, responsible, to=colleague)
    assert sent_to() == [responsible.email]
    clock.move_to(MORNING + 120 * MINUTE)
    assert colleague.email in sent_to(), "after the quiet hours"


def test_mail_about_an_assignment_is_left_out_once_it_is_assigned_to_another_person(
    clock, rosa, elm, responsible, colleague
):
    third = UserFactory(email="third@example.org", role="clinician", clinics=[elm])
    severe_episode(clock, rosa)
    swept_to()
    take(rosa, EventKind.ACKNOWLEDGE, responsible)
    take(rosa, EventKind.ASSIGN, responsible, to=colleague)
    sending.plan_due_notifications()
    clock.move_to(MORNING + MINUTE)
    take(rosa, EventKind.ASSIGN, responsible, to=third)

    assert sent_to() == [third.email]
    assert [item.left_out for item in AlertMessageItem.objects.filter(message__to=colleague)] == ["answered"]


def test_assignment_without_an_address_is_listed_until_the_alert_is_answered(clock, rosa, responsible, colleague):
    row = severe_episode(clock, rosa)
    swept_to()
    type(colleague).objects.filter(pk=colleague.pk).update(email="")
    take(rosa, EventKind.ASSIGN, responsible, to=colleague)
    for _ in range(2):
        assert swept_to() == []
    assert notices_of([only_episode(rosa)])[row.pk] == ["Reached nobody: no e-mail address"]

    take(rosa, EventKind.ACKNOWLEDGE, responsible)
    assert notices_of([only_episode(rosa)]) == {}
