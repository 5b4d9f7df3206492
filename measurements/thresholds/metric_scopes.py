"""Metric scopes: a metric and, for glucose, the meal contexts that one goal judges.

A scope is what one chart panel, row of a report or alert rule is about: it has one goal, one average and one n.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from measurements.meal_contexts import AFTER_MEAL, BEFORE_MEAL, FASTING, MEAL_GOAL_LABELS, NO_MEAL, describe_meal
from measurements.models import Metric
from measurements.thresholds.evaluation import EffectiveThreshold, PatientThresholds

# Contexts of one group share a scope while their goals are equal.
MEAL_GROUPS = ((FASTING, BEFORE_MEAL), (AFTER_MEAL,), (NO_MEAL,))


@dataclass(frozen=True)
class MetricScope:
    """`meals` are the meal contexts of its readings; None: all readings of the metric, because none states a meal.

    `has_other_meals`: among those without a known context are readings that state another one, such as bedtime.
    """

    metric: Metric
    meals: tuple[str, ...] | None = None
    has_other_meals: bool = False

    @property
    def context(self) -> str:
        """The meal context whose goal judges its readings and their average."""
        return self.meals[0] if self.meals else NO_MEAL

    @property
    def key(self) -> str:
        """Unique among the scopes of a patient: glucose, glucose-fasting, glucose-post-prandial."""
        return "-".join(filter(None, (self.metric.pk, self.context)))

    @property
    def label(self) -> str:
        """Glucose; Glucose, fasting or before meals; Glucose, other or no meal stated."""
        return ", ".join(filter(None, (self.metric.label, self.meal_label)))

    @property
    def meal_label(self) -> str:
        """fasting or before meals; other or no meal stated; empty where no reading states a known one."""
        without = "other or no meal stated" if self.has_other_meals else "no meal stated"
        return " or ".join(MEAL_GOAL_LABELS.get(meal, without) for meal in self.meals or ())

    def includes(self, context: str) -> bool:
        """A context that is none of the known ones is with those without a meal: the general goal judges both."""
        return self.meals is None or (context if context in MEAL_GOAL_LABELS else NO_MEAL) in self.meals

    def find_threshold(self, thresholds: PatientThresholds, component: int = 1) -> EffectiveThreshold | None:
        return thresholds.find_threshold(self.metric.pk, component, self.context)


def split_by_meal(metric: Metric, contexts: Iterable[str], thresholds: PatientThresholds) -> list[MetricScope]:
    """The scopes of readings with these meal contexts: fasting and before meals, after meals, other or no meal stated.

    Fasting and before meals are two scopes for a patient whose goals for them differ.
    """
    found = set(contexts)
    if not found & MEAL_GOAL_LABELS.keys():
        return [MetricScope(metric)]
    has_others = any(describe_meal(metric.pk, context) for context in found - MEAL_GOAL_LABELS.keys())
    scopes = [
        MetricScope(metric, meals, has_others and NO_MEAL in meals)
        for group in MEAL_GROUPS
        for meals in group_by_goal(metric, group, thresholds)
    ]
    return [scope for scope in scopes if any(map(scope.includes, found))]


def group_by_goal(metric: Metric, meals: Iterable[str], thresholds: PatientThresholds) -> Iterable[tuple[str, ...]]:
    by_bounds: dict[tuple[float | None, ...] | None, tuple[str, ...]] = {}
    for meal in meals:
        goal = thresholds.find_threshold(metric.pk, 1, meal)
        bounds = (goal.very_low, goal.low, goal.high, goal.very_high) if goal else None
        by_bounds[bounds] = (*by_bounds.get(bounds, ()), meal)
    return by_bounds.values()
