"""Stored episodes: readings through ingest, exclusion, history, changed rules and conditions, discharge, sweeps."""

import datetime as dt
import random

import pytest
from django.utils import timezone

from measurements import tasks as measurement_tasks
from measurements.alerts import assessment, tasks
from measurements.alerts.models import PresetChange
from measurements.alerts.rule_changes import ConcurrentRuleChange, change_rule
from measurements.models import Measurement, TriageEntry
from measurements.readings import exclusion
from measurements.thresholds import editing
from measurements.thresholds.editing import Bounds
from patients.enrollment import admission
from tests.factories import AlertEpisodeFactory
from tests.measurements.alerts.stored import (
    HOUR,
    NOON,
    acknowledge,
    computed_rows,
    entry_of,
    episodes_of,
    ingest_pressure,
    only_episode,
    pressure_item,
    section_of,
    stored_rows,
)
from tests.measurements.webhook_items import receive_and_ingest

pytestmark = pytest.mark.django_db


def test_severe_pressure_is_stored_at_once_confirmed_and_closed_by_readings(clock, cuff, rosa):
    ingest_pressure(cuff, 192, 110)

    row, version = only_episode(rosa), rosa.live_version
    assert (row.state, row.section, row.reason, row.peak) == ("unconfirmed", "critical", "repeat_asked", (192, 110))
    assert row.rule_row["above"] == {"value_1": 180, "value_2": 120}
    entry = entry_of(rosa)
    assert (entry.section, entry.rank, entry.is_unacknowledged) == ("critical", 0, True)
    assert entry.due_at == NOON + HOUR, "without a repeat it opens after an hour"
    rosa.refresh_from_db()
    assert rosa.live_version > version

    clock.move_to(NOON + HOUR / 4)
    ingest_pressure(cuff, 195, 112, index=2)
    row = only_episode(rosa)
    assert (row.state, row.opened_at, row.count, row.is_notified) == ("open", NOON + HOUR / 4, 2, True)

    for n in (1, 2):
        clock.move_to(NOON + HOUR * n)
        ingest_pressure(cuff, 140, 82, index=2 + n)
    row = only_episode(rosa)
    assert (row.state, row.section, row.closed_by) == ("closed", "over_not_seen", "readings")
    assert (section_of(rosa), stored_rows(rosa)) == ("over_not_seen", computed_rows(rosa))


def test_unconfirmed_episode_opens_by_time_alone(clock, cuff, rosa):
    ingest_pressure(cuff, 192, 110)
    clock.move_to(NOON + HOUR)

    tasks.assess_due_patients()

    assert (only_episode(rosa).state, only_episode(rosa).reason) == ("open", "not_repeated")


@pytest.mark.parametrize("seed", range(3))
def test_stored_episodes_depend_on_neither_order_nor_repetition_of_arrival(clock, cuff, rosa, seed):
    chance = random.Random(seed)
    values = [192, 150, 196, 199, 130, 128, 185, 150, 201, 190, 135, 132]
    items = [pressure_item(cuff, value, hours_ago=22 - n * 0.8, index=n) for n, value in enumerate(values)]
    arriving = [*items, *chance.sample(items, 4)]
    chance.shuffle(arriving)
    while arriving:
        size = chance.choice((1, 1, 2, 3))
        batch, arriving = arriving[:size], arriving[size:]
        receive_and_ingest(batch if size > 1 else batch[0])
        if chance.random() < 0.5:
            assessment.assess_due_patients()

    assessment.assess_due_patients()

    rows = stored_rows(rosa)
    states = {row.state for row in episodes_of(rosa)}
    assert (rows, states) == (computed_rows(rosa), {"closed", "dissolved"})
    assert [row.peak_1 for row in episodes_of(rosa, rule="bp_severe", state="closed")] == [199, 201]


def test_exclusion_dissolves_episode_and_undo_brings_it_back(clock, cuff, rosa, nadia):
    ingest_pressure(cuff, 192, 110)
    clock.move_to(NOON + HOUR / 4)
    reading = Measurement.objects.get(patient=rosa, metric="blood_pressure")
    first = only_episode(rosa)

    exclusion.exclude_reading(reading=reading, reason=exclusion.ExclusionReason.BAD_MEASUREMENT, by=nadia)
    assessment.assess_due_patients()
    assert (only_episode(rosa).state, only_episode(rosa).section, section_of(rosa)) == ("dissolved", "", "on_target")

    reading.refresh_from_db()
    clock.move_to(NOON + HOUR / 2)
    exclusion.undo_exclusion(reading=reading, by=nadia)
    assessment.assess_due_patients()
    row = only_episode(rosa)
    assert (row.pk, row.state, section_of(rosa)) == (first.pk, "unconfirmed", "critical")


