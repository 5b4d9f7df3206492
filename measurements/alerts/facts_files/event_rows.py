"""Events of a facts file: what persons did, each kind with its own keys."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from measurements import facts_values as values
from measurements.alerts.engine.facts import STEP_KINDS, Event, EventKind, ReadingId
from measurements.alerts.engine.rules import Goal, Rule
from measurements.alerts.engine.shipped_rules import SHIPPED_RULES
from measurements.alerts.facts_files.rule_rows import RULE_KEYS, check_rule, read_metric, rule_fields
from measurements.facts_values import ReadValue, refuse

TEXTS: dict[str, ReadValue[Any]] = dict.fromkeys(("reason", "words", "text"), values.read_text)
STEP_KEYS: dict[str, ReadValue[Any]] = {"rule": values.read_name, "metric": read_metric, **TEXTS}
OTHER_OUTCOME = "other"
EVENT_KEYS: Mapping[EventKind, dict[str, ReadValue[Any]]] = {
    **dict.fromkeys(STEP_KINDS, STEP_KEYS),
    EventKind.SNOOZE: {**STEP_KEYS, "until": values.read_instant, "worse_by": values.read_number},
    EventKind.ASSIGN: {**STEP_KEYS, "to": values.read_text},
    EventKind.ESCALATE: {**STEP_KEYS, "to": values.read_text},
    EventKind.RESOLVE: {**STEP_KEYS, "outcome": values.read_name},
    EventKind.REVIEW: STEP_KEYS,
    EventKind.EXCLUDE: {"reading": values.read_id, "reason": values.read_text},
    EventKind.UNDO_EXCLUSION: {"reading": values.read_id, "reason": values.read_text},
    EventKind.GOAL: {
        "metric": read_metric,
        "usual": values.read_number,
        **dict.fromkeys(Goal.__dataclass_fields__, values.read_number),
    },
    EventKind.RULE: {"code": values.read_name, **RULE_KEYS, "reason": values.read_text},
    EventKind.RULE_OFF: {"code": values.read_name, "reason": values.read_text},
    EventKind.PAUSE: {
        "metric": read_metric,
        "first": values.read_date,
        "last": values.read_date,
        "reason": values.read_text,
    },
    EventKind.SWAP: {"serial": values.read_name, "to": values.read_name},
    EventKind.DISCHARGE: {"reason": values.read_text},
    EventKind.READMIT: {"reason": values.read_text},
}
REQUIRED_KEYS: Mapping[EventKind, tuple[str, ...]] = {
    **dict.fromkeys(STEP_KINDS - {EventKind.NOTE}, ("rule",)),
    EventKind.EXCLUDE: ("reading",),
    EventKind.UNDO_EXCLUSION: ("reading",),
    EventKind.GOAL: ("metric",),
    EventKind.RULE: ("code",),
    EventKind.RULE_OFF: ("code",),
    EventKind.PAUSE: ("first", "last"),
    EventKind.SWAP: ("serial", "to"),
}


def read_event(value: Any, path: str) -> Event:
    if not isinstance(value, dict):
        raise refuse(path, f"must be an object, not {values.name_value(value)}")
    kind = EventKind(values.read_choice(*EventKind)(value.get("kind"), f"{path}.kind"))
    keys = {"at": values.read_instant, "by": values.read_any_name, "kind": values.read_text, **EVENT_KEYS[kind]}
    given = values.read_object(value, path, keys)
    values.require(given, path, "at", *REQUIRED_KEYS.get(kind, ()))
    at, by = given.pop("at"), given.pop("by", "")
    given.pop("kind")
    check_event(kind, given, path)
    rule, metric = given.pop("code", None) or given.pop("rule", ""), given.pop("metric", "")
    if kind == EventKind.GOAL:
        usual = given.pop("usual", None)
        return Event(at, kind, by, metric=metric, data={"fields": given, "usual": usual})
    if kind == EventKind.RULE:
        if metric:
            given["metric"] = metric
        base = SHIPPED_RULES.get(rule)
        return Event(at, kind, by, rule, data={"fields": event_fields(rule, base, given, value)})
    return Event(at, kind, by, rule, metric, given)


def event_fields(code: str, base: Rule | None, given: dict[str, Any], stated: dict[str, Any]) -> dict[str, Any]:
    given.pop("reason", None)
    return rule_fields(base or replace(next(iter(SHIPPED_RULES.values())), code=code), given, stated)


def check_event(kind: EventKind, given: Mapping[str, Any], path: str) -> None:
    if kind == EventKind.PAUSE and given["last"] < given["first"]:
        raise refuse(f"{path}.last", "must not be before first")
    is_other = str(given.get("outcome", "")).casefold() == OTHER_OUTCOME
    if kind == EventKind.RESOLVE and is_other and not str(given.get("words", "")).strip():
        raise refuse(f"{path}.words", "is missing: the outcome other needs words")


def check_names(events: Collection[Event], rules: Collection[Rule], readings: Collection[ReadingId]) -> None:
    """Refuses events about a rule or reading that there is not."""
    by_code = {**SHIPPED_RULES, **{rule.code: rule for rule in rules}}
    for event in events:
        name = f"event {event.kind} at {event.at:%Y-%m-%dT%H:%M:%SZ}"
        if event.rule and event.rule not in by_code:
            raise refuse(name, f"there is no rule {event.rule!r}; rules are {', '.join(by_code)}")
        reading = event.data.get("reading")
        if reading is not None and reading not in readings:
            raise refuse(name, f"there is no reading {reading!r}")
        if event.kind == EventKind.RULE:
            check_rule(replace(by_code[event.rule], **event.data["fields"]), name)
