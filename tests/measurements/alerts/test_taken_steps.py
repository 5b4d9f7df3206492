"""Persons' steps on stored episodes, reviews and pauses: what they change, refuse and write down."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from measurements.alerts import assessment
from measurements.alerts.engine.facts import EventKind
from measurements.alerts.models import AlertStep
from measurements.alerts.reviews import ReviewConflict, review_patient
from measurements.alerts.steps import StepConflict, take_step
from measurements.ingest import pipeline
from measurements.models import TriageEntry
from patients.models import AuditEvent
from tests.factories import UserFactory
from tests.measurements.alerts.stored import (
    HOUR,
    NOON,
    entry_of,
    episodes_of,
    ingest_pressure,
    only_episode,
    pressure_item,
    review,
    section_of,
    shown_version_of,
    step,
)
from tests.measurements.webhook_items import receive_and_ingest, receive_delivery

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)
ACKNOWLEDGE, SNOOZE, ASSIGN, RESOLVE = EventKind.ACKNOWLEDGE, EventKind.SNOOZE, EventKind.ASSIGN, EventKind.RESOLVE


def test_acknowledgement_shows_at_once_is_audited_and_ends_when_it_gets_worse(clock, cuff, rosa, nadia, severe):
    row = step(severe, ACKNOWLEDGE, nadia)

    assert (row.is_acknowledged, row.section, entry_of(rosa).is_unacknowledged) == (True, "critical", False)
    event = AuditEvent.objects.filter(action="alert").latest("pk")
    assert (event.target, event.details["step"], event.patient_ids) == (f"alert:{row.pk}", "acknowledge", [rosa.pk])
    with pytest.raises(ValidationError, match="acknowledged already"):
        step(row, ACKNOWLEDGE, nadia)

    clock.move_to(NOON + HOUR)
    ingest_pressure(cuff, 206, 112, index=3)
    row = only_episode(rosa)
    assert (row.is_acknowledged, row.notified_again_at, entry_of(rosa).is_unacknowledged) == (
        False,
        NOON + HOUR,
        True,
    )
    assert row.steps.count() == 1


def test_second_of_two_people_at_once_is_shown_the_first_step_and_nothing_is_lost(rosa, elm, nadia, severe):
    other = UserFactory(role="clinician", clinics=[elm])
    step(severe, ACKNOWLEDGE, nadia)

    with pytest.raises(StepConflict) as conflict:
        step(severe, RESOLVE, other, outcome="expected")

    assert [(each.kind, each.by) for each in conflict.value.steps] == [("acknowledge", nadia)]
    assert AlertStep.objects.count() == 1


@pytest.mark.parametrize(
    ("kind", "how", "field"),
    [
        (SNOOZE, {"until": NOON, "text": "Asleep"}, "until"),
        (SNOOZE, {"until": NOON + HOUR * 2}, "text"),
        (SNOOZE, {"until": NOON + HOUR * 30, "text": "Asleep"}, "until"),
        (SNOOZE, {"text": "Asleep"}, "until"),
        (SNOOZE, {"worse_by": -1.0, "text": "Asleep"}, "worse_by"),
        (RESOLVE, {"outcome": "magic"}, "outcome"),
        (RESOLVE, {"outcome": "other", "text": "  "}, "text"),
        (ASSIGN, {}, "to"),
        (EventKind.REOPEN, {}, "__all__"),
    ],
)
def test_step_that_makes_no_sense_is_refused_at_its_field(nadia, severe, kind, how, field):
    with pytest.raises(ValidationError) as refusal:
        step(severe, kind, nadia, **how)

    assert field in (refusal.value.message_dict if hasattr(refusal.value, "error_dict") else {"__all__"})
    assert not AlertStep.objects.exists()


def test_snooze_of_critical_ends_after_its_time(clock, rosa, nadia, severe):
    row = step(severe, SNOOZE, nadia, until=NOON + HOUR * 3, text="Repeats after her walk")
    assert (row.state, row.section, section_of(rosa), row.snoozed_until) == (
        "snoozed",
        "",
        "snoozed",
        NOON + HOUR * 3,
    )

    clock.move_to(NOON + HOUR * 3)
    assessment.assess_due_patients()
    assert (only_episode(rosa).state, section_of(rosa)) == ("open", "critical")


def test_resolved_episode_is_history_until_it_is_reopened(clock, cuff, rosa, nadia, severe):
    row = step(severe, RESOLVE, nadia, outcome="medication_changed")
    assert (row.state, row.closed_by, row.closed_by_person, row.is_frozen, row.section) == (
        "closed",
        "person",
        nadia,
        True,
        "",
    )

    clock.move_to(NOON + HOUR)
    ingest_pressure(cuff, 199, index=3)
    assert [found.state for found in episodes_of(rosa, rule="bp_severe")] == ["closed", "unconfirmed"]
    row.refresh_from_db()
    with pytest.raises(ValidationError, match="newer alert"):
        step(row, EventKind.REOPEN, nadia)


def test_reopened_episode_is_open_and_no_history(rosa, nadia, severe):
    row = step(severe, RESOLVE, nadia, outcome="other", text="Took her tablets")

    row = step(row, EventKind.REOPEN, nadia)

    assert (row.state, row.is_frozen, row.closed_by_person, section_of(rosa)) == ("open", False, None, "critical")
    assert [found.kind for found in row.steps.all()] == ["resolve", "reopen"]


def test_assignment_is_to_a_person_who_can_act(elm, harbor, cora, nadia, severe):
    for person in (cora, UserFactory(role="clinician", clinics=[harbor])):
        with pytest.raises(ValidationError, match="can't work on this alert"):
            step(severe, ASSIGN, nadia, to=person)

    assert step(severe, ASSIGN, nadia, to=nadia).assigned_to == nadia


def test_coordinator_handles_missing_readings_only(clock, cuff, rosa, cora, ada, olaf, severe):
    for person in (cora, ada, olaf):
        with pytest.raises(PermissionDenied):
            step(severe, ACKNOWLEDGE, person)
    clock.move_to(NOON + dt.timedelta(days=3))
    TriageEntry.objects.mark_due([rosa.pk])
    assessment.assess_due_patients()

    silence = only_episode(rosa, "silence", metric="blood_pressure")

    assert step(silence, ACKNOWLEDGE, cora).is_acknowledged


def test_act_is_refused_when_readings_have_arrived_since_the_page_was_shown(clock, cuff, rosa, nadia, severe):
    """Also when these are not yet assessed: what is acknowledged is what the person has seen."""
    shown, patient_shown = severe.shown_version, shown_version_of(rosa)
    clock.move_to(NOON + HOUR)
    receive_and_ingest(pressure_item(cuff, 240, 130, index=3))

    with pytest.raises(StepConflict) as conflict:
        take_step(episode=severe, kind=ACKNOWLEDGE, by=nadia, shown=shown)
    with pytest.raises(ReviewConflict):
        review_patient(patient=rosa, by=nadia, shown=patient_shown, acknowledge=[str(severe.pk)])

    assert (conflict.value.steps, AlertStep.objects.count()) == ([], 0)
    assessment.assess_due_patients()
    assert step(only_episode(rosa), ACKNOWLEDGE, nadia).is_acknowledged


def test_reading_received_before_an_act_and_stored_after_it_is_news(clock, cuff, rosa, nadia, severe):
    """A delivery may wait for its worker while persons read the pages."""
    clock.move_to(NOON + HOUR)
    receive_delivery(pressure_item(cuff, 240, 130, index=3))
    clock.move_to(NOON + HOUR * 1.5)
    step(severe, ACKNOWLEDGE, nadia)
    review(rosa, nadia)
    assert section_of(rosa) == "reviewed"
    clock.move_to(NOON + HOUR * 2)
    pipeline.ingest_waiting_deliveries()
    assessment.assess_due_patients()

    row = only_episode(rosa)
    assert (row.is_acknowledged, section_of(rosa)) == (False, "critical")


def test_reading_and_step_of_a_machine_whose_clock_is_ahead_count_at_once(clock, cuff, rosa, nadia):
    """The worker's clock is behind that of the machine that received the reading and of the one that shows pages."""
    clock.move_to(NOON + MINUTE * 4)
    receive_and_ingest(pressure_item(cuff, 192, 110))
    clock.move_to(NOON)
    TriageEntry.objects.update(due_at=NOON)
    assessment.assess_due_patients()
    assert section_of(rosa) == "critical"

    clock.move_to(NOON + MINUTE * 3)
    step(only_episode(rosa), ACKNOWLEDGE, nadia)
    clock.move_to(NOON + MINUTE)
    TriageEntry.objects.mark_due([rosa.pk])
    assessment.assess_due_patients()
    assert only_episode(rosa).is_acknowledged


def test_reading_received_far_ahead_of_the_clock_is_assessed_when_its_time_has_come(clock, cuff, rosa):
    clock.move_to(NOON + HOUR * 2)
    receive_and_ingest(pressure_item(cuff, 192, 110))
    clock.move_to(NOON)
    TriageEntry.objects.update(due_at=NOON)
    assessment.assess_due_patients()

    assert entry_of(rosa).due_at == NOON + HOUR * 2
