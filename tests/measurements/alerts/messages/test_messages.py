"""Notifications of stored episodes and their mails: stages, gathering, choices, failures, dead workers."""

import datetime as dt
import re

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from measurements.alerts import assessment, tasks
from measurements.alerts.engine.facts import EventKind
from measurements.alerts.messages import sending
from measurements.alerts.messages.choices import MessageChoices, save_choices
from measurements.alerts.models import AlertEpisode, AlertMessage, AlertMessageItem, AlertNotification, AlertStep
from measurements.alerts.steps import take_step
from tests.factories import (
    AbsenceFactory,
    AlertEpisodeFactory,
    CareTeamMemberFactory,
    DeviceFactory,
    NotificationSettingsFactory,
    PatientFactory,
    UserFactory,
)
from tests.measurements.alerts.messages.alert_mails import (
    MINUTE,
    MORNING,
    NIGHT,
    critical_episode,
    notify,
    only_notification,
    sent_to,
    warning_of,
)
from tests.measurements.alerts.stored import ingest_pressure, only_episode

pytestmark = pytest.mark.django_db


def test_severe_reading_is_mailed_once_confirmed_and_again_when_it_gets_worse(clock, rosa, responsible, colleague):
    cuff = DeviceFactory(patient=rosa)
    ingest_pressure(cuff, 192, 110)
    assert sent_to() == [], "not confirmed yet: seen, without a mail"

    clock.move_to(MORNING + 10 * MINUTE)
    ingest_pressure(cuff, 195, 112, index=2)
    sending.send_due_messages()
    (message,) = mail.outbox
    assert message.to == [responsible.email]
    assert message.subject == "Vitals at Home: 1 critical alert"
    assert "/triage/" in message.body
    assert "no emergency service" in message.body
    assert not re.search(r"rosa|195|112|mmHg|pressure|patients/|[0-9a-f]{8}-", message.body, re.IGNORECASE)
    mail.outbox.clear()

    row = only_episode(rosa)
    take_step(episode=row, kind=EventKind.ACKNOWLEDGE, by=responsible, shown=row.shown_version)
    clock.move_to(MORNING + 80 * MINUTE)
    assert sent_to() == [], "answered: no other person is notified"
    ingest_pressure(cuff, 206, 112, index=3)
    sending.send_due_messages()
    assert ["got worse since it was answered" in each.body for each in mail.outbox] == [True]
    assert [each.cause for each in AlertNotification.objects.order_by("pk")] == ["opened", "worse"]
    assessment.assess_patient(rosa.pk)
    assert AlertNotification.objects.count() == 2


def test_unanswered_critical_goes_to_everybody_of_the_queue_once(clock, rosa, elm, responsible, colleague):
    other = UserFactory(email="third@example.org", role="clinician", clinics=[elm])
    UserFactory(email="cora2@example.org", role="coordinator", clinics=[elm])
    row = critical_episode(rosa)
    assert sent_to() == [responsible.email]
    clock.move_to(MORNING + 59 * MINUTE)
    assert sent_to() == []

    day = dt.date(2026, 12, 2)
    AbsenceFactory(clinic=elm, user=responsible, cover=colleague, first_day=day, last_day=day)
    clock.move_to(MORNING + 60 * MINUTE)
    assert sent_to() == [colleague.email, other.email], "who has a mail about it gets no second one; no coordinator"
    clock.move_to(MORNING + dt.timedelta(hours=5))
    assert sent_to() == []
    stages = dict(AlertMessageItem.objects.values_list("message__to", "stage"))
    assert stages == {responsible.pk: "responsible", colleague.pk: "cover", other.pk: "queue"}
    assert only_notification(row).stage == "queue"


def test_alert_of_an_absent_clinician_goes_to_the_whole_queue_at_once_whatever_the_cover_chose(
    clock, rosa, elm, responsible, colleague
):
    day = dt.date(2026, 12, 2)
    AbsenceFactory(clinic=elm, user=responsible, cover=colleague, first_day=day, last_day=day)
    for person in (responsible, colleague):
        save_choices(by=person, choices=MessageChoices(("warning",)))
    other = UserFactory(email="third@example.org", role="clinician", clinics=[elm])
    row = critical_episode(rosa)

    assert sent_to() == [colleague.email, other.email]
    assert set(AlertNotification.objects.listed()) == {only_notification(row)}
    assert only_notification(row).has_no_responsible


