"""Alert episodes and their rules in words, in the user's units: why a patient is on the triage list."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from measurements.alerts.engine.episodes import Reason
from measurements.alerts.engine.rules import Kind, Relation
from measurements.alerts.engine.shipped_rules import GLUCOSE_WEEKLY, SPO2_TREND
from measurements.alerts.models import AlertEpisode
from measurements.models import Metric
from measurements.units import DisplayUnits, Unit
from patients.wording import count_noun

RULE_LABELS = {
    "bp_severe": "Severe blood pressure",
    "bp_average": "High average blood pressure",
    "bp_low": "Low average blood pressure",
    "hf_bp": "Blood pressure in heart failure",
    "hf_pulse": "Pulse in heart failure",
    "weight_gain": "Weight gain over the usual weight",
    "weight_gain_day": "Weight gain in a day",
    "weight_gain_week": "Weight gain in a week",
    "weight_week_6": "Large weight gain in a week",
    "weight_loss": "Weight loss",
    "spo2_low": "Low SpO₂",
    "spo2_very_low": "Very low SpO₂",
    SPO2_TREND: "Falling SpO₂",
    "glucose_very_low": "Very low glucose",
    "glucose_low": "Low glucose",
    "glucose_high": "High glucose",
    "glucose_very_high": "Very high glucose",
    GLUCOSE_WEEKLY: "Glucose seldom in range",
    "temperature_high": "High temperature",
    "preg_bp": "Blood pressure in pregnancy",
    "preg_bp_severe": "Severe blood pressure in pregnancy",
    "irregular_heartbeat": "Irregular heartbeat",
    "silence": "No readings",
}
RELATION_TEXTS = {
    Relation.ABOVE: "over {}",
    Relation.ABOVE_OR_EQUAL: "{} or more",
    Relation.BELOW: "below {}",
    Relation.BELOW_OR_EQUAL: "{} or less",
}
REASON_TEXTS = {
    Reason.REPEAT_ASKED: "not confirmed yet, repeat asked",
    Reason.NOT_CONFIRMED: "not confirmed by the next reading",
    Reason.NOT_REPEATED: "not repeated",
    Reason.NOT_ENOUGH_READINGS: "no longer enough readings",
    Reason.MEASURED_ARRIVED_LATE: "measured, arrived late",
    Reason.WAITS_FOR_NEW_SCALE: "new scale, waits for 3 days on it",
    Reason.BASELINE_OF_OPENING: "compared with the weight before it began",
}
CHANGE_TEXTS = {"day": "since the day before", "week": "in a week", "usual": "from the usual weight"}


def rule_label(code: str, name: str = "") -> str:
    """`name`: of a rule of a clinic's or patient's own; without it, a rule of an unknown code has its code as words."""
    return RULE_LABELS.get(code) or name or re.sub(r"-[0-9a-f]{8}$", "", code).replace("_", " ").capitalize()


def episode_label(episode: AlertEpisode) -> str:
    return rule_label(episode.rule, episode.rule_row.get("name", ""))


def explain_episode(
    episode: AlertEpisode, metric: Metric | None, units: DisplayUnits, *, zone: ZoneInfo, now: dt.datetime
) -> str:
    """ "average 162/94 mmHg over 7 days, n 12, limit 135/85 or more; 3rd day"."""
    kind, row = Kind(episode.kind), episode.rule_row
    if kind is Kind.SILENCE:
        name = metric.label_in_sentence if metric else "any"
        text = f"no {name} reading for {count_noun(episode.days, 'day')}"
        if least := row.get("least_days_a_week"):
            text = f"{name} measured on {episode.days} of 7 days, at least {least} expected"
    elif metric is None:
        text = episode_label(episode)
    elif kind is Kind.PATTERN:
        text = f"detected {count_noun(episode.count, 'time')} on {count_noun(episode.days, 'day')}"
    elif kind is Kind.AVERAGE:
        text = explain_average(episode, metric, units)
    elif kind is Kind.CHANGE:
        text = explain_change(episode, metric, units)
    else:
        text = explain_readings(episode, metric, units)
    day = day_of_episode(episode, zone=zone, now=now) if row and kind is not Kind.SILENCE else ""
    reason = REASON_TEXTS[Reason(episode.reason)] if episode.reason else ""
    return "; ".join(part for part in (text, reason, day) if part)


def explain_average(episode: AlertEpisode, metric: Metric, units: DisplayUnits) -> str:
    days = episode.rule_row.get("days", episode.days)
    if episode.rule == GLUCOSE_WEEKLY:
        unit, name = Unit("%", 0), "in range"
        value = f"{format_values(episode.value_1, None, unit)} % of readings {name}"
    else:
        unit = units.unit_for(metric)
        value = f"average {format_values(*shown_values(metric, episode.value), unit)} {unit.name}"
    return f"{value} over {count_noun(days, 'day')}, n {episode.n}, {limit_text(episode.rule_row, metric, unit)}"


def explain_change(episode: AlertEpisode, metric: Metric, units: DisplayUnits) -> str:
    unit = units.unit_for(metric)
    if episode.gain is None:  # of a trend
        bound = (
            "" if episode.baseline is None else f", below its 7-day range from {unit.format_value(episode.baseline)}"
        )
        return f"{format_values(*shown_values(metric, episode.value), unit)} {unit.name}{bound}"
    difference = unit.for_differences
    verb = "lost" if episode.gain < 0 else "gained"
    over = CHANGE_TEXTS.get(episode.rule_row.get("over", ""), "")
    text = f"{verb} {difference.format_value(abs(episode.gain))} {unit.name} {over}".rstrip()
    limit = episode.rule_row.get("more_than")
    return text if limit is None else f"{text}, limit {difference.format_bound(abs(limit))} {unit.name}"


def explain_readings(episode: AlertEpisode, metric: Metric, units: DisplayUnits) -> str:
    """The newest values, the worst where they were worse, and how many."""
    unit, row = units.unit_for(metric), episode.rule_row
    newest, worst = (format_values(*shown_values(metric, values), unit) for values in (episode.value, episode.peak))
    parts = [f"{newest} {unit.name}".rstrip()]
    if worst != newest:
        parts.append(f"worst {worst}")
    if episode.kind == Kind.K_OF_N:
        of = f" of {row['n']}" if row.get("n") else ""
        hours = f" in {row['hours']} h" if row.get("hours") else ""
        parts.append(f"{row.get('k', episode.count)}{of}{hours}")
    elif episode.count > 1:
        parts.append(count_noun(episode.count, "reading"))
    parts.append(limit_text(row, metric, unit))
    return ", ".join(part for part in parts if part)


def limit_text(row: Mapping[str, Any], metric: Metric, unit: Unit) -> str:
    """ "limit over 180/120", "limit systolic below 80 or over 170"; empty without one."""
    texts, name = [], ""
    for relation, words in RELATION_TEXTS.items():
        if bounds := row.get(relation):
            values = [bounds.get("value_1"), bounds.get("value_2")]
            if metric.has_second_value and None in values:
                name = (metric.label_1, metric.label_2)[values.index(None) == 0].lower()
            numbers = [unit.format_bound(value) for value in values if value is not None]
            texts.append(words.format("/".join(numbers)))
    below_first = sorted(texts, key=lambda text: not text.startswith("below"))
    return " ".join(part for part in ("limit", name, " or ".join(below_first)) if part) if texts else ""


def shown_values(metric: Metric, values: tuple[float | None, float | None]) -> tuple[float | None, float | None]:
    return values if metric.has_second_value else (values[0], None)


def format_values(value_1: float | None, value_2: float | None, unit: Unit) -> str:
    return "/".join(unit.format_value(value) for value in (value_1, value_2) if value is not None)


def day_of_episode(episode: AlertEpisode, *, zone: ZoneInfo, now: dt.datetime) -> str:
    """ "3rd day" of the patient's local days since it opened; empty on the first and once it is over."""
    if episode.opened_at is None or not episode.is_open:
        return ""
    number = (now.astimezone(zone).date() - episode.opened_at.astimezone(zone).date()).days + 1
    return f"{ordinal(number)} day" if number > 1 else ""


def ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
