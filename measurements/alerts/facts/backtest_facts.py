"""Facts of patients for a backtest: readings of its days with what comes before them, and rules and goals of today."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace

from measurements.alerts.engine.backtest import BACKTEST_DAYS
from measurements.alerts.engine.facts import Facts
from measurements.alerts.engine.rules import Goal, Rule
from measurements.alerts.facts import stored_facts
from measurements.alerts.facts.effective_goals import goals_of
from measurements.alerts.facts.effective_rules import OwnRule, effective_rules
from measurements.alerts.facts.patient_facts import PatientFacts
from patients.models import Patient

BEFORE = dt.timedelta(days=30)  # read before the first day, for averages, usual weights and episodes that are open


def load_backtest_facts(
    patients: Sequence[Patient], now: dt.datetime, *, metrics: Sequence[str] | None = None, days: int = BACKTEST_DAYS
) -> dict[uuid.UUID, PatientFacts]:
    """By patient; `clinic` is selected with them. `metrics` None: all that rules judge."""
    start = now - dt.timedelta(days=days) - BEFORE
    found = {patient.pk: PatientFacts(patient, start) for patient in patients}
    stored_facts.load_readings(found, metrics=metrics)
    stored_facts.load_pauses(found, now)
    stored_facts.load_expected_readings(found, now)
    stored_facts.load_presets_and_rules(found)
    stored_facts.load_goals(found)
    stored_facts.load_equipment_and_periods(found)
    return found


def facts_of_today(found: PatientFacts, goals: Mapping[str, Goal] | None = None) -> Facts:
    """Without the changes of rules and goals in the past; `goals` instead of today's, by metric."""
    own_goals = {**goals_of(found.goals), **(goals or {})}
    return replace(replace(found, own_rules=[], presets=[], goals={}, goal_changes=[]).build(), goals=own_goals)


def rule_of(found: PatientFacts, code: str, now: dt.datetime, change: OwnRule | None = None) -> Rule | None:
    """The rule as it judges the patient, or would with a change of the clinic's or patient's own values."""
    own_rules = [*found.own_rules, *([change] if change else [])]
    effective = effective_rules(found.presets, own_rules, now).get(code)
    return effective.rule if effective else None
