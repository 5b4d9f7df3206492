"""Meal contexts of glucose readings: the vendor's `meal_context`, and the words for it on pages, paper and in files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

GLUCOSE = "glucose"
FASTING, BEFORE_MEAL, AFTER_MEAL, NO_MEAL = "fasting", "pre-prandial", "post-prandial", ""
MEAL_CONTEXTS = (NO_MEAL, FASTING, BEFORE_MEAL, AFTER_MEAL)
MEAL_GOAL_LABELS = {FASTING: "fasting", BEFORE_MEAL: "before meals", AFTER_MEAL: "after meals"}
MEAL_READING_LABELS = {FASTING: "fasting", BEFORE_MEAL: "before a meal", AFTER_MEAL: "after a meal"}
MAX_UNKNOWN_CONTEXT_LETTERS = 24


def stated_meal_context(filter_params: Mapping[str, Any]) -> str:
    """The vendor's word, known or not; empty where the meter stated none."""
    context = filter_params.get("meal_context")
    return context if isinstance(context, str) else NO_MEAL


def describe_meal(metric: str, context: str) -> str:
    """fasting, before a meal, after a meal; another word of the vendor as it is; empty for any metric but glucose."""
    if metric != GLUCOSE or not any(map(str.isalpha, context)):
        return ""
    return MEAL_READING_LABELS.get(context, context[:MAX_UNKNOWN_CONTEXT_LETTERS])
