"""Metric scopes: every reading belongs to one, and its goal is the scope's."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measurements.models import Metric
from measurements.thresholds.evaluation import EffectiveThreshold, PatientThresholds
from measurements.thresholds.metric_scopes import split_by_meal

GLUCOSE = Metric(code="glucose", label="Glucose")
CONTEXTS = ("", "fasting", "pre-prandial", "post-prandial", "Bedtime")


def goal(low, high):
    return EffectiveThreshold(low, high, None, None, "patient", "", dt.date(2026, 11, 1))


def glucose_goals(goals):
    return PatientThresholds({("glucose", 1, context): goal(*bounds) for context, bounds in goals.items()})


@given(
    contexts=st.lists(st.sampled_from(CONTEXTS)),
    goals=st.dictionaries(st.sampled_from(CONTEXTS[:4]), st.sampled_from([(70, 180), (80, 130), (70, 95)])),
)
@settings(max_examples=60)
def test_split_by_meal_gives_each_reading_one_scope_with_its_own_goal(contexts, goals):
    thresholds = glucose_goals(goals)

    scopes = split_by_meal(GLUCOSE, contexts, thresholds)

    assert len({scope.key for scope in scopes}) == len({scope.label for scope in scopes}) == len(scopes) >= 1
    for context in contexts:
        (scope,) = (each for each in scopes if each.includes(context))
        judged = thresholds.find_threshold("glucose", 1, context)
        drawn = scope.find_threshold(thresholds)
        assert (drawn and drawn.low, drawn and drawn.high) == (judged and judged.low, judged and judged.high)


def test_split_by_meal_joins_fasting_and_before_meals_only_while_one_goal_judges_both():
    stated = ["fasting", "pre-prandial", "post-prandial", ""]
    shipped = {"": (70, 180), "fasting": (80, 130), "pre-prandial": (80, 130), "post-prandial": (70, 180)}

    together = split_by_meal(GLUCOSE, stated, glucose_goals(shipped))
    apart = split_by_meal(GLUCOSE, stated, glucose_goals(shipped | {"fasting": (70, 95)}))

    assert [scope.label for scope in together] == [
        "Glucose, fasting or before meals",
        "Glucose, after meals",
        "Glucose, no meal stated",
    ]
    assert [scope.label for scope in apart][:2] == ["Glucose, fasting", "Glucose, before meals"]


@pytest.mark.parametrize(
    ("contexts", "label"),
    [
        (["bedtime"], "other or no meal stated"),
        (["", "snack"], "other or no meal stated"),
        (["", "1", "-"], "no meal stated"),  # no words that a page could show
    ],
)
def test_split_by_meal_names_scope_of_other_words_for_what_it_holds(contexts, label):
    scopes = split_by_meal(GLUCOSE, ["fasting", *contexts], glucose_goals({}))

    assert [scope.meal_label for scope in scopes] == ["fasting or before meals", label]
    assert [scope.context for scope in scopes] == ["fasting", ""]


def test_split_by_meal_without_stated_meals_is_the_whole_metric():
    assert [scope.label for scope in split_by_meal(GLUCOSE, ["", "Bedtime"], glucose_goals({}))] == ["Glucose"]
