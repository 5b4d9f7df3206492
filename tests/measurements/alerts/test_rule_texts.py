"""Why in words: each kind of rule, in the vendor's units and in others."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from measurements.alerts import rule_texts
from measurements.alerts.engine.shipped_rules import ALL_RULES, SHIPPED_RULES
from measurements.alerts.facts_files.answers import describe_rule
from measurements.alerts.models import AlertEpisode
from measurements.models import Metric
from measurements.units import VENDOR_UNITS, DisplayUnits

OPENED = dt.datetime(2026, 11, 21, 17, 0, tzinfo=dt.UTC)
METRICS = {
    "blood_pressure": Metric(
        code="blood_pressure", label="Blood pressure", unit="mmHg", has_second_value=True, label_1="Systolic"
    ),
    "weight": Metric(code="weight", label="Weight", unit="lb", decimals=1),
    "spO2": Metric(code="spO2", label="SpO₂", unit="%"),
    "glucose": Metric(code="glucose", label="Glucose", unit="mg/dL"),
    "irregular_heartbeat": Metric(code="irregular_heartbeat", label="Irregular heartbeat"),
}


def explain(code, *, metric=None, units=VENDOR_UNITS, days_later=0, **columns):
    rule = SHIPPED_RULES[code]
    episode = AlertEpisode(
        rule=code,
        kind=rule.kind,
        metric=metric or rule.metric,
        severity=rule.severity,
        rule_row=columns.pop("rule_row", None) or describe_rule(rule),
        opened_at=OPENED,
        **({"state": "open"} | columns),
    )
    if "peak_1" not in columns:
        episode.peak_1, episode.peak_2 = episode.value
    now = OPENED + dt.timedelta(days=days_later)
    return rule_texts.explain_episode(
        episode, METRICS[episode.metric], units, zone=ZoneInfo("America/New_York"), now=now
    )


@pytest.mark.parametrize(
    ("code", "columns", "text"),
    [
        (
            "bp_average",
            {"value_1": 161.6, "value_2": 93.5, "n": 12, "days": 5, "days_later": 2},
            "average 162/94 mmHg over 7 days, n 12, limit 135/85 or more; 3rd day",
        ),
        (
            "bp_severe",
            {"value_1": 192, "value_2": 110, "state": "unconfirmed", "reason": "repeat_asked", "count": 1},
            "192/110 mmHg, limit over 180/120; not confirmed yet, repeat asked",
        ),
        (
            "bp_severe",
            {"value_1": 188, "value_2": 110, "peak_1": 201, "peak_2": 118, "count": 3},
            "188/110 mmHg, worst 201/118, 3 readings, limit over 180/120",
        ),
        ("hf_bp", {"value_1": 78, "value_2": 50}, "78/50 mmHg, limit systolic below 80 or over 170"),
        ("spo2_low", {"value_1": 90, "value_2": 0.0}, "90 %, 2 of 3 in 48 h"),
        (
            "weight_gain",
            {"value_1": 184.2, "gain": 4.2, "baseline": 180.0, "days_later": 10},
            "gained 4.2 lb from the usual weight, limit 3 lb; 11th day",
        ),
        ("weight_loss", {"gain": -3.5, "state": "closed"}, "lost 3.5 lb from the usual weight, limit 3 lb"),
        (
            "glucose_weekly",
            {"value_1": 42.9, "n": 9, "days": 6},
            "43 % of readings in range over 7 days, n 9, limit below 50",
        ),
        ("silence", {"metric": "weight", "days": 3}, "no weight reading for 3 days"),
        (
            "silence",
            {"metric": "weight", "days": 3, "rule_row": {"least_days_a_week": 4}},
            "weight measured on 3 of 7 days, at least 4 expected",
        ),
        ("irregular_heartbeat", {"count": 2, "days": 2}, "detected 2 times on 2 days"),
        ("spo2_trend", {"value_1": 88, "baseline": 91.6}, "88 %, below its 7-day range from 92"),
    ],
)
def test_explain_episode_says_value_limit_and_day(code, columns, text):
    assert explain(code, **columns) == text


def test_explain_episode_converts_units():
    kilograms = DisplayUnits.from_code("kg")

    assert explain("weight_gain_day", units=kilograms, gain=4.4) == "gained 2.0 kg since the day before, limit 1.4 kg"


def test_rule_labels_name_every_shipped_rule():
    assert {rule.code for rule in ALL_RULES} <= set(rule_texts.RULE_LABELS)
    assert rule_texts.rule_label("own_limit") == "Own limit"
