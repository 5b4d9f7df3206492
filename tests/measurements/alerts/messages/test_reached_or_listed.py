"""Whatever happens, and in any order: a critical alert that waits for an answer has reached a person, or is listed, or
its next mail is on its way."""

import datetime as dt
import smtplib

import pytest
from django.core import mail
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from measurements.alerts.messages import sending
from measurements.alerts.messages.choices import MessageChoices, save_choices
from measurements.alerts.messages.notifications import record_needed_notifications
from measurements.alerts.models import AlertEpisode, AlertMessage, AlertMessageItem, AlertNotification
from patients.models import User
from tests.factories import AlertEpisodeFactory, CareTeamMemberFactory, ClinicFactory, PatientFactory, UserFactory

pytestmark = pytest.mark.django_db
START = dt.datetime(2026, 12, 2, 3, 0, tzinfo=dt.UTC)  # a Tuesday evening in New York
STEPS = ("open", "worse", "answer", "dissolve", "restore", "close", "mute", "break", "mend", "die", "nothing")
FAR_ENOUGH = dt.timedelta(days=2)


class Clinic:
    """One clinic with two clinicians, whose mail server may be down and whose worker may die."""

    def __init__(self):
        self.clinic = ClinicFactory()
        self.people = [UserFactory(role="clinician", clinics=[self.clinic]) for _ in range(2)]
        self.patients = [PatientFactory(clinic=self.clinic) for _ in range(2)]
        CareTeamMemberFactory(patient=self.patients[0], user=self.people[0], is_responsible=True)
        self.episodes = []
        self.is_broken = False

    def send(self):
        if self.is_broken:
            raise smtplib.SMTPServerDisconnected
        return 1

    def take(self, step, number, now):
        person, episode = self.people[number % 2], self.episodes[number % len(self.episodes)] if self.episodes else None
        if step == "open":
            self.episodes.append(
                AlertEpisodeFactory(
                    patient=self.patients[number % 2], severity="critical", kind="limit", is_notified=True, last=now,
                    rule=f"rule_{len(self.episodes)}",
                )
            )  # fmt: skip
        elif step in ("break", "mend"):
            self.is_broken = step == "break"
        elif step == "mute":
            save_choices(by=person, choices=MessageChoices(()))
        elif step == "close":
            User.objects.filter(pk=person.pk).update(is_active=False)
        elif step == "die":
            sending.claim_next_message()
        elif episode is not None and step != "nothing":
            columns = {
                "answer": {"is_acknowledged": True},
                "worse": {"is_acknowledged": False, "notified_again_at": now},
                "dissolve": {"section": ""},
                "restore": {"section": "critical"},
            }[step]
            AlertEpisode.objects.filter(pk=episode.pk).update(**columns)
        record_needed_notifications(AlertEpisode.objects.all(), now)


def unaccounted_episodes(now):
    """Waiting critical alerts of which no newest notification is reached, listed or on its way."""
    found = []
    for episode in AlertEpisode.objects.awaiting_answer():
        newest = AlertNotification.objects.filter(episode=episode).latest("pk")
        items = AlertMessageItem.objects.filter(notification=newest, left_out="")
        is_on_its_way = items.filter(message__state__in=("queued", "sending")).exists()
        is_listed = AlertNotification.objects.listed().filter(pk=newest.pk).exists()
        if not (newest.reached_at or is_listed or is_on_its_way):
            found.append((episode.pk, newest.stage, newest.next_at and newest.next_at - now))
    return found


@settings(
    max_examples=15,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # each example takes a database: shrinking takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    is_broken=st.booleans(),
    steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 3), st.integers(0, 400)), max_size=12),
)
def test_each_waiting_critical_alert_has_reached_a_person_or_is_listed(time_machine, monkeypatch, is_broken, steps):
    AlertMessageItem.objects.all().delete()
    AlertMessage.objects.all().delete()
    AlertNotification.objects.all().delete()
    AlertEpisode.objects.update(section="", state="dissolved")
    now, clinic = START, Clinic()
    clinic.is_broken = is_broken
    monkeypatch.setattr(mail.EmailMessage, "send", lambda message: clinic.send())
    for step, number, minutes in steps:
        now += dt.timedelta(minutes=minutes)
        time_machine.move_to(now, tick=False)
        clinic.take(step, number, now)
        sending.send_due_messages()
        assert unaccounted_episodes(now) == []

    now += FAR_ENOUGH
    for minutes in range(0, 50, 5):
        time_machine.move_to(now + dt.timedelta(minutes=minutes), tick=False)
        sending.send_due_messages()
    assert not AlertMessage.objects.filter(state__in=("queued", "sending"), next_attempt_at__lt=now).exists()
    assert unaccounted_episodes(now) == []
