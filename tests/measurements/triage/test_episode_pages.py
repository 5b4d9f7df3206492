"""Page of an alert and what people do there and from the list: steps, refusals, two people at once, reviews, notes."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from measurements.alerts.engine.facts import EventKind
from measurements.alerts.models import AlertEpisode, AlertStep, PatientReview
from measurements.alerts.steps import take_step
from measurements.triage.forms import next_morning
from patients.care.models import NoteVersion
from patients.models import AuditEvent
from patients.preferences import save_preference
from tests.factories import AlertEpisodeFactory, DeviceFactory, MeasurementFactory, UserFactory
from tests.measurements.alerts.stored import HOUR, entry_of, ingest_pressure, only_episode, pressure_item
from tests.measurements.triage.clinic_morning import rule_row
from tests.measurements.webhook_items import receive_and_ingest
from tests.page_texts import missing_words, page_text

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 11, 23, 17, 0, tzinfo=dt.UTC)  # noon in New York


@pytest.fixture
def clock(time_machine):
    time_machine.move_to(NOON, tick=False)
    return time_machine


@pytest.fixture
def cuff(clock, rosa):
    return DeviceFactory(patient=rosa)


@pytest.fixture
def severe(clock, cuff, rosa):
    """An open critical episode of two readings, a quarter of an hour after noon."""
    ingest_pressure(cuff, 192, 110)
    clock.move_to(NOON + HOUR / 4)
    ingest_pressure(cuff, 194, 111, index=2)
    return only_episode(rosa)


def post(client, episode, act, **data):
    return client.post(f"/triage/episodes/{episode.pk}/{act}/", {"shown": episode.shown_version} | data)


def shown_of(page, patient):
    return re.search(rf'/patients/{patient.pk}/review/"\s+name="shown" value="(\d+)"', page.content.decode())[1]


def test_episode_page_shows_rule_readings_chart_and_history(client_of, nadia, severe):
    client = client_of(nadia)
    post(client, severe, "acknowledge")
    page = client.get(f"/triage/episodes/{severe.pk}/")

    assert page.status_code == 200
    assert missing_words(
        page, "Severe blood pressure", "194/111 mmHg", "2 readings", "over 180/120", "2025 AHA/ACC", "192/110",
        "Acknowledged by Nadia Haddad", "This is no emergency service", "Rosa Delgado",
    ) == []  # fmt: skip
    assert "<svg" in page.content.decode()
    assert 'action="/triage/episodes/' in page.content.decode()
    assert AuditEvent.objects.filter(action="view", patient_ids=[severe.patient_id]).exists()


def test_episode_page_says_until_when_it_should_be_acknowledged(client_of, nadia, severe, clock):
    """Critical: an hour of the clinic's working hours after it was confirmed at 12:15."""
    client, address = client_of(nadia), f"/triage/episodes/{severe.pk}/"
    assert missing_words(client.get(address), "due by Nov 23, 2026, 1:15 PM") == []

    clock.move_to(NOON + 2 * HOUR)
    assert missing_words(client_of(nadia).get(address), "overdue since Nov 23, 1:15 PM") == []

    severe.refresh_from_db()
    post(client_of(nadia), severe, "acknowledge")
    assert missing_words(client.get(address), "overdue", "due by") == ["overdue", "due by"]


def test_message_that_names_the_patient_is_in_no_cookie(client_of, nadia, severe):
    client = client_of(nadia)
    answer = post(client, severe, "acknowledge")

    assert set(answer.cookies) <= {"sessionid", "csrftoken"}
    assert "Rosa Delgado: Acknowledged." in page_text(client.get(answer["Location"]))


def test_history_of_episode_says_that_it_would_read_differently_now(as_nadia, rosa):
    over = timezone.now() - dt.timedelta(days=9)
    row = AlertEpisodeFactory(
        patient=rosa, state="closed", section="", closed_at=over, closed_by="readings", last=over, is_frozen=True,
        differs_because="facts_changed", rule_row=rule_row("bp_average"),
    )  # fmt: skip

    assert missing_words(as_nadia.get(f"/triage/episodes/{row.pk}/"), "It would read differently now") == []


