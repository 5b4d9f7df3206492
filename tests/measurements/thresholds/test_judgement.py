"""Judgement of figures: the words of the bound that is crossed, and a text that never contradicts them."""

import datetime as dt
import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from measurements.models import Metric, Threshold
from measurements.thresholds import evaluation
from measurements.thresholds.editing import Bounds, EditableThreshold
from measurements.thresholds.evaluation import EffectiveThreshold, PatientThresholds, ThresholdStatus
from measurements.thresholds.judgement import judge, judge_gain, judge_values
from measurements.units import ALTERNATIVE_UNITS, Unit

KG, MMOL, CELSIUS = ALTERNATIVE_UNITS["lb"], ALTERNATIVE_UNITS["mg/dL"], ALTERNATIVE_UNITS["°F"]
POUND, MG, FAHRENHEIT, MMHG = Unit("lb", 1), Unit("mg/dL", 0), Unit("°F", 1), Unit("mmHg", 0)
BLOOD_PRESSURE = Metric(code="blood_pressure", label_1="Systolic", label_2="Diastolic", has_second_value=True)
GLUCOSE = Metric(code="glucose")
GAIN = ("weight", 1, "gain")


def build_goal(low=None, high=None, very_low=None, very_high=None):
    return EffectiveThreshold(low, high, very_low, very_high, "patient", "", dt.date(2026, 11, 1))


def typed_goal(unit, **typed):
    """As the form stores what was typed in `unit`."""
    row = Threshold()
    offer = EditableThreshold(("glucose", 1, ""), GLUCOSE, unit, None, row, shipped_default=row)
    bounds = offer.to_vendor_unit(Bounds(**{name: Decimal(text) for name, text in typed.items()}))
    return evaluation.build_effective_threshold(Threshold(**bounds._asdict()))


def gain_thresholds(goal):
    return PatientThresholds({GAIN: goal})


@pytest.mark.parametrize(
    ("goal", "gain", "text", "words"),
    [
        (build_goal(0, 3), -8.0, "\N{MINUS SIGN}8.0", "below goal"),
        (build_goal(None, 3), -8.0, "\N{MINUS SIGN}8.0", "in goal"),
        (build_goal(0, 3), 3.2, "+3.2", "above goal"),
        (build_goal(None, 3, very_high=6), 6.1, "+6.1", "far above goal"),
        (build_goal(-5, -2), -1.0, "\N{MINUS SIGN}1.0", "above goal"),  # a loss that is wanted
        (build_goal(None, 3), 180.4 - 177.4, "+3.0", "above goal"),  # 3 pounds, though floats say a hair less
        (build_goal(None, 3), 176.38 - 176.40, "0.0", "in goal"),
    ],
)
def test_words_of_gain_name_the_bound_that_is_crossed(goal, gain, text, words):
    found = judge_gain(gain, POUND, gain_thresholds(goal))

    assert (found.text, found.words) == (text, words)


def test_gain_without_goal_is_not_compared_with_bounds_of_weight():
    found = judge_gain(3.0, POUND, PatientThresholds({("weight", 1, ""): build_goal(100, 200)}))

    assert found.status is ThresholdStatus.NOT_EVALUATED


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((163.0, 45.0), "systolic above goal, diastolic below goal"),
        ((163.0, 94.0), "above goal"),
        ((120.0, 45.0), "below goal"),
        ((181.0, 94.0), "far above goal"),
        ((120.0, 70.0), "in goal"),
    ],
)
def test_words_of_pressure_name_both_values_where_they_cross_opposite_bounds(values, words):
    goals = [build_goal(90, 130, very_high=180), build_goal(50, 80)]

    found = judge_values(values, goals, MMHG, BLOOD_PRESSURE)

    assert found.words == words
    assert ("▲" in found.arrow, "▼" in found.arrow) == ("above" in words, "below" in words)


@pytest.mark.parametrize("code", ["pulse", "temperature"])
def test_words_of_pulse_and_temperature_name_expected_range(code):
    thresholds = PatientThresholds({(code, 1, ""): build_goal(50, 110)})

    found = judge(Metric(code=code), (120.0,), Unit("bpm", 0), thresholds)

    assert found.words == "above expected range"


@pytest.mark.parametrize(
    ("typed", "unit", "value", "text", "words"),
    [
        ({"low": "3.9", "high": "10.0"}, MMOL, 70, "3.9", "in goal"),
        ({"low": "3.9", "high": "10.0"}, MMOL, 69, "3.8", "below goal"),
        ({"low": "3.9", "high": "10.0"}, MMOL, 181, "10.0", "in goal"),
        ({"low": "3.9", "high": "10.0"}, MMOL, 182, "10.1", "above goal"),
        ({"high": "1.5"}, KG.for_differences, 3.30, "1.5", "above goal"),
        ({"high": "1.5"}, KG.for_differences, 3.19, "1.4", "in goal"),
        ({"high": "38.0"}, CELSIUS, 100.4, "38.0", "above goal"),
        ({"high": "38.0"}, CELSIUS, 100.3, "37.9", "in goal"),
        ({"low": "4.0", "very_low": "3.0"}, MMOL, 54, "3.0", "below goal"),
        ({"low": "4.0", "very_low": "3.0"}, MMOL, 53, "2.9", "far below goal"),
    ],
)
def test_bound_typed_in_other_unit_judges_what_is_shown_there(typed, unit, value, text, words):
    found = judge_values((float(value),), [typed_goal(unit, **typed)], unit, GLUCOSE)

    assert (found.text, found.words) == (text, words)