def test_absent_without_cover_or_unassigned_goes_to_the_queue_at_once_and_is_listed(
    clock, rosa, elm, responsible, colleague
):
    day = dt.date(2026, 12, 2)
    AbsenceFactory(clinic=elm, user=responsible, cover=None, first_day=day, last_day=day)
    away = critical_episode(rosa)
    unassigned = critical_episode(PatientFactory(clinic=elm))

    assert sent_to() == sorted([responsible.email, colleague.email]), "one mail for both alerts"
    assert set(AlertNotification.objects.listed()) == {only_notification(away), only_notification(unassigned)}
    assert not AlertNotification.objects.unreached().exists()


def test_closed_account_other_role_and_other_clinic_get_no_mail_and_the_queue_does(clock, rosa, elm, harbor, colleague):
    for change in ({"is_active": False}, {"role": "coordinator"}, {"clinics": [harbor]}):
        leaver = UserFactory(**({"role": "clinician", "clinics": [elm]} | change))
        patient = PatientFactory(clinic=elm)
        CareTeamMemberFactory(patient=patient, user=leaver, is_responsible=True)
        critical_episode(patient)
    assert sent_to() == [colleague.email]

    critical_episode(rosa)
    sending.plan_due_notifications()
    waiting = AlertMessage.objects.get(state="queued")
    colleague.clinics.set([harbor])
    clock.move_to(MORNING + 11 * MINUTE)
    assert sent_to() == []
    waiting.refresh_from_db()
    assert (waiting.state, waiting.fate) == ("suppressed", "the account is closed, or of another role or clinic")
    assert [row.unreached_because for row in AlertNotification.objects.unreached()] == ["not_allowed"]


def test_mails_of_ten_minutes_are_gathered_and_what_was_answered_meanwhile_is_left_out(clock, elm, rosa, responsible):
    warning_of(elm, responsible)
    assert sent_to() == [responsible.email]
    clock.move_to(MORNING + MINUTE)
    answered, critical = warning_of(elm, responsible), critical_episode(rosa)
    warning_of(elm, responsible)
    assert sent_to() == []
    AlertEpisode.objects.filter(pk=answered.pk).update(is_acknowledged=True)

    clock.move_to(MORNING + 10 * MINUTE)
    sending.send_due_messages()
    (message,) = mail.outbox
    assert message.subject == "Vitals at Home: 1 critical alert, 1 warning"
    stored = AlertMessage.objects.get(sent_at=MORNING + 10 * MINUTE)
    assert (stored.critical_count, stored.warning_count, stored.state, stored.fate) == (1, 1, "sent", "sent")
    assert stored.items.get(left_out="answered").notification == only_notification(answered)
    assert only_notification(critical).reached_at == MORNING + 10 * MINUTE


def test_choices_and_quiet_hours_count_but_for_critical_alerts_of_the_responsible(
    clock, elm, rosa, responsible, colleague
):
    quiet = MessageChoices(("warning",), dt.time(9), dt.time(12))
    save_choices(by=responsible, choices=quiet)
    save_choices(by=colleague, choices=MessageChoices(()))
    warning_of(elm, responsible)
    warning_of(elm, colleague)
    assert sent_to() == []
    critical_episode(rosa)
    sending.send_due_messages()
    assert [each.subject for each in mail.outbox] == ["Vitals at Home: 1 critical alert, 1 warning"]
    mail.outbox.clear()

    late = warning_of(elm, responsible)
    clock.move_to(MORNING + 119 * MINUTE)
    assert sent_to() == [], "not even of the queue: the colleague wants none"
    clock.move_to(MORNING + 120 * MINUTE)
    assert sent_to() == [responsible.email]
    assert only_notification(late).reached_at


@pytest.mark.parametrize("after_hours", ["on_call", "no_one"])
def test_outside_working_hours_the_clinic_chooses_the_person(clock, elm, rosa, responsible, colleague, after_hours):
    clock.move_to(NIGHT)
    NotificationSettingsFactory(clinic=elm, after_hours=after_hours)
    elm.on_call = colleague
    elm.save()
    row = critical_episode(rosa)
    warning_of(elm, responsible)

    assert sent_to() == ([colleague.email] if after_hours == "on_call" else [])
    unreached = [each.unreached_because for each in AlertNotification.objects.unreached()]
    assert unreached == ([] if after_hours == "on_call" else ["outside_hours"])
    clock.move_to(dt.datetime(2026, 12, 3, 13, 0, tzinfo=dt.UTC))
    assert sent_to() == [responsible.email], "both alerts at the opening"
    assert only_notification(row).unreached_because == ""