def test_episode_closed_over_7_days_ago_is_history_that_says_it_differs(clock, cuff, rosa, nadia):
    for n, value in enumerate((192, 195, 140, 138)):
        clock.move_to(NOON + HOUR / 4 * n)
        ingest_pressure(cuff, value, index=n)
    clock.move_to(NOON + dt.timedelta(days=9))
    TriageEntry.objects.mark_due([rosa.pk])
    assessment.assess_due_patients()
    row = only_episode(rosa)
    assert (row.is_frozen, row.peak_1, row.differs_because) == (True, 195, "")

    reading = Measurement.objects.get(patient=rosa, metric="blood_pressure", value_1=195)
    exclusion.exclude_reading(reading=reading, reason=exclusion.ExclusionReason.BAD_MEASUREMENT, by=nadia)
    assessment.assess_due_patients()

    row = only_episode(rosa)
    assert (row.state, row.peak_1, row.count, row.differs_because) == ("closed", 195, 2, "exclusion")


def test_goal_of_spo2_moves_limit_of_its_rule_from_then_on(clock, cuff, rosa, nadia):
    rosa.conditions = ["copd"]
    rosa.save()

    def measure(value, n):
        receive_and_ingest(
            pressure_item(cuff, value, index=n) | {"metric": "spO2", "value_2": "0.00", "value_1": f"{value}.00"}
        )
        assessment.assess_due_patients()

    for n in range(2):
        clock.move_to(NOON + HOUR * n)
        measure(90, n)
    assert only_episode(rosa, "spo2_low").state == "open"

    clock.move_to(NOON + HOUR * 2)
    lower = Bounds(low=editing.Decimal(86), very_low=editing.Decimal(80))
    editing.change_thresholds(scope=rosa, new_bounds={("spO2", 1, ""): lower}, last_seen_change_id=0, by=nadia)
    assert entry_of(rosa).due_at == timezone.now()
    assessment.assess_due_patients()

    assert (only_episode(rosa, "spo2_low").state, only_episode(rosa, "spo2_low").closed_by) == ("closed", "rule")


def test_own_rule_of_patient_wins_over_clinics_and_judges_from_then_on(clock, cuff, rosa, nadia):
    change_rule(scope=rosa.clinic, code="bp_severe", by=nadia, last_seen_change_id=0, is_off=True, reason="Too many")
    clock.move_to(NOON + HOUR / 4)
    ingest_pressure(cuff, 192)
    assert episodes_of(rosa, rule="bp_severe") == []

    clock.move_to(NOON + HOUR)
    newest = change_rule(
        scope=rosa, code="bp_severe", by=nadia, last_seen_change_id=10**9, values={"above": {"value_1": 170}}
    )
    assessment.assess_due_patients()
    assert episodes_of(rosa, rule="bp_severe") == [], "it never raises the past"

    clock.move_to(NOON + HOUR * 2)
    ingest_pressure(cuff, 172, index=2)
    row = only_episode(rosa)
    assert (row.severity, row.rule_row["above"]) == ("critical", {"value_1": 170})
    with pytest.raises(ConcurrentRuleChange):
        change_rule(scope=rosa, code="bp_severe", by=nadia, last_seen_change_id=newest.pk - 1)
    with pytest.raises(editing.ValidationError, match="unknown key"):
        change_rule(scope=rosa, code="bp_severe", by=nadia, last_seen_change_id=newest.pk, values={"abov": 1})


