"""Rows of the pages of alert rules: each rule in words with its origin, and the history of changes in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from measurements.alerts.engine.rules import Rule
from measurements.alerts.engine.shipped_rules import SHIPPED_RULES
from measurements.alerts.facts.effective_rules import with_own_values
from measurements.alerts.models import AlertRuleChange
from measurements.alerts.rule_changes import rule_history
from measurements.alerts.rule_editing import rule_descriptions
from measurements.alerts.rule_editing.editable_rules import EditableRule, is_stated, scope_name
from measurements.alerts.rule_editing.new_rules import is_own_code
from measurements.alerts.rule_texts import rule_label
from measurements.facts_values import FactsError
from measurements.models import Metric
from measurements.units import DisplayUnits
from patients.models import Clinic, Patient

MAX_HISTORY_ROWS = 50
# Settings that a change may name beside its limit: the words of each.
SETTING_KEYS = ("severity", "queue", "confirm", "closing")


@dataclass(frozen=True)
class RuleRow:
    """`origin`: shipped, clinic or patient. `source`, `source_date`: what the shipped values rest on."""

    editable: EditableRule
    title: str
    condition: str
    confirmation: str
    closing: str
    severity: str
    tone: str
    queue: str
    origin: str
    source: str
    source_date: dt.date | None
    conditions: list[str]

    @property
    def code(self) -> str:
        return self.editable.code

    @property
    def has_two_values(self) -> bool:
        metric = self.editable.metric
        return metric is not None and metric.has_second_value

    @property
    def is_only_here(self) -> bool:
        """No level below has it: without what is stated here there is no such rule."""
        return self.editable.inherited.rule is None and is_own_code(self.code)

    @property
    def state(self) -> str:
        if self.editable.is_judged or self.editable.is_new:
            return "New, not saved yet" if self.editable.is_new else ""
        return "Switched off" if self.editable.is_switched_off else "Not judged"

    @property
    def change(self) -> AlertRuleChange | None:
        """What decided it last: who, when and why."""
        return self.editable.decided_by


def rule_row(editable: EditableRule, units: DisplayUnits) -> RuleRow:
    rule, metric = editable.shown, editable.metric
    unit = rule_descriptions.unit_for_rule(editable.code, metric, units)
    change = editable.decided_by
    return RuleRow(
        editable,
        rule_label(editable.code, rule.name or "New rule"),
        "" if editable.is_new else rule_descriptions.describe_condition(rule, metric, unit),
        rule_descriptions.describe_confirmation(rule),
        rule_descriptions.describe_closing(rule),
        rule_descriptions.SEVERITY_LABELS[rule.severity],
        rule_descriptions.SEVERITY_TONES[rule.severity],
        rule_descriptions.QUEUE_LABELS[rule.queue],
        scope_name(change) if change else "" if editable.is_new else "shipped",
        rule.source,
        rule.source_date,
        rule_descriptions.conditions_of_rule(editable.code),
    )


@dataclass(frozen=True)
class HistoryRow:
    change: AlertRuleChange
    title: str
    before: str
    after: str

    @property
    def is_of_clinic(self) -> bool:
        return self.change.clinic_id is not None


def history_rows(scope: Patient | Clinic, units: DisplayUnits, *, code: str = "") -> list[HistoryRow]:
    """Newest first, with what the same level had before."""
    changes = rule_history(scope)
    changes = changes.filter(rule=code) if code else changes
    metrics = Metric.objects.in_bulk()
    before: dict[tuple[str, str], AlertRuleChange] = {}
    names: dict[str, str] = {}
    found = []
    for change in reversed(changes):
        key = change.rule, scope_name(change)
        texts = [describe_change(row, metrics, units) for row in (before.get(key), change)]
        name = names[change.rule] = change.changes.get("name") or names.get(change.rule, "")
        found.append(HistoryRow(change, rule_label(change.rule, name), *texts))
        before[key] = change
    return found[::-1][:MAX_HISTORY_ROWS]


def describe_change(change: AlertRuleChange | None, metrics: Mapping[str, Metric], units: DisplayUnits) -> str:
    """What a level had of its own: "A reading above 190 systolic, mmHg; severity warning"."""
    if change is None or not is_stated(change):
        return "as inherited"
    if change.is_off:
        return "switched off"
    if not change.changes:
        return "judged, with inherited values"
    try:
        rule = with_own_values(change.rule, SHIPPED_RULES.get(change.rule), change.changes)
    except FactsError:
        return "values that this version can't read"
    metric = metrics.get(rule.metric)
    unit = rule_descriptions.unit_for_rule(change.rule, metric, units)
    return "; ".join(
        describe_own_values(rule, change.changes, rule_descriptions.describe_condition(rule, metric, unit))
    )


def describe_own_values(rule: Rule, values: Mapping[str, Any], condition: str) -> Sequence[str]:
    has_own_condition = any(key not in SETTING_KEYS for key in values)
    texts = {
        "severity": f"severity {rule_descriptions.SEVERITY_LABELS[rule.severity].lower()}",
        "queue": f"queue {rule_descriptions.QUEUE_LABELS[rule.queue].lower()}",
        "confirm": f"confirmation: {rule_descriptions.describe_confirmation(rule)}",
        "closing": f"closes: {rule_descriptions.describe_closing(rule)}",
    }
    return [*([condition] if has_own_condition else []), *(texts[key] for key in SETTING_KEYS if key in values)]
