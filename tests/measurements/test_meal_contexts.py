"""Meal contexts in words."""

import pytest

from measurements.meal_contexts import describe_meal, stated_meal_context


@pytest.mark.parametrize(
    ("metric", "context", "words"),
    [
        ("glucose", "fasting", "fasting"),
        ("glucose", "pre-prandial", "before a meal"),
        ("glucose", "post-prandial", "after a meal"),
        ("glucose", "Bedtime snack, about an hour before sleep", "Bedtime snack, about an "),
        ("glucose", "", ""),
        ("glucose", "1", ""),
        ("weight", "fasting", ""),
    ],
)
def test_meal_is_described_for_glucose_only_and_unknown_words_as_they_are(metric, context, words):
    assert describe_meal(metric, context) == words


@pytest.mark.parametrize("params", [{}, {"meal_context": None}, {"meal_context": 3}, {"meal_context": ["fasting"]}])
def test_meal_context_that_is_no_text_is_not_stated(params):
    assert stated_meal_context(params) == ""