def test_steps_on_episode_page_are_taken_and_written_down(client_of, nadia, elm, severe):
    client, colleague = client_of(nadia), UserFactory(name="Omar Diaz", role="clinician", clinics=[elm])
    cases = [
        ("assign", {"to": colleague.pk, "text": "Knows her"}, "assigned_to", colleague),
        ("snooze", {"period": "4h", "text": "Asleep"}, "state", "snoozed"),
        ("escalate", {"to": "", "text": "Off at noon"}, "step_version", 3),
        ("resolve", {"outcome": "measurement_error"}, "closed_by", "person"),
        ("reopen", {"text": "Wrong patient"}, "state", "open"),
    ]
    for act, data, column, expected in cases:
        severe.refresh_from_db()
        answer = post(client, severe, act, **data)
        assert answer.headers.get("Location") == f"/triage/episodes/{severe.pk}/", (act, page_text(answer)[:400])
        severe.refresh_from_db()
        assert getattr(severe, column) == expected, act

    page = client.get(f"/triage/episodes/{severe.pk}/")
    assert missing_words(page, "to Omar Diaz", "Asleep", "measurement error", "Opened again") == []


def test_refused_step_retains_typed_text_and_names_the_field(client_of, nadia, severe):
    client = client_of(nadia)
    cases = [
        ("resolve", {"outcome": "other", "text": ""}, "Say in a few words what the outcome was."),
        ("snooze", {"period": "time", "until": "2026-11-22T08:00", "text": "Typed reason"}, "This time is over."),
        ("snooze", {"period": "time", "until": "", "text": "Typed reason"}, "Write the day and time."),
        ("snooze", {"period": "4h", "text": ""}, "Say why a critical alert can wait."),
    ]
    for act, data, words in cases:
        answer = post(client, severe, act, **data)
        assert (answer.status_code, missing_words(answer, words)) == (200, []), act
        if data.get("text"):
            assert data["text"] in page_text(answer)
    assert not AlertStep.objects.exists()


def test_second_of_two_people_is_notified_and_typed_text_stays(client_of, nadia, elm, severe):
    colleague = UserFactory(name="Omar Diaz", role="clinician", clinics=[elm])
    take_step(episode=severe, kind=EventKind.ACKNOWLEDGE, by=colleague, shown=severe.shown_version)
    client = client_of(nadia)

    answer = post(client, severe, "resolve", outcome="patient_called", text="She feels well")

    assert missing_words(answer, "Another person was faster", "Acknowledged by Omar Diaz", "She feels well") == []
    shown = AlertEpisode.objects.get().shown_version
    assert f'name="shown" value="{shown}"' in answer.content.decode()
    again = post(client, severe, "resolve", shown=shown, outcome="patient_called", text="She feels well")
    assert again.status_code == 302
    from_list = post(client, severe, "acknowledge", list="section=critical")
    assert from_list.headers["Location"] == "/triage/?section=critical"
    assert "another person was faster" in page_text(client.get("/triage/"))


def test_acknowledge_from_list_leads_back_to_it(client_of, nadia, severe):
    client = client_of(nadia)
    answer = post(client, severe, "acknowledge", list="section=critical&after=5&evil=1")

    assert answer.headers["Location"] == "/triage/?section=critical&after=5"
    page = client.get("/triage/")
    assert missing_words(page, "Rosa Delgado: Acknowledged.", "acknowledged") == []
    assert 'data-act="a"' not in page.content.decode()


def test_snooze_from_list_has_a_form_of_its_own(client_of, nadia, severe):
    client = client_of(nadia)
    form = client.get(f"/triage/episodes/{severe.pk}/snooze/", {"list": "section=critical"})

    assert 'name="list" value="section=critical"' in form.content.decode()
    assert "data-panel-part" in form.content.decode()
    refused = post(client, severe, "snooze", list="section=critical", period="4h")
    assert missing_words(refused, "Say why a critical alert can wait.") == []
    done = post(client, severe, "snooze", list="section=critical", period="4h", text="Asleep")
    assert done.headers["Location"] == "/triage/?section=critical"


