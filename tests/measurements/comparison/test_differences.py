"""Differences between two ranges: what is said of them, by tables of hand-computed figures."""

import pytest

from measurements.chart.panels import Series
from measurements.comparison.differences import NO_FIGURES, RangeFigures, ScopeDifference
from measurements.models import Metric
from measurements.thresholds.judgement import Judgement
from measurements.thresholds.metric_scopes import MetricScope
from measurements.units import Unit

MMHG, LB = Unit("mmHg", 0), Unit("lb", 1)


class AnyGoal:
    """Only whether there is one counts here."""


def difference(metric, unit, before, after, *, goal=True):
    lines = ("systolic", "diastolic") if metric == "blood_pressure" else (metric,)
    series = tuple(Series(label, AnyGoal() if goal else None) for label in lines)
    scope = MetricScope(Metric(code=metric, label=metric.capitalize()))
    return ScopeDifference(scope, unit, series, before, after)


def figures(unit, *values, n, out=0, more_places=0, beyond=0):
    texts = tuple(unit.format_value(value, more_places) for value in values)
    return RangeFigures(Judgement(values, texts, more_places=more_places), n, out, beyond)


@pytest.mark.parametrize(
    ("before", "after", "signed", "words"),
    [
        ((142.4, 88.0), (131.4, 80.4), "\N{MINUS SIGN}11/\N{MINUS SIGN}8", "systolic 11 lower, diastolic 8 lower"),
        ((131.0, 80.0), (131.4, 85.0), "0/+5", "systolic no difference, diastolic 5 higher"),
        ((130.5, 80.0), (130.4, 80.0), "\N{MINUS SIGN}1/0", "systolic 1 lower, diastolic no difference"),
    ],
)
def test_difference_is_that_of_the_numbers_that_are_shown(before, after, signed, words):
    found = difference("blood_pressure", MMHG, figures(MMHG, *before, n=2), figures(MMHG, *after, n=3))

    assert (found.signed_change, found.change_words) == (signed, words)


def test_difference_has_the_decimals_of_the_more_exact_average():
    found = difference("spO2", Unit("%", 0), figures(LB, 91.96, n=4, more_places=1), figures(MMHG, 94.0, n=4))

    assert found.change_words == "2.0 higher"


def test_difference_sentences_state_averages_n_and_shares_out_of_goal():
    found = difference(
        "blood_pressure",
        MMHG,
        figures(MMHG, 142.0, 88.0, n=24, out=20, beyond=1),
        figures(MMHG, 131.0, 80.0, n=26, out=9),
    )

    assert found.sentences == [
        "Average 142/88 mmHg before (n 24), 131/80 mmHg after (n 26): systolic 11 lower, diastolic 8 lower.",
        "Out of goal: 20 of 24 (83 %) before, 9 of 26 (35 %) after.",
        "Beyond the meter, in no average: 1 before, 0 after.",
    ]


def test_difference_without_readings_on_one_side_or_without_a_goal_states_only_what_there_is():
    one_side = difference("weight", LB, NO_FIGURES, figures(LB, 171.0, n=1))
    without_goal = difference("weight", LB, figures(LB, 170.0, n=1), figures(LB, 170.0, n=1), goal=False)

    assert one_side.sentences == [
        "No readings before; average 171.0 lb after (n 1).",
        "Out of goal: 0 of 1 (0 %) after.",
    ]
    assert (one_side.signed_change, without_goal.signed_change) == ("", "0.0")
    assert without_goal.sentences == ["Average 170.0 lb before (n 1), 170.0 lb after (n 1): no difference."]
