"""Display units: conversion and formatting, and values that survive a round trip unchanged."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurements import units
from measurements.chart import axes
from measurements.models import Metric
from measurements.thresholds import editing, evaluation, texts
from measurements.thresholds.editing import Bounds, EditableThreshold
from measurements.thresholds.evaluation import EffectiveThreshold
from measurements.units import ALTERNATIVE_UNITS, VENDOR_UNITS, DisplayUnits, Unit

KG, MMOL, CELSIUS = ALTERNATIVE_UNITS["lb"], ALTERNATIVE_UNITS["mg/dL"], ALTERNATIVE_UNITS["°F"]
ALL = DisplayUnits.from_code("kg,mmol/L,°C")
cents = st.decimals(Decimal(-50), Decimal(1500), places=2)
typed = st.decimals(Decimal("0.1"), Decimal(600), places=1)


@pytest.mark.parametrize(
    ("unit", "stored", "text"),
    [
        (KG, 171.04, "77.6"),
        (KG, 220.462262, "100.0"),
        (MMOL, 54, "3.0"),
        (MMOL, 180, "10.0"),
        (CELSIUS, 98.6, "37.0"),
        (CELSIUS, 100.4, "38.0"),
        (CELSIUS, 14, "-10.0"),
        (KG.for_differences, 3, "1.4"),
        (CELSIUS.for_differences, 1.8, "1.0"),  # a difference has no zero
        (Unit("bpm", 0), 77.0, "77"),
    ],
)
def test_unit_formats_values_worked_out_by_hand(unit, stored, text):
    assert unit.format_value(stored) == text


@given(typed, st.sampled_from([KG, MMOL, CELSIUS, KG.for_differences]), st.booleans())
def test_bound_typed_in_other_unit_includes_whatever_rounds_to_it(value, unit, highest):
    bound = unit.to_vendor_bound(value, highest=highest)
    beyond = bound + (Decimal("0.01") if highest else Decimal("-0.01"))

    assert unit.to_display_bound(bound) == value
    assert unit.to_display_bound(beyond) != value


@given(cents, st.sampled_from([*ALTERNATIVE_UNITS.values(), KG.for_differences, Unit("lb", 1)]), st.integers(1, 5))
def test_unit_conversion_preserves_threshold_when_form_is_saved_repeatedly(bound, unit, times):
    row = evaluation.Threshold(high=bound)
    offer = EditableThreshold(("weight", 1, ""), Metric(code="weight"), unit, row, row, shipped_default=row)

    for _ in range(times):
        row.high = offer.to_vendor_unit(offer.to_display_unit(offer.bounds)).high

    assert row.high == bound


@given(cents, cents, st.sampled_from([KG, MMOL, CELSIUS]))
def test_unit_conversion_preserves_order_of_values(one, other, unit):
    assert (unit.convert_value(float(one)) < unit.convert_value(float(other))) is (one < other)


def test_units_take_one_of_each_pair_and_ignore_unknown_units():
    assert VENDOR_UNITS.with_unit("kg").with_unit("°C").code == "kg,°C"
    assert VENDOR_UNITS.with_unit("kg").with_unit("lb") == VENDOR_UNITS
    assert (
        VENDOR_UNITS.with_unit("stone")
        == DisplayUnits.from_code("stone,<b>")
        == DisplayUnits.from_code(None)
        == DisplayUnits.from_code(7)
        == VENDOR_UNITS
    )


def test_units_convert_only_metrics_in_known_unit():
    assert ALL.unit_for(Metric(code="weight", unit="lb", decimals=1)) == KG
    assert ALL.unit_for(Metric(code="spO2", unit="%", decimals=0)) == Unit("%", 0)
    assert VENDOR_UNITS.unit_for(Metric(code="glucose", unit="mg/dL", decimals=0)) == Unit("mg/dL", 0)


@pytest.mark.parametrize(
    ("low", "high", "unit", "words"),
    [
        (80, 130, MMOL, "4.4\N{EN DASH}7.2"),
        (None, 100.4, CELSIUS, "< 38"),
        (None, 100.4, Unit("°F", 1), "< 100.4"),
        (None, 3, KG.for_differences, "< 1.4"),
        (92, None, Unit("%", 0), "≥ 92"),
        (None, 2, KG.for_differences, "≤ 0.9"),  # less than 0.907
        (80, None, MMOL, "> 4.4"),  # 4.44 and more
        (-3, 3, Unit("lb", 1), "-3 to 3"),
    ],
)
def test_threshold_text_uses_selected_unit(low, high, unit, words):
    assert EffectiveThreshold(low, high, None, None, "default", "", None).format_range(unit) == words


@pytest.mark.parametrize(
    ("bounds", "unit", "words"),
    [
        (Bounds(None, None, Decimal(3)), KG.for_differences, "below 1.4"),
        (Bounds(None, None, Decimal(2)), KG.for_differences, "0.9 or less"),
        (Bounds(None, Decimal(70)), MMOL, "3.9 or more"),
        (Bounds(None, Decimal(80)), MMOL, "over 4.4"),
        (Bounds(Decimal(54), Decimal(80), Decimal(130)), MMOL, "4.4 to 7.2 (far below goal under 3)"),
    ],
)
def test_bounds_in_words_agree_with_their_rounding(bounds, unit, words):
    assert texts.format_bounds(bounds, unit, "goal") == words


@pytest.mark.parametrize(
    ("code", "unit", "values", "limits"),
    [
        ("glucose", "mmol/L", [5.6, 7.1], (2, 14)),
        ("glucose", "mmol/L", [22.3], (2, 23)),
        ("temperature", "°C", [36.6], (35.5, 39)),
        ("temperature", "°C", [39.2], (35.5, 39.5)),
        ("weight", "kg", [77.6, 77.9], (75, 80)),
    ],
)
def test_axis_limits_are_round_in_every_unit(code, unit, values, limits):
    assert axes.axis_limits(code, values, unit=unit) == limits


def test_threshold_validation_message_uses_user_unit():
    metric = Metric(code="weight", unit="lb", decimals=1, lowest_1=Decimal(2), highest_1=Decimal(1000))

    with pytest.raises(editing.ValidationError) as refused:
        editing.validate_bounds(metric, ("weight", 1, ""), Bounds(high=Decimal(1100)), units=ALL)

    assert refused.value.message_dict["high"] == ["Between 0.9 and 453.6 kg, as the device measures."]


@pytest.mark.django_db
def test_units_choice_is_saved_on_user(nadia):
    units.save_units_preference(units=ALL, by=nadia)

    nadia.refresh_from_db()
    assert units.units_for(nadia) == ALL
