"""Alert rules in words for the pages that change them: limit, confirmation, closing, and where a rule comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from measurements.alerts.engine.rules import Closing, ClosingKind, Kind, Queue, Relation, Rule, Severity
from measurements.alerts.engine.shipped_rules import (
    GLUCOSE_WEEKLY,
    PREGNANCY_SEVERE,
    PRESET_CODES,
    SPO2_TREND,
    closing_of,
    named_condition,
)
from measurements.alerts.facts_files.answers import describe_rule
from measurements.alerts.rule_texts import limit_text
from measurements.models import Metric
from measurements.units import DisplayUnits, Unit
from patients.models.choices import CONDITION_LABELS
from patients.wording import count_noun

RELATION_LABELS = {
    Relation.ABOVE: "above",
    Relation.ABOVE_OR_EQUAL: "at or above",
    Relation.BELOW: "below",
    Relation.BELOW_OR_EQUAL: "at or below",
}
SEVERITY_LABELS = {
    Severity.CRITICAL: "Critical",
    Severity.WARNING: "Warning",
    Severity.INFORMATION: "Information",
}
SEVERITY_TONES = {Severity.CRITICAL: "bad", Severity.WARNING: "warn", Severity.INFORMATION: "info"}
QUEUE_LABELS = {Queue.MEDICAL: "Medical", Queue.COMPLIANCE: "Missing readings"}
OVER_LABELS = {"usual": "the usual weight", "day": "the day before", "week": "the last 7 days"}


def describe_limits(rule: Rule, metric: Metric | None, unit: Unit) -> str:
    """over 180/120 mmHg; below 92 %. Of two values either one is enough."""
    if metric is None or not rule.limits:
        return ""
    words = limit_text(describe_rule(rule), metric, unit).removeprefix("limit ")
    return f"{words} {'% in range' if rule.code == GLUCOSE_WEEKLY else unit.name}".rstrip()


def describe_condition(rule: Rule, metric: Metric | None, unit: Unit) -> str:
    """What raises the rule, in one sentence without a full stop."""
    return CONDITION_TEXTS[rule.kind](rule, describe_limits(rule, metric, unit), unit)


def describe_single(_: Rule, limits: str, __: Unit) -> str:
    return f"A reading {limits}"


def describe_repeated(rule: Rule, limits: str, _: Unit) -> str:
    of_last = f" of the last {rule.n}" if rule.n else ""
    hours = f" within {count_noun(round(rule.hours), 'hour')}" if rule.hours else ""
    running = rule.n == rule.k and rule.k > 1
    sittings = f"{count_noun(rule.k, 'sitting')}{' running' if running else of_last}"
    return f"{sittings}, each {limits}{hours}" if rule.k > 1 else f"{sittings} {limits}{hours}"


def describe_average(rule: Rule, limits: str, _: Unit) -> str:
    least = f"at least {count_noun(rule.least_readings, 'reading')} on {count_noun(rule.least_days, 'day')}"
    what = "Readings of" if rule.code == GLUCOSE_WEEKLY else "Average of"
    without_first = ", without the first day of a measuring week" if rule.drop_first_day else ""
    return f"{what} {count_noun(rule.days, 'day')} {limits}, {least}{without_first}"


def describe_change(rule: Rule, _: str, unit: Unit) -> str:
    if rule.code == SPO2_TREND:
        return f"A reading below the 7-day mean minus 1.645 SD, at least {count_noun(rule.least_readings, 'reading')}"
    gain = rule.more_than or 0
    amount = f"{unit.for_differences.format_bound(abs(gain))} {unit.name}"
    if gain < 0:
        return f"A loss of more than {amount} under {OVER_LABELS.get(rule.over, rule.over)}"
    return f"A gain of more than {amount} over {OVER_LABELS.get(rule.over, rule.over)}"


def describe_pattern(rule: Rule, _: str, __: Unit) -> str:
    return f"{count_noun(rule.k, 'sitting')} with it on {count_noun(rule.k, 'day')} within 7 days"


def describe_silence(rule: Rule, _: str, __: Unit) -> str:
    if rule.least_days_a_week is not None:
        return f"Readings on fewer than {count_noun(rule.least_days_a_week, 'day')} of 7"
    uploads = ", ".join(f"{at:%H:%M}" for at in rule.uploads_at)
    due = f", uploads due at {uploads}" if uploads else ""
    return f"No reading for {count_noun(rule.days, 'whole day')}{due}"


CONDITION_TEXTS: Mapping[Kind, Callable[[Rule, str, Unit], str]] = {
    Kind.LIMIT: describe_single,
    Kind.K_OF_N: describe_repeated,
    Kind.AVERAGE: describe_average,
    Kind.CHANGE: describe_change,
    Kind.PATTERN: describe_pattern,
    Kind.SILENCE: describe_silence,
}


def describe_confirmation(rule: Rule) -> str:
    if rule.kind is not Kind.LIMIT:
        return "none needed"
    if rule.code == PREGNANCY_SEVERE:
        return "seen at once, repeat in 15 minutes; a second one within 4 hours confirms"
    if rule.confirm:
        return f"seen at once, settled by the next reading within {count_noun(rule.confirm_minutes, 'minute')}"
    return "none: one reading is enough"


def describe_closing(rule: Rule) -> str:
    if rule.least_days_a_week is not None:
        return f"readings on {count_noun(rule.least_days_a_week, 'day')} of 7 again"
    return CLOSING_TEXTS[closing_of(rule).kind](closing_of(rule))


CLOSING_TEXTS: Mapping[ClosingKind, Callable[[Closing], str]] = {
    ClosingKind.READINGS: lambda closing: f"{count_noun(closing.n, 'reading')} in a row inside the limit",
    ClosingKind.AVERAGE: lambda closing: f"inside its limit at the end of {count_noun(closing.days, 'day')} in a row",
    ClosingKind.BASELINE: lambda closing: f"back within the limit on {count_noun(closing.days, 'day')}",
    ClosingKind.NONE: lambda closing: f"none for {count_noun(closing.days, 'day')}",
    ClosingKind.ANY: lambda _: "any reading",
}


def unit_for_rule(code: str, metric: Metric | None, units: DisplayUnits) -> Unit:
    """A share of readings is in percent whatever the metric is measured in."""
    if code == GLUCOSE_WEEKLY:
        return Unit("%", 0)
    return units.unit_for(metric) if metric else Unit("", 0)


def conditions_of_rule(code: str) -> list[str]:
    """Labels of the conditions whose preset has the rule."""
    return [
        label for value, label in CONDITION_LABELS.items() if code in PRESET_CODES.get(named_condition(str(value)), ())
    ]
