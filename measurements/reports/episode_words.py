"""Words for alert episodes of the past and changed rules: the worst value, how it ended, own values of a rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from measurements.alerts.engine.episodes import ClosedBy, Reason, State
from measurements.alerts.engine.rules import Kind, Relation, Severity
from measurements.alerts.engine.shipped_rules import GLUCOSE_WEEKLY
from measurements.alerts.models import AlertEpisode, AlertRuleChange
from measurements.alerts.rule_texts import RELATION_TEXTS, episode_label
from measurements.models import Metric
from measurements.thresholds.judgement import NO_THRESHOLDS, judge, judge_gain
from measurements.units import DisplayUnits
from patients.wording import count_noun

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
    """severe blood pressure; no readings, weight. `metrics` by code."""
    label, metric = episode_label(episode), metrics.get(episode.metric)
    label = f"{label[0].lower()}{label[1:]}"
    return f"{label}, {metric.label_in_sentence}" if metric and episode.kind == Kind.SILENCE else label


def describe_rule_values(change: AlertRuleChange) -> str:
    """over 190/125; days 3. In the vendor's units, as rules are stated."""
    if change.is_off:
        return "off"
    if not change.changes:
        return "judged as chosen" if change.is_chosen else "back to the rule without own values"
    return "; ".join(describe_rule_value(key, value) for key, value in change.changes.items())


def describe_rule_value(key: str, value: Any) -> str:
    if key in list(Relation) and isinstance(value, dict):
        bounds = "/".join(f"{value[part]:g}" for part in ("value_1", "value_2") if value.get(part) is not None)
        return RELATION_TEXTS[Relation(key)].format(bounds)
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
    return f"{key.replace('_', ' ')} {', '.join(map(str, parts))}"


def describe_worst(episode: AlertEpisode, metric: Metric | None, units: DisplayUnits) -> str:
    """worst 192/118 mmHg; 3 days without a reading; +5.2 lb. Empty where no value is known."""
    if episode.kind == Kind.SILENCE:
        if "least_days_a_week" in episode.rule_row:
            return f"readings on {episode.days} of 7 days"
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
