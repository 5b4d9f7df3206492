"""Rounding and shares, worked out by hand and for any number."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measurements.numbers import format_number, format_rounded, format_share, format_signed, round_half_up


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (124.5, 0, "125"),
        (123.5, 0, "124"),
        (-124.5, 0, "-125"),  # away from zero, as a gain of the same size
        (98.65, 1, "98.7"),  # stored as 98.650000000000006
        (1.005, 2, "1.01"),  # stored as 1.00499999999999989
        (176.45 - 176.40, 1, "0.1"),  # 0.04999999999998295
        (-0.04, 1, "0.0"),
        (-0.4, 0, "0"),
        (0.0, 1, "0.0"),
        (999_999.995, 2, "1000000.00"),
    ],
)
def test_numbers_are_rounded_half_up_and_never_to_minus_zero(value, places, text):
    assert format_number(value, places) == text


@given(st.decimals(-999_999, 999_999, places=3), st.integers(0, 2))
@settings(max_examples=60)
def test_rounding_of_floats_equals_rounding_of_decimals(value, places):
    expected = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)

    assert round_half_up(float(value), places) == float(expected)
    assert not format_number(float(value), places).startswith("-0.0") or expected != 0


@pytest.mark.parametrize(
    ("value", "places", "text"), [(92.0, 1, "92.0"), (10.05, 1, "10.05"), (148.0, 0, "148"), (129.6, 0, "129.6")]
)
def test_rounded_number_retains_the_decimals_that_it_has(value, places, text):
    assert format_rounded(value, places) == text


@pytest.mark.parametrize(
    ("text", "signed"), [("3.9", "+3.9"), ("-8.0", "\N{MINUS SIGN}8.0"), ("0.0", "0.0"), ("0", "0"), ("0.01", "+0.01")]
)
def test_change_has_sign_unless_zero(text, signed):
    assert format_signed(text) == signed


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (299, 300, "> 99 %"),
        (1, 300, "< 1 %"),
        (99, 100, "99 %"),
        (1, 100, "1 %"),
        (198, 200, "99 %"),
        (2, 3, "66 %"),
        (1, 3, "34 %"),
        (1, 2, "50 %"),
        (300, 300, "100 %"),
        (0, 300, "0 %"),
        (0, 0, ""),
    ],
)
def test_share_in_percent_worked_out_by_hand(part, whole, text):
    assert format_share(part, whole) == text


@given(st.integers(1, 10_000).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole))))
@settings(max_examples=60)
def test_share_is_100_percent_for_all_only_and_0_for_none_only(pair):
    part, whole = pair
    text, rest = format_share(part, whole), format_share(whole - part, whole)

    assert (text == "100 %") is (part == whole)
    assert (text == "0 %") is (part == 0)
    if text[0].isdigit():
        assert int(text.removesuffix(" %")) + int(rest.removesuffix(" %")) == 100
        assert abs(int(text.removesuffix(" %")) - 100 * part / whole) < 1
