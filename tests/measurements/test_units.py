"""Pounds or kilograms, mg/dL or mmol/L, °F or °C: what is shown, and that what is kept never drifts."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurements import units
from measurements.chart import axes
from measurements.models import Metric
from measurements.thresholds import editing, evaluation
from measurements.thresholds.editing import Bounds, Offer
from measurements.thresholds.evaluation import Goal
from measurements.units import OTHERS, VENDORS, Unit, Units

KG, MMOL, CELSIUS = OTHERS["lb"], OTHERS["mg/dL"], OTHERS["°F"]
ALL = Units.read("kg,mmol/L,°C")
cents = st.decimals(Decimal(-50), Decimal(1500), places=2)
typed = st.decimals(Decimal("0.01"), Decimal(600), places=2)


@pytest.mark.parametrize(
    ("unit", "kept", "text"),
    [
        (KG, 171.04, "77.6"),
        (KG, 220.462262, "100.0"),
        (MMOL, 54, "3.0"),
        (MMOL, 180, "10.0"),
        (CELSIUS, 98.6, "37.0"),
        (CELSIUS, 100.4, "38.0"),
        (CELSIUS, 14, "-10.0"),
        (KG.change, 3, "1.4"),
        (CELSIUS.change, 1.8, "1.0"),  # a difference has no zero
        (Unit("bpm", 0), 77.0, "77"),
    ],
)
def test_values_worked_out_by_hand(unit, kept, text):
    assert unit.text(kept) == text


@given(typed, st.sampled_from([KG, MMOL, CELSIUS, KG.change]))
def test_what_is_typed_is_shown_again_as_typed(value, unit):
    assert unit.exact(unit.kept(value)) == value


@given(cents, st.sampled_from([*OTHERS.values(), KG.change, Unit("lb", 1)]), st.integers(1, 5))
def test_saving_a_form_again_and_again_moves_no_bound(bound, unit, times):
    row = evaluation.Threshold(high=bound)
    offer = Offer(("weight", 1, ""), Metric(code="weight"), unit, row, row, shipped=row)

    for _ in range(times):
        row.high = offer.kept(offer.shown(offer.bounds)).high

    assert row.high == bound


@given(cents, cents, st.sampled_from([KG, MMOL, CELSIUS]))
def test_the_order_of_values_stays(one, other, unit):
    assert (unit.shown(float(one)) < unit.shown(float(other))) is (one < other)


def test_a_choice_is_one_of_each_pair_and_nonsense_is_none():
    assert VENDORS.with_one("kg").with_one("°C").code == "kg,°C"
    assert VENDORS.with_one("kg").with_one("lb") == VENDORS
    assert VENDORS.with_one("stone") == Units.read("stone,<b>") == Units.read(None) == Units.read(7) == VENDORS


def test_only_metrics_that_come_in_a_known_unit_are_converted():
    assert ALL.of(Metric(code="weight", unit="lb", decimals=1)) == KG
    assert ALL.of(Metric(code="spO2", unit="%", decimals=0)) == Unit("%", 0)
    assert VENDORS.of(Metric(code="glucose", unit="mg/dL", decimals=0)) == Unit("mg/dL", 0)


@pytest.mark.parametrize(
    ("low", "high", "unit", "words"),
    [
        (80, 130, MMOL, "4.4\N{EN DASH}7.2"),
        (None, 100.4, CELSIUS, "< 38"),
        (None, 100.4, Unit("°F", 1), "< 100.4"),
        (None, 3, KG.change, "< 1.4"),
        (92, None, Unit("%", 0), "≥ 92"),
    ],
)
def test_goals_are_said_in_the_unit(low, high, unit, words):
    assert Goal(low, high, None, None, "default", "", None).words(unit) == words


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
def test_axes_have_round_limits_in_every_unit(code, unit, values, limits):
    assert axes.limits(code, values, unit=unit) == limits


def test_a_bound_out_of_the_instruments_range_is_refused_in_the_persons_unit():
    metric = Metric(code="weight", unit="lb", decimals=1, lowest_1=Decimal(2), highest_1=Decimal(1000))

    with pytest.raises(editing.ValidationError) as refused:
        editing.check(metric, ("weight", 1, ""), Bounds(high=Decimal(1100)), units=ALL)

    assert refused.value.message_dict["high"] == ["Between 0.9 and 453.6 kg, as the device measures."]


@pytest.mark.django_db
def test_the_choice_is_kept_with_the_person(nadia):
    units.choose(units=ALL, by=nadia)

    nadia.refresh_from_db()
    assert units.of(nadia) == ALL
