"""Alert rules as a clinic or patient has them: what is in force, what is its own, and what it inherits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from measurements.alerts.engine.rules import Goal, Rule
from measurements.alerts.engine.shipped_rules import ALL_RULES, DEFAULT_GOALS, SHIPPED_RULES, with_goal
from measurements.alerts.facts.effective_goals import PRECEDENCE, goals_of
from measurements.alerts.facts.effective_rules import (
    CLINIC,
    PATIENT,
    EffectiveRule,
    OwnRule,
    effective_rule,
    preset_rules,
)
from measurements.alerts.facts.stored_facts import own_rule
from measurements.alerts.models import AlertRuleChange
from measurements.alerts.rule_changes import rule_history
from measurements.alerts.rule_editing.new_rules import begin_rule, judged_metrics
from measurements.models import Metric, Threshold
from measurements.thresholds.editing import editable_thresholds
from patients.models import Clinic, Patient

SCOPE_LABELS = {CLINIC: "clinic", PATIENT: "patient"}


@dataclass(frozen=True)
class EditableRule:
    """`inherited`: as it would be without the scope's own row. `base`: what own values change, judged or not.

    `decided_by`: the row of clinic or patient that decided it last; None: it is as shipped. `is_new`: nothing of it is
    saved.
    """

    code: str
    metric: Metric | None
    inherited: EffectiveRule
    effective: EffectiveRule
    base: Rule
    shown: Rule
    own: AlertRuleChange | None
    decided_by: AlertRuleChange | None
    newest_change_id: int
    is_new: bool = False

    @property
    def is_judged(self) -> bool:
        return self.effective.rule is not None

    @property
    def is_switched_off(self) -> bool:
        return self.decided_by is not None and self.decided_by.is_off

    @property
    def has_own(self) -> bool:
        return self.own is not None and is_stated(self.own)


def is_stated(change: AlertRuleChange) -> bool:
    """Whether the row states anything: one without is a way back to what is inherited."""
    return bool(change.is_off or change.is_chosen or change.changes)


def editable_rules(scope: Patient | Clinic, *, conditions: Sequence[str] | None = None) -> list[EditableRule]:
    """Every shipped rule and those that the clinic or patient has of its own, in a fixed number of queries.

    Of a clinic, each as it is for a patient whose condition asks for it. `conditions` instead of the patient's.
    """
    newest = newest_changes(scope)
    last_id = max((change.pk for change in newest.values()), default=0)
    metrics = Metric.objects.in_bulk()
    goals = {**DEFAULT_GOALS, **goals_of_scope(scope)}
    presets = SHIPPED_RULES
    if isinstance(scope, Patient):
        presets = preset_rules(tuple(scope.conditions if conditions is None else conditions))
    codes = dict.fromkeys([*(rule.code for rule in ALL_RULES), *(code for code, _ in newest)])
    found = []
    for code in codes:
        rows = [newest[code, name] for name in (CLINIC, PATIENT) if (code, name) in newest]
        own_name = PATIENT if isinstance(scope, Patient) else CLINIC
        editable = build_rule(code, presets.get(code), rows, own_name, goals)
        if editable is not None:
            metric = metrics.get(editable.shown.metric)
            found.append(replace(editable, metric=metric, newest_change_id=last_id))
    return found


def build_rule(
    code: str, preset: Rule | None, rows: Sequence[AlertRuleChange], own_name: str, goals: Mapping[str, Goal]
) -> EditableRule | None:
    """None for a rule of a level above that states nothing any more."""
    own = next((row for row in rows if scope_name(row) == own_name), None)
    inherited_rows = [own_rule(row) for row in rows if row is not own]
    effective = effective_rule(code, preset, [own_rule(row) for row in rows])
    inherited = effective_rule(code, preset, inherited_rows)
    base = inherited.rule or last_values(code, preset, inherited_rows)
    shown = effective.rule or last_values(code, preset, [own_rule(row) for row in rows])
    if shown is None:
        return None
    stated = [row for row in rows if is_stated(row)]
    return EditableRule(
        code,
        None,
        with_goals(inherited, goals),
        with_goals(effective, goals),
        base or shown,
        with_goal(shown, goals),
        own,
        stated[-1] if stated else None,
        0,
    )


def last_values(code: str, preset: Rule | None, rows: Sequence[OwnRule]) -> Rule | None:
    """Of a rule that is not judged, what it would be."""
    chosen = [replace(row, is_off=False, is_chosen=True) for row in rows]
    return effective_rule(code, preset or SHIPPED_RULES.get(code), chosen).rule


def with_goals(effective: EffectiveRule, goals: Mapping[str, Goal]) -> EffectiveRule:
    return replace(effective, rule=effective.rule and with_goal(effective.rule, goals))


def newest_changes(scope: Patient | Clinic) -> dict[tuple[str, str], AlertRuleChange]:
    """By rule and level; the patient's and the clinic's."""
    newest = rule_history(scope).order_by("rule", "clinic_id", "-pk").distinct("rule", "clinic_id")
    return {(row.rule, scope_name(row)): row for row in newest}


def scope_name(row: AlertRuleChange) -> str:
    return PATIENT if row.patient_id else CLINIC


def goals_of_scope(scope: Patient | Clinic) -> dict[str, Goal]:
    """By metric, without those of meals."""
    bounds: dict[tuple[str, tuple[str, int]], Any] = {}
    for offer in editable_thresholds(scope):
        metric, component, context = offer.key
        row: Threshold = offer.own_threshold or offer.fallback
        if not context:
            bounds[PRECEDENCE[0], (metric, component)] = row.bounds
    return goals_of(bounds)


def find_rule(scope: Patient | Clinic, code: str) -> EditableRule | None:
    """Of a new code of the scope's own, what its form begins with."""
    found = next((rule for rule in editable_rules(scope) if rule.code == code), None)
    return found or new_editable_rule(scope, code)


def new_editable_rule(scope: Patient | Clinic, code: str) -> EditableRule | None:
    rule = begin_rule(code)
    metric = judged_metrics().filter(pk=rule.metric).first() if rule else None
    if rule is None or metric is None:
        return None
    last_id = rule_history(scope).values_list("pk", flat=True).first() or 0
    nothing = EffectiveRule(None)
    return EditableRule(code, metric, nothing, nothing, rule, rule, None, None, last_id, is_new=True)