def test_snooze_until_worse_by_a_number_is_saved_in_the_vendors_unit(client_of, nadia, rosa, severe):
    client = client_of(nadia)
    gain = AlertEpisodeFactory(patient=rosa, rule="weight_gain", metric="weight", kind="change", peak_1=182.0)
    save_preference(by=nadia, name="units", value="kg")
    form = client.get(f"/triage/episodes/{gain.pk}/snooze/")
    assert missing_words(form, "Worse by how much, kg", "Than the worst value so far; 0.5 if left empty.") == []
    silent = AlertEpisodeFactory(patient=rosa, rule="silence", metric="weight", kind="silence", peak_1=None)
    assert "Worse by" not in page_text(client.get(f"/triage/episodes/{silent.pk}/snooze/"))

    for wrong in ("-1", "nonsense", "9" * 40):
        assert post(client, severe, "snooze", period="4h", text="Asleep", worse_by=wrong).status_code == 200, wrong
    answer = post(client, severe, "snooze", period="4h", text="Asleep", worse_by="25")
    assert answer.status_code == 302
    assert AlertStep.objects.get().worse_by == 25
    assert "or until it gets worse by 25 mmHg" in page_text(client.get(f"/triage/episodes/{severe.pk}/"))


def test_review_is_refused_while_critical_is_unacknowledged_and_offers_both(client_of, nadia, rosa, severe):
    client = client_of(nadia)
    data = {"shown": shown_of(client.get("/triage/"), rosa), "list": ""}

    refused = client.post(f"/triage/patients/{rosa.pk}/review/", data)
    assert missing_words(refused, "no person has acknowledged", "Acknowledge and mark reviewed") == []
    assert not PatientReview.objects.exists()

    assert f'name="acknowledge" value="{severe.pk}"' in refused.content.decode()

    done = client.post(f"/triage/patients/{rosa.pk}/review/", data | {"acknowledge": str(severe.pk)})
    assert done.headers["Location"] == "/triage/"
    assert entry_of(rosa).section == "reviewed"
    page = client.get("/triage/")
    assert missing_words(page, "Reviewed today", "Undo the review", "Nadia Haddad now") == []

    review = PatientReview.objects.get()
    client.post(f"/triage/reviews/{review.pk}/undo/", {"list": ""})
    review.refresh_from_db()
    assert (review.undone_by, entry_of(rosa).section) == (nadia, "critical")
    again = client.post(f"/triage/reviews/{review.pk}/undo/", {"list": ""}, follow=True)
    assert missing_words(again, "This review is taken back already.") == []


def test_review_of_a_page_that_is_out_of_date_is_refused_with_words(client_of, nadia, rosa, severe):
    client = client_of(nadia)
    for shown in ("", "1", "-1", "9" * 40, "yesterday"):
        data = {"shown": shown, "acknowledge": str(severe.pk)}
        answer = client.post(f"/triage/patients/{rosa.pk}/review/", data, follow=True)
        assert missing_words(answer, "Rosa Delgado: not reviewed, because something has changed") == [], shown
    assert not PatientReview.objects.exists()


def test_step_on_readings_that_the_page_did_not_show_is_refused_with_them(client_of, nadia, cuff, clock, severe):
    clock.move_to(NOON + HOUR)
    client = client_of(nadia)
    receive_and_ingest(pressure_item(cuff, 240, 130, index=3))

    answer = post(client, severe, "resolve", outcome="patient_called", text="She feels well")
    from_list = post(client, severe, "acknowledge", list="")

    words = "New readings have arrived since you opened this: 240/130 mmHg"
    assert missing_words(answer, words, "Nothing is saved yet", "She feels well") == []
    assert words in page_text(client.get(from_list.headers["Location"]))
    assert not AlertStep.objects.exists()
    shown = AlertEpisode.objects.get().shown_version
    assert f'name="shown" value="{shown}"' in answer.content.decode()
    assert post(client, severe, "acknowledge", shown=shown).status_code == 302


