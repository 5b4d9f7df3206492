"""Shipped alert rules and the presets by condition, each with its source; a clinic's and a patient's rows win."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from measurements.alerts.engine.rules import Closing, ClosingKind, Goal, Kind, Limit, Queue, Relation, Rule, Severity

BLOOD_PRESSURE, PULSE, WEIGHT = "blood_pressure", "pulse", "weight"
GLUCOSE, SPO2, TEMPERATURE, IRREGULAR_HEARTBEAT = "glucose", "spO2", "temperature", "irregular_heartbeat"

BP_SEVERE, PREGNANCY_SEVERE, SPO2_LOW, SPO2_VERY_LOW = "bp_severe", "preg_bp_severe", "spo2_low", "spo2_very_low"
BP_AVERAGE = "bp_average"
GOAL_RULES = (SPO2_LOW, SPO2_VERY_LOW)  # whose limits follow a goal
SPO2_TREND, GLUCOSE_WEEKLY, SILENCE_CODE = "spo2_trend", "glucose_weekly", "silence"

AHA = ("2025 AHA/ACC high blood pressure guideline", dt.date(2025, 8, 14))
ESH = ("ESH 2021 and Hypertension Canada, home average", dt.date(2021, 7, 1))
BY_CHOICE = ("Low home average, by a clinic's choice", dt.date(2026, 11, 1))
HEART_FAILURE = ("Heart failure: patient teaching; vital signs of Trials 2014;15:124", dt.date(2014, 4, 9))
BEAT_HF = ("BEAT-HF: over 6 lb in 7 days", dt.date(2016, 3, 1))
COPD = ("SpO2 below the prescribed target, default low 92, very low 88", dt.date(2026, 11, 1))
COOPER = ("Cooper 2020: below the 7-day mean minus 1.645 SD", dt.date(2020, 1, 1))
ADA = ("ADA Standards of Care 2026, finger-stick glucose", dt.date(2025, 12, 8))
ACOG = ("ACOG Committee Opinion 767: severe pressure in pregnancy and after delivery", dt.date(2019, 2, 1))
COMMON = ("Common remote-monitoring default", dt.date(2026, 11, 1))

DEFAULT_SPO2_TARGET, VERY_LOW_SPO2, VERY_LOW_UNDER_TARGET = 92.0, 88.0, 4.0
DEFAULT_SILENT_DAYS = 2  # as of a silent device: used once a day or more, one missed day is no news
DEFAULT_GOALS = {GLUCOSE: Goal(value_1_from=70, value_1_to=180)}

DEFAULT_CLOSINGS = {
    Kind.LIMIT: Closing(ClosingKind.READINGS, n=2),
    Kind.K_OF_N: Closing(ClosingKind.READINGS, n=2),
    Kind.AVERAGE: Closing(ClosingKind.AVERAGE, days=2),
    Kind.CHANGE: Closing(ClosingKind.BASELINE, days=2),
    Kind.PATTERN: Closing(ClosingKind.NONE, days=7),
    Kind.SILENCE: Closing(ClosingKind.ANY, n=1),
}


def shipped_rule(
    code: str, kind: Kind, metric: str, *limits: Limit, source: tuple[str, dt.date], **columns: Any
) -> Rule:
    """`source`: what the rule rests on, and the date of that."""
    return Rule(code, kind, metric, limits=limits, source=source[0], source_date=source[1], **columns)


def limit_rule(code: str, metric: str, *limits: Limit, **columns: Any) -> Rule:
    """A critical rule on one reading; settled by the next one unless `confirm` is False."""
    return shipped_rule(
        code, Kind.LIMIT, metric, *limits, **{"severity": Severity.CRITICAL, "confirm": True, **columns}
    )


def repeated_rule(code: str, metric: str, *limits: Limit, **columns: Any) -> Rule:
    return shipped_rule(code, Kind.K_OF_N, metric, *limits, **columns)


def average_rule(code: str, metric: str, *limits: Limit, **columns: Any) -> Rule:
    return shipped_rule(code, Kind.AVERAGE, metric, *limits, **columns)


def weight_rule(code: str, more_than: float, over: str, severity: Severity, source: tuple[str, dt.date]) -> Rule:
    return shipped_rule(code, Kind.CHANGE, WEIGHT, severity=severity, more_than=more_than, over=over, source=source)


ABOVE, AT_LEAST, BELOW = Relation.ABOVE, Relation.ABOVE_OR_EQUAL, Relation.BELOW
WARNING, CRITICAL, INFORMATION = Severity.WARNING, Severity.CRITICAL, Severity.INFORMATION
ALL_RULES = (
    limit_rule(BP_SEVERE, BLOOD_PRESSURE, Limit(ABOVE, 180, 120), source=AHA),
    average_rule(BP_AVERAGE, BLOOD_PRESSURE, Limit(AT_LEAST, 135, 85), source=ESH),
    average_rule("bp_low", BLOOD_PRESSURE, Limit(BELOW, 100), source=BY_CHOICE),
    limit_rule("hf_bp", BLOOD_PRESSURE, Limit(BELOW, 80), Limit(ABOVE, 170), source=HEART_FAILURE),
    limit_rule("hf_pulse", PULSE, Limit(BELOW, 40), Limit(ABOVE, 110), source=HEART_FAILURE),
    weight_rule("weight_gain", 3, "usual", WARNING, HEART_FAILURE),
    weight_rule("weight_gain_day", 3, "day", WARNING, HEART_FAILURE),
    weight_rule("weight_gain_week", 5, "week", WARNING, HEART_FAILURE),
    weight_rule("weight_week_6", 6, "week", CRITICAL, BEAT_HF),
    weight_rule("weight_loss", -3, "usual", WARNING, HEART_FAILURE),
    repeated_rule(SPO2_LOW, SPO2, k=2, n=3, hours=48, source=COPD),
    limit_rule(SPO2_VERY_LOW, SPO2, confirm_minutes=30, source=COPD),
    shipped_rule(SPO2_TREND, Kind.CHANGE, SPO2, severity=INFORMATION, least_readings=7, source=COOPER),
    limit_rule("glucose_very_low", GLUCOSE, Limit(BELOW, 54), confirm=False, source=ADA),
    repeated_rule("glucose_low", GLUCOSE, Limit(BELOW, 70), k=2, hours=24, source=ADA),
    repeated_rule("glucose_high", GLUCOSE, Limit(ABOVE, 250), k=2, n=2, source=ADA),
    limit_rule("glucose_very_high", GLUCOSE, Limit(ABOVE, 300), confirm=False, source=ADA),
    average_rule(
        GLUCOSE_WEEKLY, GLUCOSE, Limit(BELOW, 50), severity=INFORMATION, least_readings=7, least_days=1, source=ADA
    ),
    repeated_rule("temperature_high", TEMPERATURE, Limit(AT_LEAST, 100.4), k=2, hours=24, source=COMMON),
    repeated_rule("preg_bp", BLOOD_PRESSURE, Limit(AT_LEAST, 140, 90), k=2, hours=4, source=ACOG),
    limit_rule(PREGNANCY_SEVERE, BLOOD_PRESSURE, Limit(AT_LEAST, 160, 110), confirm_minutes=30, source=ACOG),
    shipped_rule(IRREGULAR_HEARTBEAT, Kind.PATTERN, IRREGULAR_HEARTBEAT, k=2, source=COMMON),
    shipped_rule(SILENCE_CODE, Kind.SILENCE, "", queue=Queue.COMPLIANCE, days=DEFAULT_SILENT_DAYS, source=COMMON),
)
SHIPPED_RULES: Mapping[str, Rule] = {rule.code: rule for rule in ALL_RULES}

GENERAL_CODES = ("temperature_high", IRREGULAR_HEARTBEAT, SILENCE_CODE)
PREGNANCY_CODES = ("preg_bp", PREGNANCY_SEVERE)
DIABETES_CODES = ("glucose_very_low", "glucose_low", "glucose_high", "glucose_very_high", GLUCOSE_WEEKLY)
PRESET_CODES: Mapping[str, tuple[str, ...]] = {
    "hypertension": (BP_SEVERE, BP_AVERAGE, "bp_low"),
    "heart_failure": (
        *("weight_gain", "weight_gain_day", "weight_gain_week", "weight_week_6", "weight_loss"),
        *("hf_bp", "hf_pulse"),
    ),
    "copd": (SPO2_LOW, SPO2_VERY_LOW, SPO2_TREND),
    "diabetes": DIABETES_CODES,
    "older": DIABETES_CODES,
    "pregnancy": PREGNANCY_CODES,
    "after_delivery": PREGNANCY_CODES,
    "after_hospital_stay": (),
}
# Other words for the same condition, those of the patient's form among them.
CONDITION_WORDS = {
    **dict.fromkeys(("older_or_high_risk", "high_risk"), "older"),
    **dict.fromkeys(("hypertension_after_delivery", "postpartum"), "after_delivery"),
    "post_acute": "after_hospital_stay",
    "diabetes_finger_sticks": "diabetes",
}
DAILY_CONDITIONS = frozenset({"after_delivery", "after_hospital_stay"})  # missing a day is compliance
# Without a stated condition: not those whose limits are meant for one condition only.
ONLY_WITH_CONDITION = frozenset({*PREGNANCY_CODES, "hf_bp"})


def named_condition(words: str) -> str:
    """Heart failure, heart-failure and heart_failure are one."""
    name = "_".join(re.findall(r"[^\W_]+", words.casefold()))
    return CONDITION_WORDS.get(name, name)


def shipped_rules(conditions: Iterable[str]) -> list[Rule]:
    """The rules of these conditions with those for everybody; without a condition, all that need none to be chosen."""
    names = {named_condition(words) for words in conditions}
    if not names:
        return [rule for rule in ALL_RULES if rule.code not in ONLY_WITH_CONDITION]
    wanted = {code for name in names for code in PRESET_CODES.get(name, ())} | set(GENERAL_CODES)
    found = [rule for rule in ALL_RULES if rule.code in wanted]
    if "older" in names:
        found = [replace(rule, k=1) if rule.code == "glucose_low" else rule for rule in found]
    if names & DAILY_CONDITIONS:
        found = [replace(rule, days=1) if rule.code == SILENCE_CODE else rule for rule in found]
    return found


def with_goal(rule: Rule, goals: Mapping[str, Goal]) -> Rule:
    """With the limits of SpO2 that follow the prescribed target; any other rule has its own."""
    if rule.limits or rule.code not in GOAL_RULES:
        return rule
    goal = goals.get(SPO2, Goal())
    target = next((bound for bound in (goal.value_1_from, goal.value_1_above) if bound is not None), None)
    bound = DEFAULT_SPO2_TARGET if target is None else target
    if rule.code == SPO2_VERY_LOW:
        bound = min(VERY_LOW_SPO2, bound - VERY_LOW_UNDER_TARGET)
    return replace(rule, limits=(Limit(BELOW, bound),))


def closing_of(rule: Rule) -> Closing:
    return rule.closing or DEFAULT_CLOSINGS[rule.kind]
