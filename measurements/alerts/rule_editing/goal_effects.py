"""What changed goals do to open episodes of the rules that follow them: critical ones that they would end."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone

from measurements.alerts.engine.shipped_rules import GOAL_RULES, SPO2, with_goal
from measurements.alerts.facts import stored_facts
from measurements.alerts.facts.backtest_facts import rule_of
from measurements.alerts.facts.effective_goals import goals_of
from measurements.alerts.facts.effective_rules import CLINIC, PATIENT
from measurements.alerts.facts.patient_facts import PatientFacts
from measurements.alerts.models import AlertEpisode
from measurements.alerts.rule_editing.episode_questions import EpisodeQuestion, acknowledge_answered, questions_about
from measurements.alerts.rule_editing.rule_effects import is_still_fed, unacknowledged_critical
from measurements.thresholds.goal_questions import ChangedBounds, register_goal_questions
from patients.models import Clinic, Patient


def critical_episodes_ended_by_goals(scope: Patient | Clinic, changed: ChangedBounds) -> list[AlertEpisode]:
    """Open, critical and not acknowledged, of the rules that follow the goal; the longest open first."""
    parts = {key[:2]: bounds for key, bounds in changed.items() if key[0] == SPO2 and not key[2]}
    if not parts:
        return []
    episodes = list(unacknowledged_critical(scope).filter(rule__in=GOAL_RULES))
    if not episodes:
        return []
    now, level = timezone.now(), PATIENT if isinstance(scope, Patient) else CLINIC
    patients = {episode.patient_id: episode.patient for episode in episodes}
    found: dict[uuid.UUID, PatientFacts] = {pk: PatientFacts(patient, now) for pk, patient in patients.items()}
    stored_facts.load_presets_and_rules(found)
    stored_facts.load_goals(found)
    ended = []
    for episode in episodes:
        facts = found[episode.patient_id]
        goals = goals_of(facts.goals | {(level, part): bounds for part, bounds in parts.items()})
        rule = rule_of(facts, episode.rule, now)
        if rule and not is_still_fed(episode, with_goal(rule, goals)):
            ended.append(episode)
    return ended


def ask_about_ended_episodes(
    scope: Patient | Clinic, changed: ChangedBounds, data: Mapping[str, Any]
) -> Sequence[EpisodeQuestion]:
    return questions_about(critical_episodes_ended_by_goals(scope, changed), data)


register_goal_questions(ask_about_ended_episodes, acknowledge_answered)
