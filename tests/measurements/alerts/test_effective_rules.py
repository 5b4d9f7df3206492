"""Effective rules and goals over time: shipped, clinic, patient; presets by condition; swaps of a device type."""

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace

import pytest

from measurements.alerts.engine.facts import EventKind
from measurements.alerts.facts.effective_goals import GoalChange, dated_goals
from measurements.alerts.facts.effective_rules import (
    OwnRule,
    PresetSince,
    dated_rules,
    effective_rules,
    preset_rules,
)
from measurements.alerts.facts.patient_facts import swap_events
from measurements.facts_values import FactsError

START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
LOWER, HIGHER = {"above": {"value_1": 170}}, {"above": {"value_1": 190}}
HYPERTENSION = [PresetSince(None, ("hypertension",))]


def own(scope, day, values=None, *, code="bp_severe", **columns):
    return OwnRule(code, scope, START + DAY * day, values or {}, **columns)


def limit_of(rules, code="bp_severe"):
    """First value of the rule's limit, "off", or None where the rule isn't known."""
    found = rules.get(code)
    return None if found is None else found.rule.limits[0].value_1 if found.rule else "off"


@pytest.mark.parametrize(
    ("own_rules", "limit", "source"),
    [
        ([], 180, "shipped"),
        ([own("clinic", 0, {"above": {"value_1": 190}})], 190, "clinic"),
        (
            [own("clinic", 0, {"above": {"value_1": 190}}), own("patient", 1, {"above": {"value_1": 170}})],
            170,
            "patient",
        ),
        (
            [own("patient", 0, {"above": {"value_1": 170}}), own("clinic", 1, {"above": {"value_1": 190}})],
            170,
            "patient",
        ),
        ([own("clinic", 0, is_off=True)], "off", "clinic"),
        ([own("clinic", 0, is_off=True), own("patient", 1, {"above": {"value_1": 170}})], 170, "patient"),
        ([own("clinic", 0, is_off=True), own("patient", 1, is_chosen=True)], 180, "patient"),
        ([own("patient", 0, is_off=True), own("patient", 1)], 180, "shipped"),
        ([own("patient", 9, {"above": {"value_1": 170}})], 180, "shipped"),
    ],
)
def test_effective_rule_is_patients_then_clinics_then_shipped(own_rules, limit, source):
    rules = effective_rules(HYPERTENSION, own_rules, START + DAY * 5)

    assert (limit_of(rules), rules["bp_severe"].source) == (limit, source)


@pytest.mark.parametrize(
    ("own_rules", "expected"),
    [
        ([own("clinic", 0, {"below": {"value_1": 60}}, code="glucose_very_low")], "off"),
        ([own("clinic", 0, is_chosen=True, code="glucose_very_low")], 54),
        ([own("patient", 0, {"below": {"value_1": 60}}, code="glucose_very_low")], 60),
        ([], None),
    ],
)
def test_effective_rule_outside_the_preset_needs_choice_or_patients_own_values(own_rules, expected):
    assert limit_of(effective_rules(HYPERTENSION, own_rules, START + DAY), "glucose_very_low") == expected


def test_effective_rule_of_own_code_states_its_kind():
    values = {"kind": "limit", "metric": "pulse", "severity": "warning", "above": {"value_1": 120}}

    rules = effective_rules(HYPERTENSION, [own("clinic", 0, values, code="fast_pulse")], START + DAY)

    assert (limit_of(rules, "fast_pulse"), rules["fast_pulse"].rule.metric) == (120, "pulse")
    with pytest.raises(FactsError, match="kind"):
        effective_rules(HYPERTENSION, [own("clinic", 0, {"above": {"value_1": 1}}, code="fast_pulse")], START + DAY)


def test_preset_without_rules_of_its_own_leaves_those_for_everybody():
    assert set(preset_rules(("ckd",))) == set(preset_rules(()))
    assert preset_rules(("post_acute",))["silence"].days == 1
    assert "bp_severe" in preset_rules(("post_acute",))
    assert "bp_severe" not in preset_rules(("diabetes",))


def test_dated_rules_fold_what_is_older_than_the_readings_and_date_the_rest():
    changes = [own("clinic", -3, {"above": {"value_1": 190}}), own("patient", 2, is_off=True, by="7")]
    presets = [*HYPERTENSION, PresetSince(START + DAY * 4, ("diabetes",))]

    base, events = dated_rules(presets, changes, start=START)

    assert {rule.code: rule for rule in base}["bp_severe"].limits[0].value_1 == 190
    assert [(event.kind, event.rule, event.by) for event in events if event.at == START + DAY * 2] == [
        (EventKind.RULE_OFF, "bp_severe", "7")
    ]
    later = {event.rule: event.kind for event in events if event.at == START + DAY * 4}
    assert (later["bp_average"], later["glucose_low"]) == (EventKind.RULE_OFF, EventKind.RULE)
    assert "bp_severe" not in later, "it was off already"


def test_dated_goals_undo_later_changes_for_the_beginning():
    part = ("spO2", 1)
    now = {("shipped", part): (88, 92, None, None), ("patient", part): (None, Decimal(86), None, None)}
    changes = [GoalChange(START + DAY, "patient", part, None, (None, Decimal(86), None, None), "7")]

    first, events = dated_goals(now, changes, start=START)

    assert first["spO2"].value_1_from == 92
    assert [(event.metric, event.data["fields"]["value_1_from"], event.by) for event in events] == [("spO2", 86, "7")]
    assert dated_goals(now, changes, start=START + DAY * 2)[0]["spO2"].value_1_from == 86


def assignment(device, kind, start, end=None):
    device_row = SimpleNamespace(device_type_id=kind)
    times = [None if day is None else START + DAY * day for day in (start, end)]
    return SimpleNamespace(device_id=device, device=device_row, started_at=times[0], ended_at=times[1])


def test_swap_is_a_device_given_where_another_of_its_type_had_ended():
    rows = [assignment(1, 10, None, 3), assignment(2, 20, 1), assignment(3, 10, 4), assignment(4, 10, 5)]

    assert [(event.at, dict(event.data)) for event in swap_events(rows)] == [
        (START + DAY * 4, {"serial": "1", "to": "3"})
    ]
