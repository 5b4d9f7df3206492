"""Effective alert rules of a patient over time: shipped preset, then what the clinic and the patient have of their own.

Pure: `stored_facts` loads the rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Any

from measurements.alerts.engine.facts import Event, EventKind
from measurements.alerts.engine.rules import Rule
from measurements.alerts.engine.shipped_rules import (
    PRESET_CODES,
    SHIPPED_RULES,
    named_condition,
    shipped_rules,
)
from measurements.alerts.facts_files.rule_rows import KIND_KEYS, RULE_KEYS, check_rule, rule_fields, unshipped_rule
from measurements.facts_values import read_count, read_name, read_object, require

SHIPPED, CLINIC, PATIENT = "shipped", "clinic", "patient"
STORED_KEYS = {"name": read_name, "least_days_a_week": read_count}  # no keys of a facts file
RULE_FIELDS = tuple(column.name for column in fields(Rule) if column.name != "code")


@dataclass(frozen=True)
class OwnRule:
    """What a scope has of its own for a rule since an instant: the columns of an AlertRuleChange."""

    code: str
    scope: str
    at: dt.datetime
    values: Mapping[str, Any] = field(default_factory=dict)
    is_off: bool = False
    is_chosen: bool = False
    by: str = ""


@dataclass(frozen=True)
class PresetSince:
    """`at` None: from the beginning."""

    at: dt.datetime | None
    conditions: tuple[str, ...]


@dataclass(frozen=True)
class EffectiveRule:
    """`rule` None: known, but not judged. `source`: the level that decided it last."""

    rule: Rule | None
    source: str = SHIPPED
    by: str = ""


@cache
def preset_rules(conditions: tuple[str, ...]) -> Mapping[str, Rule]:
    """By code. Conditions that bring no rules of their own leave those for a patient without a condition."""
    own = {rule.code: rule for rule in shipped_rules(conditions)}
    if any(PRESET_CODES.get(named_condition(words)) for words in conditions):
        return own
    return {rule.code: own.get(rule.code, rule) for rule in shipped_rules(())}


def with_own_values(code: str, base: Rule | None, values: Mapping[str, Any]) -> Rule:
    """FactsError: a value that the rule can't have."""
    path = f"rule {code}"
    given = read_object(dict(values), path, {**KIND_KEYS, **RULE_KEYS, **STORED_KEYS})
    if base is None:
        require(given, path, "kind")
        base = unshipped_rule(code, given, is_confirm_stated="confirm" in values)
    elif base.code in SHIPPED_RULES:
        given.pop("kind", None)
    rule = replace(base, **rule_fields(base, given, values))
    check_rule(rule, path)
    return rule


def effective_rule(code: str, preset: Rule | None, own_rules: Sequence[OwnRule]) -> EffectiveRule:
    """`own_rules`: the clinic's, then the patient's, whose values win over a clinic that has switched the rule off."""
    rule, is_on, source, by = preset or SHIPPED_RULES.get(code), preset is not None, SHIPPED, ""
    for own in own_rules:
        if own.is_off:
            is_on = False
        elif own.values or (own.is_chosen and rule is not None):
            is_of_scope = own.scope == PATIENT or code not in SHIPPED_RULES
            rule = with_own_values(code, rule, own.values)
            is_on = is_on or own.is_chosen or is_of_scope
        else:
            continue
        source, by = own.scope, own.by
    return EffectiveRule(rule if is_on else None, source, by)


def effective_rules(
    presets: Sequence[PresetSince], own_rules: Iterable[OwnRule], at: dt.datetime
) -> dict[str, EffectiveRule]:
    """At an instant, by code."""
    conditions = next((p.conditions for p in reversed(presets) if p.at is None or p.at <= at), ())
    preset = preset_rules(conditions)
    newest: dict[str, dict[str, OwnRule]] = {}
    for own in own_rules:
        if own.at <= at:
            newest.setdefault(own.code, {})[own.scope] = own
    return {
        code: effective_rule(
            code, preset.get(code), [by_scope[scope] for scope in (CLINIC, PATIENT) if scope in by_scope]
        )
        for code in dict.fromkeys([*preset, *newest])
        for by_scope in [newest.get(code, {})]
    }


def clinic_rules(own_rules: Iterable[OwnRule], at: dt.datetime) -> dict[str, EffectiveRule]:
    """Of a clinic at an instant, whatever the conditions of its patients; changes are oldest first."""
    newest = {own.code: own for own in own_rules if own.at <= at}
    return {
        code: effective_rule(code, SHIPPED_RULES.get(code), [newest[code]] if code in newest else [])
        for code in dict.fromkeys([*SHIPPED_RULES, *newest])
    }


def dated_rules(
    presets: Sequence[PresetSince], own_rules: Sequence[OwnRule], *, start: dt.datetime
) -> tuple[tuple[Rule, ...], list[Event]]:
    """The rules at `start`, and later changes as events that the engine reads. Both lists are oldest first."""
    current = effective_rules(presets, own_rules, start)
    base = tuple(found.rule for found in current.values() if found.rule)
    events: list[Event] = []
    changes = {preset.at for preset in presets if preset.at} | {own.at for own in own_rules}
    for at in sorted(instant for instant in changes if instant > start):
        later = effective_rules(presets, own_rules, at)
        for code in dict.fromkeys([*current, *later]):
            before = current[code].rule if code in current else None
            after = later.get(code, EffectiveRule(None))
            if after.rule == before:
                continue
            if after.rule is None:
                events.append(Event(at, EventKind.RULE_OFF, after.by, code))
            else:
                values = {name: getattr(after.rule, name) for name in RULE_FIELDS}
                events.append(Event(at, EventKind.RULE, after.by, code, data={"fields": values}))
        current = later
    return base, events
