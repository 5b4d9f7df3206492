"""The answer to a facts file: episodes and sections as one JSON object."""

from __future__ import annotations

import datetime as dt
from typing import Any

from measurements.alerts.engine.episodes import Episode, Evaluation, Values
from measurements.alerts.engine.facts import Event
from measurements.alerts.engine.rules import Kind, Rule
from measurements.alerts.engine.shipped_rules import closing_of

VALUE_PLACES = 6


def describe_evaluation(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "episodes": [describe_episode(episode) for episode in evaluation.episodes],
        "patient_section": evaluation.patient_section,
        "check_this_reading": list(evaluation.check_this_reading),
        "check_at_once": list(evaluation.check_at_once),
    }


def describe_episode(episode: Episode) -> dict[str, Any]:
    return {
        "rule": episode.rule,
        "severity": episode.severity,
        "state": episode.state,
        "first": format_instant(episode.first),
        "opened_at": format_instant(episode.opened_at),
        "detected_at": format_instant(episode.detected_at),
        "last": format_instant(episode.last),
        "peak": format_values(episode.peak),
        "count": episode.count,
        "value": format_value(episode),
        "n": episode.n,
        "days": episode.days,
        "closed_at": format_instant(episode.closed_at),
        "closed_by": episode.closed_by,
        "acknowledged": episode.is_acknowledged,
        "late": episode.is_late,
        "section": episode.section,
        "notified": episode.is_notified,
        "told_again": episode.is_notified_again,
        "steps": [describe_step(step) for step in episode.steps],
    }


def describe_rule(rule: Rule) -> dict[str, Any]:
    """By the keys of a facts file; what a rule of its kind doesn't use is left out."""
    found: dict[str, Any] = {"code": rule.code, "kind": rule.kind, "metric": rule.metric or None}
    found |= {"severity": rule.severity, "queue": rule.queue}
    for limit in rule.limits:
        values = {"value_1": format_number(limit.value_1), "value_2": format_number(limit.value_2)}
        found[limit.relation] = {name: value for name, value in values.items() if value is not None}
    if rule.kind is Kind.LIMIT:
        found |= {"confirm": "next reading" if rule.confirm else None, "confirm_minutes": rule.confirm_minutes}
    elif rule.kind in (Kind.K_OF_N, Kind.PATTERN):
        found |= {"k": rule.k, "n": rule.n, "hours": format_number(rule.hours)}
    elif rule.kind is Kind.AVERAGE or rule.over == "":
        found |= {"days": rule.days}
        if rule.kind is not Kind.SILENCE:
            found |= {"least_readings": rule.least_readings, "least_days": rule.least_days}
            found |= {"drop_first_day": rule.drop_first_day}
    else:
        found |= {"more_than": format_number(rule.more_than), "over": rule.over}
    if rule.uploads_at:
        found["uploads_at"] = [f"{time:%H:%M}" for time in rule.uploads_at]
    closing = closing_of(rule)
    found["closing"] = {"kind": closing.kind, "n": closing.n, "days": closing.days}
    found |= {"source": rule.source, "date": format_any(rule.source_date)}
    if rule.least_days_a_week is not None:
        found["least_days_a_week"] = rule.least_days_a_week
    return found | ({"name": rule.name} if rule.name else {})


def describe_step(step: Event) -> dict[str, Any]:
    """As it was given."""
    data = {key: format_any(value) for key, value in step.data.items()}
    return {"at": format_instant(step.at), "by": step.by, "kind": step.kind, "rule": step.rule, **data}


def format_value(episode: Episode) -> Any:
    """Of a change the gain as a number, else both values."""
    if episode.baseline is not None and episode.gain is not None:
        return format_number(episode.gain)
    return None if episode.value == (None, None) else format_values(episode.value)


def format_any(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return format_instant(value)
    if isinstance(value, float):
        return format_number(value)
    return value.isoformat() if isinstance(value, dt.date) else value


def format_instant(at: dt.datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")


def format_values(found: Values) -> list[float | int | None]:
    return [format_number(value) for value in found]


def format_number(value: float | None) -> float | int | None:
    """Whole numbers without a fraction."""
    if value is None:
        return None
    rounded = round(value, VALUE_PLACES)
    return int(rounded) if rounded == int(rounded) else rounded
