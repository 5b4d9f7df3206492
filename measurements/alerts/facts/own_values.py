"""What a clinic or patient has of its own for a rule: the keys of a facts file that differ from what it inherits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from measurements.alerts.engine.rules import Relation, Rule
from measurements.alerts.facts.effective_rules import STORED_KEYS
from measurements.alerts.facts_files.answers import describe_rule
from measurements.alerts.facts_files.rule_rows import KIND_KEYS, RULE_KEYS

NOT_TYPED = frozenset({"metric", "source", "date"})
CHANGEABLE = frozenset(RULE_KEYS) - NOT_TYPED
STATED = frozenset({*RULE_KEYS, *KIND_KEYS, *STORED_KEYS})


def own_values(base: Rule, typed: Rule) -> dict[str, Any]:
    """All limits, if any of them differs: a row that states limits states all."""
    before, after = changeable_values(base), changeable_values(typed)
    found = {key: value for key, value in after.items() if value != before.get(key)}
    if limits_of(before) != limits_of(after):
        found |= limits_of(after)
    return found


def all_values(rule: Rule) -> dict[str, Any]:
    """Of a rule that no level below states."""
    values = describe_rule(rule)
    return {
        str(key): value for key, value in values.items() if key in STATED and (key == "confirm" or value is not None)
    }


def changeable_values(rule: Rule) -> dict[str, Any]:
    return {str(key): value for key, value in describe_rule(rule).items() if key in CHANGEABLE}


def limits_of(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key in set(Relation)}