@pytest.mark.parametrize("act", ["acknowledge", "snooze", "assign", "escalate", "resolve", "reopen"])
def test_tampered_step_is_refused_and_not_an_error(client_of, nadia, severe, act):
    client = client_of(nadia)
    for shown in ("", "9" * 40, "-5", "1.", "x" * 500, "\u0662"):
        fields = {"period": "4h", "outcome": "expected", "text": "Words", "to": "9" * 40}
        assert post(client, severe, act, shown=shown, **fields).status_code == 200, shown
    assert not AlertStep.objects.exists()


def test_call_from_list_opens_contact_form_with_call_chosen(as_nadia, rosa):
    page = as_nadia.get(f"/triage/patients/{rosa.pk}/note/", {"kind": "call"})

    assert 'value="call" id="id_kind_1" required checked' in page.content.decode()
    answer = as_nadia.post(
        f"/triage/patients/{rosa.pk}/note/?kind=call&list=section%3Dcritical",
        {
            "kind": "call", "happened_at": "2026-11-23T07:00", "contact_with": "patient", "outcome": "reached",
            "is_live": "on", "text": "Feels well",
        },
    )  # fmt: skip
    assert answer.headers["Location"] == "/triage/?section=critical"
    assert NoteVersion.objects.get().is_live


def test_alerts_of_others_are_not_found_and_coordinators_may_act_on_missing_readings_only(
    client_of, nadia, cora, olaf, rosa, severe
):
    silent = AlertEpisodeFactory(
        patient=rosa, rule="silence", metric="weight", kind="silence", queue="compliance", section="no_readings"
    )
    addresses = [f"/triage/episodes/{severe.pk}/", f"/triage/episodes/{severe.pk}/snooze/"]
    assert [client_of(olaf).get(address).status_code for address in addresses] == [404, 404]
    assert post(client_of(olaf), severe, "acknowledge").status_code == 404
    assert post(client_of(cora), severe, "acknowledge").status_code == 403
    assert client_of(cora).get(f"/triage/episodes/{severe.pk}/snooze/").status_code == 302
    assert "Clinicians work on this alert." in page_text(client_of(cora).get(f"/triage/episodes/{severe.pk}/"))
    assert post(client_of(cora), silent, "acknowledge").status_code == 302
    assert client_of(cora).post(f"/triage/patients/{rosa.pk}/review/").status_code == 403
    review = PatientReview.objects.create(patient=rosa, by=nadia, at=NOON, through=NOON)
    assert client_of(olaf).post(f"/triage/reviews/{review.pk}/undo/").status_code == 404


def test_episode_page_makes_the_same_queries_for_any_number_of_readings(client_of, nadia, cuff, clock, severe):
    def count():
        client = client_of(nadia)
        with CaptureQueriesContext(connection) as asked:
            client.get(f"/triage/episodes/{severe.pk}/")
        return len(asked)

    count()
    few = count()
    for n in range(3):
        clock.shift(dt.timedelta(minutes=5))
        ingest_pressure(cuff, 196, 110, index=3 + n)
    assert count() == few


def test_patient_page_lists_open_alerts_with_links(client_of, nadia, rosa, severe):
    page = client_of(nadia).get(f"/patients/{rosa.pk}/")

    assert missing_words(page, "Severe blood pressure", "194/111 mmHg", "This is no emergency service") == []
    assert f'href="/triage/episodes/{severe.pk}/"' in page.content.decode()


@pytest.mark.parametrize(("at", "morning"), [("2026-11-20T10:00Z", 20), ("2026-11-20T13:00Z", 21)])
def test_snooze_until_the_next_morning_is_within_a_day(time_machine, at, morning):
    """10:00 UTC is 5 am in New York, and the round of the night ends at 8."""
    time_machine.move_to(dt.datetime.fromisoformat(at), tick=False)

    with timezone.override("America/New_York"):
        assert next_morning() == dt.datetime(2026, 11, morning, 13, tzinfo=dt.UTC)


def test_episode_page_shows_no_reading_of_another_patient(as_nadia, rosa):
    other = MeasurementFactory(code="weight", value_1=777)
    row = AlertEpisodeFactory(patient=rosa, reading_ids=[other.pk])

    assert "777" not in page_text(as_nadia.get(f"/triage/episodes/{row.pk}/"))
