"""The axis of values: clinical, and wide enough for every reading."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurements.chart import axes


@pytest.mark.parametrize(
    ("code", "values", "expected"),
    [
        ("blood_pressure", [128, 82], (50, 180)),
        ("blood_pressure", [128, 203], (50, 210)),
        ("spO2", [97, 98], (84, 100)),
        ("spO2", [79], (78, 100)),
        ("weight", [171.2, 170.4], (166, 176)),
        ("temperature", [], (96, 102)),
        ("peak_expiratory_flow", [310, 180, 350], (150, 450)),
        ("forced_expiratory_volume", [1.95, 2.1], (1.5, 3.0)),
    ],
)
def test_axis_limits_are_the_clinical_range_extended_only_by_readings_outside_it(code, values, expected):
    assert axes.axis_limits(code, values) == expected


@given(
    st.lists(st.decimals(-999_999, 999_999, places=2).map(float), max_size=20),
    st.sampled_from(["weight", "glucose", "peak_expiratory_flow"]),
)
def test_axis_limits_contain_every_value(values, code):
    low, high = axes.axis_limits(code, values)

    assert low < high
    assert all(low <= value <= high for value in values)
