"""The form of an alert rule, without a database: refusals at the field, units, and what a scope then has of its own."""

import pytest

from measurements.alerts.engine.shipped_rules import SHIPPED_RULES
from measurements.units import DisplayUnits
from tests.measurements.alerts.rule_pages.rule_form import form_errors


@pytest.mark.parametrize(
    ("code", "typed", "field", "words"),
    [
        ("bp_severe", {"value_1__0": "abc"}, "value_1-0", "Write a number with digits"),
        ("bp_severe", {"value_1__0": "900"}, "value_1-0", "as the device measures"),
        ("bp_severe", {"value_1__0": "110"}, "value_1-0", "Must be above the diastolic limit, 120."),
        ("bp_severe", {"value_1__0": "", "value_2__0": ""}, "value_1-0", "Give a limit."),
        ("hf_bp", {"value_1__0": "180"}, "value_1-1", "Must be above the lower limit, 180."),
        ("hf_pulse", {"relation__0": "above"}, "relation-1", "Choose another relation"),
        ("glucose_high", {"k": "3"}, "k", "At most 2"),
        ("glucose_high", {"k": "0"}, "k", "whole number from 1"),
        ("bp_average", {"days": "40"}, "days", "whole number from 3 to 28"),
        ("bp_average", {"least_days": "9"}, "least_days", "At most 7"),
        ("weight_gain", {"more_than": "-2"}, "more_than", "Write a number above 0"),
        ("weight_gain", {"more_than": ""}, "more_than", "Write a number above 0"),
        ("silence", {"uploads_at": "8 o'clock"}, "uploads_at", "Write times as 08:00"),
        ("silence", {"days": "x"}, "days", "whole number"),
        ("bp_severe", {"severity": "terrible"}, "severity", "Select a valid choice"),
        ("bp_severe", {"closing_count": "99"}, "closing_count", "whole number from 1 to 28"),
    ],
)
def test_rule_form_refuses_nonsense_at_its_field(code, typed, field, words):
    errors, _ = form_errors(code, **typed)

    assert list(errors) == [field]
    assert words in errors[field]


@pytest.mark.parametrize("code", SHIPPED_RULES)
def test_rule_form_as_shown_changes_nothing(code):
    errors, form = form_errors(code)

    assert errors == {}
    assert form.values() == {}


def test_rule_form_reads_numbers_in_the_units_shown():
    metric_units = DisplayUnits.from_code("kg,mmol/L,°C")

    _, unchanged = form_errors("glucose_very_high", units=metric_units)
    _, changed = form_errors("glucose_very_high", units=metric_units, value_1__0="15.0")
    _, gain = form_errors("weight_gain", units=metric_units, more_than="2")

    assert unchanged.values() == {}
    assert 270 < changed.values()["above"]["value_1"] < 272
    assert gain.values() == {"more_than": 4.41}
