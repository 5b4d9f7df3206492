"""Words for alert rules and episodes: what a rule judges, the worst value of an episode, how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from measurements.alerts.engine.episodes import ClosedBy, Reason, State
from measurements.alerts.engine.rules import Kind, Relation, Severity
from measurements.alerts.engine.shipped_rules import GLUCOSE_WEEKLY, SHIPPED_RULES
from measurements.alerts.models import AlertEpisode, AlertRuleChange
from measurements.models import Metric
from measurements.thresholds.judgement import NO_THRESHOLDS, judge, judge_gain
from measurements.units import DisplayUnits
from patients.wording import count_noun

KIND_WORDS = {
    Kind.LIMIT: "single reading",
    Kind.K_OF_N: "repeated readings",
    Kind.AVERAGE: "average",
    Kind.CHANGE: "change",
    Kind.SILENCE: "no readings",
    Kind.PATTERN: "repeated",
}
STATE_WORDS = {State.UNCONFIRMED: "not confirmed yet", State.OPEN: "open", State.SNOOZED: "snoozed"}
CLOSED_WORDS = {
    ClosedBy.READINGS: "closed by later readings",
    ClosedBy.PERSON: "resolved",
    ClosedBy.RULE: "ended by a changed rule",
    ClosedBy.EXCLUSION: "ended, its readings are excluded",
    ClosedBy.DISCHARGE: "ended with the discharge",
}
TONES = {Severity.CRITICAL: "bad", Severity.WARNING: "warn", Severity.INFORMATION: "info"}


def describe_episode_rule(episode: AlertEpisode, metrics: Mapping[str, Metric]) -> str:
    """blood pressure, single reading. `metrics` by code."""
    return describe_judged(metrics.get(episode.metric), Kind(episode.kind))


def describe_rule_code(code: str, metrics: Mapping[str, Metric]) -> str:
    """blood pressure, single reading, critical; the code where it is a rule of the clinic's own."""
    rule = SHIPPED_RULES.get(code)
    if rule is None:
        return code.replace("_", " ")
    return f"{describe_judged(metrics.get(rule.metric), rule.kind)}, {rule.severity}"


def describe_judged(metric: Metric | None, kind: Kind) -> str:
    return ", ".join(filter(None, (metric.label_in_sentence if metric else "", KIND_WORDS[kind])))


def describe_rule_values(change: AlertRuleChange) -> str:
    """above 190/125; days 3. In the vendor's units, as rules are stated."""
    if change.is_off:
        return "off"
    if not change.changes:
        return "judged as chosen" if change.is_chosen else "back to the rule without own values"
    return "; ".join(describe_rule_value(key, value) for key, value in change.changes.items())


def describe_rule_value(key: str, value: Any) -> str:
    name = key.replace("_", " ")
    if key in list(Relation) and isinstance(value, dict):
        return f"{name} {'/'.join(f'{value[part]:g}' for part in ('value_1', 'value_2') if part in value)}"
    if isinstance(value, dict):
        return f"{name} {' '.join(str(part) for part in value.values())}"
    return f"{name} {', '.join(map(str, value)) if isinstance(value, list) else value}"


def describe_worst(episode: AlertEpisode, metric: Metric | None, units: DisplayUnits) -> str:
    """worst 192/118 mmHg; 3 days without a reading; +5.2 lb. Empty where no value is known."""
    if episode.kind == Kind.SILENCE:
        return f"{count_noun(episode.days, 'day')} without a reading"
    values = tuple(value for value in episode.peak if value is not None)
    if metric is None or not values:
        return ""
    if episode.rule == GLUCOSE_WEEKLY:
        return f"worst {values[0]:.0f} % in range"
    unit = units.unit_for(metric)
    if episode.kind == Kind.CHANGE and episode.gain is not None:
        return f"{judge_gain(episode.gain, unit, NO_THRESHOLDS).text} {unit.name}"
    return f"worst {judge(metric, values, unit).text} {unit.name}"


def describe_dissolved(episode: AlertEpisode) -> str:
    return "not confirmed" if episode.reason == Reason.NOT_CONFIRMED else "its readings are excluded"