def test_severe_pressure_in_pregnancy_is_mailed_at_night_within_minutes(clock, elm, rosa, responsible, colleague):
    clock.move_to(NIGHT)
    rosa.conditions = ["pregnancy"]
    rosa.save()
    ingest_pressure(DeviceFactory(patient=rosa), 165, 100)

    assert only_episode(rosa, "preg_bp_severe").state == "unconfirmed"
    assert sent_to() == [responsible.email]
    clock.move_to(NIGHT + 30 * MINUTE)
    assert sent_to() == [colleague.email]


def test_undone_exclusion_notifies_no_person_twice_and_what_was_never_sent_still_is(clock, rosa, responsible):
    row = critical_episode(rosa)
    AlertEpisode.objects.filter(pk=row.pk).update(state="dissolved", section="")
    assert sent_to() == []
    AlertEpisode.objects.filter(pk=row.pk).update(state="open", section="critical")
    notify(row)
    assert sent_to() == [responsible.email]
    AlertEpisode.objects.filter(pk=row.pk).update(state="dissolved", section="")
    clock.move_to(MORNING + 61 * MINUTE)
    assert sent_to() == []
    AlertEpisode.objects.filter(pk=row.pk).update(state="open", section="critical")
    notify(row)
    assert sent_to() == []


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": "coordinator"}, {"clinics": []}])
def test_alert_of_person_who_left_is_unassigned_and_the_responsible_is_notified(
    clock, rosa, as_nadia, responsible, colleague, change
):
    cuff = DeviceFactory(patient=rosa)
    for index in (1, 2):
        clock.move_to(MORNING + index * MINUTE)
        ingest_pressure(cuff, 190 + index, 112, index=index)
    row = only_episode(rosa)
    row = take_step(episode=row, kind=EventKind.ASSIGN, by=responsible, shown=row.shown_version, to=colleague)
    take_step(episode=row, kind=EventKind.ACKNOWLEDGE, by=responsible, shown=row.shown_version)
    tasks.send_alert_messages()
    assert [message.to for message in mail.outbox] == [[colleague.email]]
    assert only_episode(rosa).assigned_to == colleague
    mail.outbox.clear()

    if "clinics" in change:
        colleague.clinics.set(change["clinics"])
    else:
        type(colleague).objects.filter(pk=colleague.pk).update(**change)
    for _ in range(2):
        tasks.send_alert_messages()

    assert only_episode(rosa).assigned_to is None
    (message,) = mail.outbox
    assert message.to == [responsible.email]
    assert "1 of them is assigned to nobody any more" in message.body
    step = AlertStep.objects.latest("pk")
    assert (step.kind, step.by, step.by_name) == ("unassign", None, "Vitals at Home")
    page = as_nadia.get(f"/triage/episodes/{row.pk}/").content.decode()
    assert "No longer assigned" in page
    clock.move_to(MORNING + dt.timedelta(hours=30))
    tasks.send_alert_messages()
    assert len(mail.outbox) == 1


def test_planning_takes_the_same_number_of_queries_for_many_alerts(clock, elm, responsible, colleague):
    def queries_for(count):
        for n in range(count):
            critical_episode(PatientFactory(clinic=elm))
            warning_of(elm, responsible, rule=f"rule_{n}")
        with CaptureQueriesContext(connection) as queries:
            sending.plan_due_notifications()
        AlertMessage.objects.update(state="suppressed", fate="test")
        return len(queries)

    assert queries_for(8) == queries_for(1)


def test_open_alerts_of_before_an_update_are_notified_too(clock, rosa, responsible):
    AlertEpisodeFactory(patient=rosa, severity="critical", rule="bp_severe", kind="limit", is_notified=True)
    AlertEpisodeFactory(patient=rosa, is_notified=True, is_acknowledged=True)

    tasks.send_alert_messages()
    tasks.send_alert_messages()

    assert [message.subject for message in mail.outbox] == ["Vitals at Home: 1 critical alert"]
