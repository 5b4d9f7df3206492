"""Presets: which shipped rules a condition calls for."""

import pytest

from measurements.alerts.engine.shipped_rules import shipped_rules
from tests.measurements.alerts.cases import bp, only, run


@pytest.mark.parametrize(
    "conditions", [["hypertension"], ["Heart failure"], ["heart_failure", "diabetes"], ["pregnancy"]]
)
def test_presets_by_condition(conditions):
    wanted = {
        "hypertension": {"bp_severe"},
        "Heart failure": {"hf_bp"},
        "heart_failure": {"hf_bp"},
        "diabetes": set(),
        "pregnancy": {"preg_bp_severe"},
    }

    found = run("02 10:05", [bp("02 10:00", 190)], conditions=conditions)

    assert {one.rule for one in found.episodes} == set().union(*(wanted[name] for name in conditions))


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        *(("hypertension", "bp_low"), ("heart failure", "hf_pulse"), ("COPD", "spo2_trend")),
        *(("diabetes, finger sticks", "glucose_low"), ("older or high-risk", "glucose_high"), (None, "bp_low")),
        *(("pregnancy", "preg_bp"), ("after delivery", "preg_bp_severe"), ("after hospital stay", "silence")),
    ],
)
def test_each_preset_has_its_rules(condition, code):
    assert code in {rule.code for rule in shipped_rules([condition] if condition else [])}


def test_no_reading_of_a_day_after_delivery_is_compliance():
    found = run("04 09:00", [bp("02 10:00", 120)], conditions=["after delivery"], expected_metrics=["blood_pressure"])

    assert (only(found, "silence").days, only(found, "silence").queue) == (1, "compliance")
