"""A person's choices about mails, and what pages and the administration say about whom they reached."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from measurements.alerts.messages.choices import DEFAULT_SEVERITIES, MessageChoices, choices_of
from patients.models import ClinicChange
from tests.factories import AlertEpisodeFactory, AlertMessageItemFactory, AlertNotificationFactory, PatientFactory
from tests.measurements.triage.clinic_morning import add_entry
from tests.page_texts import page_text

pytestmark = pytest.mark.django_db
PAGE = "/accounts/alert-messages/"


def test_choices_are_saved_and_shown_again(as_nadia, nadia):
    before = as_nadia.get(PAGE)
    answer = as_nadia.post(
        PAGE, {"severities": ["critical"], "quiet_from": "22:00", "quiet_until": "07:00", "has_sound": "on"}
    )

    assert before.context["form"]["severities"].value() == list(DEFAULT_SEVERITIES)
    assert answer.status_code == 302
    nadia.refresh_from_db()
    assert choices_of(nadia) == MessageChoices(("critical",), dt.time(22), dt.time(7), has_sound=True)
    shown = as_nadia.get(PAGE).content.decode()
    assert 'value="22:00"' in shown
    assert "no emergency service" in shown
    assert "sound.js" in as_nadia.get("/triage/").content.decode()


@pytest.mark.parametrize(
    ("posted", "field", "words"),
    [
        ({"quiet_from": "22:00"}, "quiet_until", "need both times"),
        ({"quiet_until": "07:00"}, "quiet_from", "need both times"),
        ({"quiet_from": "25:99", "quiet_until": "07:00"}, "quiet_from", "such as 22:30"),
        ({"quiet_from": "07:00", "quiet_until": "07:00"}, "quiet_until", "another time"),
        ({"severities": ["loud"]}, "severities", "not one of the available"),
    ],
)
def test_choices_that_make_no_sense_are_refused_at_their_field_and_what_was_typed_stays(
    as_nadia, nadia, posted, field, words
):
    page = as_nadia.post(PAGE, posted)

    assert words in page.context["form"].errors[field][0]
    assert all(str(value) in page.content.decode() for value in posted.values() if isinstance(value, str))
    nadia.refresh_from_db()
    assert nadia.preferences == {}


@pytest.mark.parametrize(
    "stored", [None, [], {"severities": "x"}, {"quiet_from": "22:00"}, {"quiet_from": 7, "quiet_until": "late"}]
)
def test_malformed_choices_are_as_if_none_was_made(nadia, stored):
    nadia.preferences = {"alert_messages": stored}

    assert choices_of(nadia).quiet_from is None


def test_quiet_hours_over_midnight_end_in_the_morning_of_the_clinic(elm):
    choices = MessageChoices(quiet_from=dt.time(22), quiet_until=dt.time(7))
    late, early, noon = (dt.datetime(2026, 12, 2, hour, 30, tzinfo=elm.zone) for hour in (22, 6, 12))

    ends = [choices.quiet_end("warning", "queue", at, elm.zone).astimezone(elm.zone) for at in (late, early, noon)]

    assert [f"{end:%d %H:%M}" for end in ends] == ["03 07:00", "02 07:00", "02 12:30"]
    assert choices.quiet_end("critical", "responsible", late, elm.zone) == late


def test_triage_row_and_alert_page_say_who_was_not_reached_until_it_is_answered(as_nadia, elm):
    patient = PatientFactory(clinic=elm)
    add_entry(patient, "critical")
    episode = AlertEpisodeFactory(patient=patient, severity="critical", rule="bp_severe", kind="limit")
    AlertNotificationFactory(episode=episode, unreached_because="mail_failed", has_no_responsible=True)
    expected = ("Reached nobody: the mail failed three times", "Nobody is responsible")

    for address in ("/triage/", f"/triage/episodes/{episode.pk}/"):
        shown = page_text(as_nadia.get(address))
        assert [text in shown for text in expected] == [True, True], address
    episode.is_acknowledged = True
    episode.save()
    assert expected[0] not in page_text(as_nadia.get("/triage/"))


def test_administration_counts_what_reached_no_person_and_shows_messages_of_own_clinics(client_of, ada, elm, harbor):
    own = AlertEpisodeFactory(patient__clinic=elm, severity="critical", rule="bp_severe", kind="limit")
    other = AlertEpisodeFactory(patient__clinic=harbor, severity="critical", rule="bp_severe", kind="limit")
    for episode in (own, other):
        notification = AlertNotificationFactory(episode=episode, unreached_because="no_address")
        AlertMessageItemFactory(
            notification=notification, message__state="suppressed", message__fate="no e-mail address",
            message__to__clinics=[episode.patient.clinic],
        )  # fmt: skip
    client = client_of(ada)

    shown = page_text(client.get("/admin/"))
    assert "Critical alerts that reached nobody 1" in shown
    messages = client.get(reverse("admin:alerts_alertmessage_changelist")).context["cl"].result_list
    assert [message.items.get().notification.episode for message in messages] == [own]
    page = client.get(reverse("admin:alerts_alertmessage_change", args=[messages[0].pk]))
    assert "no e-mail address" in page.content.decode()
    assert "_save" not in page.content.decode()


def test_administrator_sets_times_of_own_clinic_and_the_clinics_history_has_it(client_of, ada, elm, harbor):
    client, form = (
        client_of(ada),
        {
            "clinic": elm.pk, "critical_minutes": 20, "severe_minutes": 30, "warning_days": 1, "information_days": 3,
            "after_hours": "no_one",
        },
    )  # fmt: skip
    address = reverse("admin:alerts_notificationsettings_add")

    refused = client.post(address, form | {"critical_minutes": 2, "clinic": harbor.pk})
    assert {"critical_minutes", "clinic"} <= refused.context["adminform"].form.errors.keys()
    assert client.post(address, form).status_code == 302
    changes = ClinicChange.objects.filter(clinic=elm).values_list("field", "before", "after")
    assert ("critical: minutes to answer", "60", "20") in changes
    assert ("critical alerts outside working hours are mailed to", "The person on call", "Nobody") in changes
    assert elm.notification_settings.times["critical"].working_time == dt.timedelta(minutes=20)
    assert timezone.now() >= ClinicChange.objects.latest("pk").at
