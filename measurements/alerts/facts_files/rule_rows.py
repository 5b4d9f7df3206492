"""Rules and goals of a facts file: rows that change a shipped rule by its code, or state one of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from measurements import facts_values as values
from measurements.alerts.engine.rules import (
    Closing,
    ClosingKind,
    Goal,
    Kind,
    Limit,
    Queue,
    Relation,
    Rule,
    Severity,
)
from measurements.alerts.engine.shipped_rules import (
    DEFAULT_SILENT_DAYS,
    GLUCOSE_WEEKLY,
    IRREGULAR_HEARTBEAT,
    PREGNANCY_SEVERE,
    SHIPPED_RULES,
    SPO2_TREND,
    SPO2_VERY_LOW,
)
from measurements.facts_values import refuse
from measurements.ingest.vendor_words import normalise_metric

NEXT_READING = "next reading"
OWN_KIND_CODES = frozenset({PREGNANCY_SEVERE, SPO2_VERY_LOW, SPO2_TREND, GLUCOSE_WEEKLY})  # follow their code
OWN_CONFIRMATION_CODES = frozenset({PREGNANCY_SEVERE, SPO2_VERY_LOW})
CLOSING_KINDS = {
    Kind.LIMIT: (ClosingKind.READINGS, ClosingKind.NONE, ClosingKind.ANY),
    Kind.K_OF_N: (ClosingKind.READINGS, ClosingKind.NONE, ClosingKind.ANY),
    Kind.AVERAGE: (ClosingKind.AVERAGE, ClosingKind.READINGS),
    Kind.CHANGE: (ClosingKind.BASELINE, ClosingKind.READINGS, ClosingKind.ANY),
    Kind.PATTERN: (ClosingKind.NONE, ClosingKind.READINGS, ClosingKind.ANY),
    Kind.SILENCE: (ClosingKind.ANY, ClosingKind.READINGS),
}


def read_metric(value: Any, path: str) -> str:
    """The vendor's name in any of its spellings."""
    return normalise_metric(values.read_name(value, path))


def read_goal_fields(value: Any, path: str) -> dict[str, float]:
    return values.read_object(value, path, dict.fromkeys(Goal.__dataclass_fields__, values.read_number))


def read_goal(value: Any, path: str) -> Goal:
    return Goal(**read_goal_fields(value, path))


def read_goals(value: Any, path: str) -> dict[str, Goal]:
    if not isinstance(value, dict):
        raise refuse(path, f"must be an object of goals by metric, not {values.name_value(value)}")
    return {read_metric(metric, path): read_goal(goal, f"{path}.{metric}") for metric, goal in value.items()}


def read_bounds(value: Any, path: str) -> dict[str, float]:
    found = values.read_object(value, path, dict.fromkeys(("value_1", "value_2"), values.read_number))
    if not found:
        raise refuse(path, "needs value_1 or value_2")
    return found


def read_closing(value: Any, path: str) -> Closing:
    given = values.read_object(
        value, path, {"kind": values.read_choice(*ClosingKind), "n": values.read_count, "days": values.read_count}
    )
    values.require(given, path, "kind")
    return Closing(ClosingKind(given.pop("kind")), **given)


RULE_KEYS: Mapping[str, values.ReadValue[Any]] = {
    "metric": read_metric,
    "severity": lambda value, path: Severity(values.read_choice(*Severity)(value, path)),
    "queue": lambda value, path: Queue(values.read_choice(*Queue)(value, path)),
    **dict.fromkeys(Relation, read_bounds),
    "confirm": values.read_choice(NEXT_READING),
    "k": values.read_count,
    "n": values.read_count,
    "hours": values.read_hours_back,
    "days": values.read_count,
    "least_readings": values.read_count,
    "least_days": values.read_count,
    "drop_first_day": values.read_boolean,
    "more_than": values.read_number,
    "over": values.read_choice("day", "week", "usual"),
    "uploads_at": values.list_of(values.read_clock_time),
    "closing": read_closing,
    "source": values.read_text,
    "date": values.read_date,
}
KIND_KEYS = {"kind": lambda value, path: Kind(values.read_choice(*Kind)(value, path))}
CODE_KEYS = {"code": values.read_name}