def test_new_condition_brings_its_rules_for_what_is_measured_after_it(clock, cuff, rosa, nadia):
    rosa.conditions = ["diabetes"]
    rosa.save()
    ingest_pressure(cuff, 192)
    assert episodes_of(rosa) == []

    clock.move_to(NOON + HOUR)
    rosa.refresh_from_db()
    admission.edit_patient(patient=rosa, by=nadia, edit_version=rosa.edit_version, conditions=["hypertension"])
    measurement_tasks.rebuild_stale_summaries()
    assessment.assess_due_patients()
    assert episodes_of(rosa, rule="bp_severe") == []
    assert PresetChange.objects.filter(patient=rosa).count() == 2

    clock.move_to(NOON + HOUR * 2)
    ingest_pressure(cuff, 192, index=2)
    assert only_episode(rosa).first == NOON + HOUR * 2


def test_discharge_ends_open_episodes_and_readmission_begins_anew(clock, cuff, rosa, cora, nadia):
    ingest_pressure(cuff, 192)
    clock.move_to(NOON + HOUR / 2)
    ingest_pressure(cuff, 194, index=2)
    acknowledge(only_episode(rosa), nadia)
    admission.discharge_patient(patient=rosa, by=cora, reason="completed")
    measurement_tasks.rebuild_stale_summaries()
    assessment.assess_due_patients()
    assert (only_episode(rosa).state, only_episode(rosa).closed_by, section_of(rosa)) == ("closed", "discharge", "")

    clock.move_to(NOON + HOUR)
    ingest_pressure(cuff, 196, index=3)
    assert len(episodes_of(rosa, rule="bp_severe")) == 1, "outside monitoring nothing is judged"

    clock.move_to(NOON + HOUR * 2)
    admission.readmit_patient(patient=rosa, by=cora)
    measurement_tasks.rebuild_stale_summaries()
    clock.move_to(NOON + HOUR * 3)
    ingest_pressure(cuff, 197, index=4)
    assert [row.state for row in episodes_of(rosa, rule="bp_severe")] == ["closed", "unconfirmed"]


def test_silence_opens_at_local_midnight_and_closes_at_next_reading(clock, cuff, rosa):
    ingest_pressure(cuff, 120)
    midnight = dt.datetime(2026, 11, 24, 5, 0, tzinfo=dt.UTC)
    clock.move_to(midnight)
    tasks.assess_due_patients()
    row = only_episode(rosa, "silence")
    assert (row.metric, row.opened_at, row.queue, row.section) == (
        "blood_pressure",
        midnight,
        "compliance",
        "no_readings",
    )

    clock.move_to(midnight + HOUR)
    ingest_pressure(cuff, 121, index=2)
    assert (only_episode(rosa, "silence").state, section_of(rosa)) == ("closed", "on_target")


def test_stored_episode_that_is_no_longer_computed_is_dissolved(clock, cuff, rosa):
    AlertEpisodeFactory(patient=rosa, rule="bp_severe", kind="limit", severity="critical", first=NOON, last=NOON)
    TriageEntry.objects.mark_due([rosa.pk])

    assessment.assess_due_patients()

    assert (only_episode(rosa).state, section_of(rosa)) == ("dissolved", "on_target")


def test_late_critical_reading_is_listed_as_arrived_late_until_it_is_acknowledged(clock, cuff, rosa, nadia):
    ingest_pressure(cuff, 192, 110, hours_ago=30)
    row = only_episode(rosa)
    assert (row.section, row.is_late, row.is_notified, section_of(rosa)) == (
        "arrived_late",
        True,
        False,
        "arrived_late",
    )

    row = acknowledge(row, nadia)

    assert (row.state, row.closed_by, section_of(rosa)) == ("closed", "person", "on_target")


def test_history_that_the_loaded_readings_cut_in_two_stays_as_it_is(clock, cuff, rosa, nadia):
    """Its first readings and its acknowledgement are older than 45 days, its last reading is not."""
    for n, (hours, value) in enumerate([(0, 192), (0.25, 194), (24, 195), (24.25, 196), (25, 140), (26, 138)]):
        clock.move_to(NOON + HOUR * hours)
        ingest_pressure(cuff, value, index=n)
        if n == 1:
            acknowledge(only_episode(rosa), nadia)
    (before,) = stored_rows(rosa)

    clock.move_to(NOON + dt.timedelta(days=45, hours=12))
    TriageEntry.objects.mark_due([rosa.pk])
    assessment.assess_due_patients()

    row = only_episode(rosa)
    assert (row.section, row.is_acknowledged, row.differs_because) == ("", True, "")
    assert before in stored_rows(rosa)
