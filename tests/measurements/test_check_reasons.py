"""Reasons to check a reading: which of its values, or their order, in words."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measurements import check_reasons as reasons
from measurements.models import Metric

PRESSURE = Metric(
    code="blood_pressure", has_second_value=True, label_1="Systolic", label_2="Diastolic", lowest_1=40, highest_1=300,
    lowest_2=20, highest_2=200,
)  # fmt: skip
PULSE = Metric(code="pulse", label_1="Pulse", lowest_1=20, highest_1=250)
SYSTOLIC_OUTSIDE = "check: systolic is outside what the instrument measures"
DIASTOLIC_OUTSIDE = "check: diastolic is outside what the instrument measures"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((75, 120), [reasons.SYSTOLIC_BELOW_DIASTOLIC]),
        ((90, 90), [reasons.SYSTOLIC_EQUALS_DIASTOLIC]),
        ((301, 90), [SYSTOLIC_OUTSIDE]),
        ((120, 19), [DIASTOLIC_OUTSIDE]),
        ((0, 0), [SYSTOLIC_OUTSIDE, DIASTOLIC_OUTSIDE, reasons.SYSTOLIC_EQUALS_DIASTOLIC]),
        ((39, 201), [SYSTOLIC_OUTSIDE, DIASTOLIC_OUTSIDE, reasons.SYSTOLIC_BELOW_DIASTOLIC]),
        ((238, 141), []),
    ],
)
def test_implausible_pressure_names_the_value_and_the_order(values, words):
    assert reasons.implausible_values(PRESSURE, values) == words


def test_implausible_single_value_is_outside_and_its_second_value_means_nothing():
    assert reasons.implausible_values(PULSE, (0, None)) == [reasons.VALUE_OUTSIDE]
    assert reasons.implausible_values(PULSE, (72, 999)) == []


def test_plausible_pressure_that_is_flagged_has_an_impossible_pulse():
    assert reasons.check_reasons(PRESSURE, (131, 84), conflict=False, implausible=True) == [reasons.PULSE_OUTSIDE]
    assert reasons.check_reasons(PRESSURE, (131, 84), conflict=True, implausible=False) == [reasons.OTHER_VALUE]


VALUES = st.decimals(min_value=-10, max_value=400, places=1)


@settings(max_examples=60, deadline=None)
@given(VALUES, VALUES, st.booleans())
def test_reasons_are_given_exactly_for_flags_and_agree_for_floats(first, second, conflict):
    found = reasons.implausible_values(PRESSURE, (first, second))

    assert reasons.implausible_values(PRESSURE, (float(first), float(second))) == found
    assert bool(found) == (not (40 <= first <= 300 and 20 <= second <= 200 and first > second))
    for implausible in (False, True):
        shown = reasons.check_reasons(PRESSURE, (first, second), conflict=conflict, implausible=implausible)
        assert bool(shown) == (conflict or implausible)
    assert (reasons.SYSTOLIC_BELOW_DIASTOLIC in found) == (first < Decimal(second))