def read_rule(value: Any, path: str) -> Rule:
    """The shipped row of its code with what is stated; any other code states its kind and what that needs."""
    given = values.read_object(value, path, {**CODE_KEYS, **KIND_KEYS, **RULE_KEYS})
    values.require(given, path, "code")
    code, base = given.pop("code"), None
    base = SHIPPED_RULES.get(code)
    if code in OWN_KIND_CODES:
        given.pop("kind", None)
    if base is None:
        values.require(given, path, "kind")
        base = unshipped_rule(code, given, is_confirm_stated="confirm" in value)
    rule = replace(base, **rule_fields(base, given, value))
    check_rule(rule, path)
    return rule


def unshipped_rule(code: str, given: Mapping[str, Any], *, is_confirm_stated: bool) -> Rule:
    """With the defaults of its kind: a critical limit is settled by the next reading unless stated otherwise."""
    kind = given["kind"]
    is_critical = given.get("severity") == Severity.CRITICAL
    rule = Rule(code, kind, confirm=kind is Kind.LIMIT and is_critical and not is_confirm_stated)
    if kind is Kind.SILENCE:
        return replace(rule, queue=Queue.COMPLIANCE, days=DEFAULT_SILENT_DAYS)
    if kind is Kind.PATTERN:
        return replace(rule, metric=IRREGULAR_HEARTBEAT, k=2)
    return replace(rule, k=0) if kind is Kind.K_OF_N else rule


def rule_fields(base: Rule, given: Mapping[str, Any], stated: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of `Rule` from the keys of a row; `confirm` null states that nothing is to confirm."""
    fields = {key: found for key, found in given.items() if key not in Relation.__members__.values()}
    limits = tuple(Limit(Relation(key), **given[key]) for key in Relation if key in given)
    if limits:
        fields["limits"] = limits
    if "confirm" in stated:
        fields["confirm"] = stated["confirm"] is not None
    if base.code in OWN_CONFIRMATION_CODES:
        fields.pop("confirm", None)
    if base.kind is Kind.SILENCE and "n" in fields:
        fields.setdefault("days", fields.pop("n"))
    if "date" in fields:
        fields["source_date"] = fields.pop("date")
    if "uploads_at" in fields:
        fields["uploads_at"] = tuple(fields["uploads_at"])
    return fields


def check_rule(rule: Rule, path: str) -> None:
    """Refuses a row without what its kind needs."""
    if rule.kind is not Kind.SILENCE and not rule.metric:
        raise refuse(f"{path}.metric", "is missing")
    follows_goal = rule.code in SHIPPED_RULES and not SHIPPED_RULES[rule.code].limits
    if rule.kind in (Kind.LIMIT, Kind.K_OF_N, Kind.AVERAGE) and not rule.limits and not follows_goal:
        raise refuse(path, f"a rule of kind {rule.kind} needs one of {', '.join(Relation)}")
    if rule.kind is Kind.K_OF_N and not rule.k:
        raise refuse(f"{path}.k", "is missing")
    if rule.n is not None and rule.n < rule.k:
        raise refuse(f"{path}.n", f"must not be less than k, {rule.k}")
    if rule.kind is Kind.CHANGE and rule.code != SPO2_TREND and (rule.more_than is None or not rule.over):
        raise refuse(path, "a rule of kind change needs more_than and over")
    if rule.closing and rule.closing.kind not in CLOSING_KINDS[rule.kind]:
        allowed = ", ".join(CLOSING_KINDS[rule.kind])
        raise refuse(f"{path}.closing.kind", f"of a rule of kind {rule.kind} must be one of {allowed}")