@pytest.mark.parametrize(
    ("goals", "values", "unit", "text", "words"),
    [
        ((build_goal(None, 130), build_goal(None, 80)), (129.6, 79.6), MMHG, "129.6/79.6", "in goal"),
        ((build_goal(None, 130), build_goal(None, 80)), (129.6, 85.25), MMHG, "129.6/85.3", "above goal"),
        ((build_goal(None, 130), build_goal(None, 80)), (124.5, 70.0), MMHG, "125/70", "in goal"),
        ((build_goal(None, 130),), (129.96,), MMHG, "129.96", "in goal"),
        ((build_goal(None, 125),), (124.5,), MMHG, "124.5", "in goal"),
        ((build_goal(70, 180),), (180.4,), MG, "180.4", "above goal"),
        ((build_goal(70, 180),), (181.0,), MMOL, "10.05", "above goal"),
        ((build_goal(70, 180),), (180.0,), MMOL, "10.0", "in goal"),
        ((build_goal(80, 130),), (79.5,), MMOL, "4.41", "below goal (4.44\N{EN DASH}7.22 mmol/L)"),
        ((build_goal(None, 101),), (100.95,), CELSIUS, "38.3", "in goal"),  # the goal is shown as "≤ 38.3"
        ((build_goal(None, 101),), (101.02,), CELSIUS, "38.34", "above goal"),
        ((build_goal(80),), (79.5,), MMOL, "4.4", "below goal"),  # the goal is shown as "> 4.4"
        ((build_goal(80),), (80.0,), MMOL, "4.44", "in goal"),
        ((build_goal(54, 180, very_low=53),), (52.9,), MMOL, "2.936", "far below goal (< 2.942 mmol/L)"),
    ],
)
def test_text_has_more_decimals_where_rounding_would_contradict_the_words(goals, values, unit, text, words):
    found = judge_values(values, goals, unit, BLOOD_PRESSURE)

    assert (found.text, found.words) == (text, words)


@pytest.mark.parametrize(
    ("code", "value", "text"),
    [
        ("irregular_heartbeat", 0.0, "not detected"),
        ("irregular_heartbeat", 1.0, "detected"),
        ("irregular_heartbeat", 2.0, "detected"),
        ("patchcap_open_close_event", 0.0, "closed"),
        ("low_battery_event", 1.0, "yes"),
    ],
)
def test_yes_no_metric_is_shown_by_its_value(code, value, text):
    assert judge(Metric(code=code), (value,), Unit("", 0)).text == text


def parse_goal(shown_range):
    """A reader's own judgement of a number by the goal that a page shows: -1 below, 0 in it, 1 above."""
    numbers = [float(text) for text in re.findall(r"-?\d+(?:\.\d+)?", shown_range)]
    sides = {
        "<": lambda value: int(value >= numbers[0]),
        "≤": lambda value: int(value > numbers[0]),
        "≥": lambda value: -int(value < numbers[0]),
        ">": lambda value: -int(value <= numbers[0]),
    }
    return sides.get(shown_range[0], lambda value: int(value > numbers[-1]) - int(value < numbers[0]))


CENTS = st.integers(2000, 40_000).map(lambda cents: cents / 100)
AVERAGES = st.tuples(st.integers(200_000, 4_000_000), st.integers(1, 3000)).map(
    lambda pair: float(Fraction(round(pair[0] / 100 * pair[1]), 100 * pair[1]))
)
UNITS = st.sampled_from([MMHG, MG, MMOL, POUND, KG, FAHRENHEIT, CELSIUS, KG.for_differences])


@st.composite
def goals(draw):
    low, high = sorted(draw(st.lists(CENTS, min_size=2, max_size=2, unique=True)))
    return draw(st.sampled_from([build_goal(low, high), build_goal(low), build_goal(None, high)]))


@given(goals(), st.data(), UNITS)
@settings(max_examples=60)
def test_shown_number_never_contradicts_shown_goal(goal, data, unit):
    """Read as a person does: the number, its words, and the goal that the page shows, or that the words name."""
    edge = data.draw(st.sampled_from([bound for bound in (goal.low, goal.high) if bound is not None]))
    near = st.integers(-300, 300).map(lambda cents: round(edge + cents / 100, 2))
    value = data.draw(st.one_of(CENTS, AVERAGES, near))

    found = judge_values((value,), [goal], unit)

    named = re.search(r"\((.*) \S+\)", found.words)
    seen = parse_goal(named[1] if named else goal.format_range(unit))
    assert found.status is goal.evaluate(value)
    sides = {ThresholdStatus.LOW: -1, ThresholdStatus.IN_RANGE: 0, ThresholdStatus.HIGH: 1}
    assert seen(float(found.text)) == sides[found.status]
    assert (named is None) or found.status.is_out_of_range, "words of a value in goal are not shown"
    assert found.words.startswith(found.status.words("goal"))


@given(st.integers(1, 300), st.integers(1, 300), st.integers(2000, 40_000), st.sampled_from([MMOL, KG, CELSIUS]))
@settings(max_examples=60)
def test_bound_typed_in_other_unit_needs_no_more_decimals_for_any_reading(low, wide, cents, unit):
    typed = {"low": Decimal(low) / 10, "high": Decimal(low + wide) / 10}
    goal = typed_goal(unit, **typed)
    shown = float(unit.format_value(cents / 100))
    assume(shown > 0)

    found = judge_values((cents / 100,), [goal], unit)

    assert found.more_places == 0
    assert (found.status is ThresholdStatus.IN_RANGE) is (float(typed["low"]) <= shown <= float(typed["high"]))
