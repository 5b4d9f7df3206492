"""Reviews, pauses and discharges beside stored episodes: what they change, refuse and write down."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from measurements.alerts import assessment
from measurements.alerts.engine.facts import EventKind
from measurements.alerts.models import AlertStep
from measurements.alerts.pauses import end_pause, plan_pause
from measurements.alerts.reviews import ReviewRefused, undo_review
from measurements.models import TriageEntry
from patients.enrollment import admission
from patients.models import AuditEvent
from tests.factories import DeviceFactory
from tests.measurements.alerts.stored import (
    HOUR,
    NOON,
    entry_of,
    episodes_of,
    ingest_pressure,
    only_episode,
    review,
    section_of,
    step,
)
from tests.measurements.webhook_items import measurement_item, receive_and_ingest
from tests.page_texts import page_text

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)
ACKNOWLEDGE, SNOOZE, ASSIGN, RESOLVE = EventKind.ACKNOWLEDGE, EventKind.SNOOZE, EventKind.ASSIGN, EventKind.RESOLVE


def test_review_is_refused_while_critical_is_unacknowledged_and_acknowledges_in_one_act(rosa, nadia, severe):
    with pytest.raises(ReviewRefused) as refusal:
        review(rosa, nadia)
    assert refusal.value.episodes == [severe]

    review(rosa, nadia, acknowledge=[str(severe.pk)])

    assert (section_of(rosa), only_episode(rosa).is_acknowledged) == ("reviewed", True)
    assert AuditEvent.objects.filter(action="review", actor_id=nadia.pk, patient_ids=[rosa.pk]).count() == 1


def test_review_of_a_page_that_did_not_name_the_critical_episode_acknowledges_nothing(rosa, nadia, severe):
    for named in ([], [str(severe.pk + 1)], ["9" * 40, "x"]):
        with pytest.raises(ReviewRefused):
            review(rosa, nadia, acknowledge=named)

    assert not AlertStep.objects.exists()


def test_reviewed_patient_returns_with_news_and_by_undo_on_the_same_day(clock, cuff, rosa, nadia, severe):
    step(severe, ACKNOWLEDGE, nadia)
    made = review(rosa, nadia)
    assert section_of(rosa) == "reviewed"

    undo_review(review=made, by=nadia)
    assert section_of(rosa) == "critical"
    with pytest.raises(ValidationError, match="already"):
        undo_review(review=made, by=nadia)

    made = review(rosa, nadia)
    clock.move_to(NOON + HOUR)
    ingest_pressure(cuff, 190, index=3)
    assert section_of(rosa) == "critical", "a new reading feeds it"

    clock.move_to(NOON + dt.timedelta(days=1))
    with pytest.raises(ValidationError, match="own day"):
        undo_review(review=made, by=nadia)


def test_pause_holds_silence_back_until_it_is_ended(clock, cuff, rosa, cora, olaf):
    ingest_pressure(cuff, 120)
    today = NOON.date()
    how = {"first_day": today, "last_day": today + dt.timedelta(days=20), "reason": "On holiday"}
    for wrong in ({"last_day": today - dt.timedelta(days=1)}, {"reason": " "}, {"last_day": dt.date(2099, 1, 1)}):
        with pytest.raises(ValidationError):
            plan_pause(patient=rosa, by=cora, **(how | wrong))
    with pytest.raises(PermissionDenied):
        plan_pause(patient=rosa, by=olaf, **how)
    pause = plan_pause(patient=rosa, by=cora, **how)

    clock.move_to(NOON + dt.timedelta(days=5))
    TriageEntry.objects.mark_due([rosa.pk])
    assessment.assess_due_patients()
    assert episodes_of(rosa, rule="silence") == []

    end_pause(pause=pause, by=cora)
    clock.move_to(NOON + dt.timedelta(days=7))
    assessment.assess_due_patients()
    assert only_episode(rosa, "silence").opened_at == dt.datetime(2026, 11, 28, 5, tzinfo=dt.UTC)


def test_discharge_with_unseen_critical_is_refused_with_names_until_it_is_acknowledged(severe, rosa, cora, nadia):
    with pytest.raises(ValidationError, match=r"1 critical alert must be acknowledged first, by Nadia Haddad"):
        admission.discharge_patient(patient=rosa, by=cora, reason="completed")
    rosa.refresh_from_db()
    assert rosa.discharged_at is None

    step(severe, ACKNOWLEDGE, nadia)
    assert admission.discharge_patient(patient=rosa, by=cora, reason="completed").discharged_at is not None


@pytest.mark.parametrize(
    ("hours_ago", "section", "words"),
    [(1, "critical", "Beyond the meter, value not known"), (30, "arrived_late", "Arrived late, beyond the meter")],
)
def test_discharge_with_an_unseen_reading_beyond_the_meter_is_refused_until_it_is_reviewed(
    clock, rosa, cora, nadia, as_nadia, hours_ago, section, words
):
    meter = DeviceFactory(patient=rosa)
    taken = (NOON - HOUR * hours_ago).isoformat()
    receive_and_ingest(measurement_item(meter, metric="glucose", value_1="HI", created=taken, timestamp=taken))
    assessment.assess_due_patients()

    with pytest.raises(ValidationError, match=r"Of this patient 1 urgent reading must be reviewed first, by "):
        admission.discharge_patient(patient=rosa, by=cora, reason="completed")
    assert section_of(rosa) == section
    assert words in page_text(as_nadia.get("/triage/"))

    clock.move_to(NOON + HOUR / 4)
    assessment.assess_due_patients()
    review(rosa, nadia)
    assert admission.discharge_patient(patient=rosa, by=cora, reason="completed").discharged_at is not None


def test_discharge_of_patient_who_died_acknowledges_with_that_reason(severe, rosa, cora):
    admission.discharge_patient(patient=rosa, by=cora, reason="died")

    assert [(each.kind, each.by, each.text) for each in severe.steps.all()] == [
        ("acknowledge", cora, "Discharged: Died")
    ]


def test_discharge_of_patient_whose_alerts_could_not_be_assessed_is_refused(clock, cuff, rosa, cora, monkeypatch):
    """A failing patient isn't due before the next attempt, which may be an hour away."""
    ingest_pressure(cuff, 120)
    with monkeypatch.context() as patch:
        patch.setattr(assessment, "evaluate", lambda *_: 1 / 0)
        ingest_pressure(cuff, 240, 130, index=2)
        with pytest.raises(ValidationError, match=r"could not be assessed. Try later, or ask "):
            admission.discharge_patient(patient=rosa, by=cora, reason="completed")
        assert entry_of(rosa).failures == 1

    with pytest.raises(ValidationError, match="1 critical alert must be acknowledged first"):
        admission.discharge_patient(patient=rosa, by=cora, reason="completed")


def test_discharge_locks_the_alerts_that_it_acknowledges(severe, rosa, cora):
    with CaptureQueriesContext(connection) as asked:
        admission.discharge_patient(patient=rosa, by=cora, reason="died")

    statements = [query["sql"] for query in asked]
    lock = next(n for n, sql in enumerate(statements) if "triageentry" in sql and "FOR NO KEY UPDATE" in sql)
    assert lock < next(n for n, sql in enumerate(statements) if sql.startswith("INSERT") and "alertstep" in sql)
