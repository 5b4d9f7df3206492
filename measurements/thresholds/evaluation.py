"""What a value is held against: the patient's own goal, else the clinic's, else the shipped default."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from django.db.models import Q

from measurements.models import Metric, Threshold
from measurements.units import VENDORS, Unit, Units
from patients.models import Patient


class Standing(StrEnum):
    """Where a value stands against its goal; `UNJUDGED` where there is no goal."""

    UNJUDGED = ""
    IN_GOAL = "in"
    LOW = "low"
    HIGH = "high"
    VERY_LOW = "very_low"
    VERY_HIGH = "very_high"

    @property
    def words(self) -> str:
        return WORDS[self]

    @property
    def arrow(self) -> str:
        return "▲" if self in HIGHS else "▼" if self in LOWS else ""

    @property
    def out(self) -> bool:
        return self in OUT

    @property
    def tone(self) -> str:
        """Of the flag that says it, where the value is out of its goal."""
        return "bad" if self in FAR_OUT else "warn"


WORDS = {
    Standing.UNJUDGED: "",
    Standing.IN_GOAL: "in goal",
    Standing.LOW: "below goal",
    Standing.HIGH: "above goal",
    Standing.VERY_LOW: "far below goal",
    Standing.VERY_HIGH: "far above goal",
}
HIGHS = frozenset({Standing.HIGH, Standing.VERY_HIGH})
LOWS = frozenset({Standing.LOW, Standing.VERY_LOW})
OUT = HIGHS | LOWS
FAR_OUT = frozenset({Standing.VERY_LOW, Standing.VERY_HIGH})
MOST_URGENT_FIRST = (
    *(Standing.VERY_LOW, Standing.VERY_HIGH, Standing.LOW, Standing.HIGH, Standing.IN_GOAL, Standing.UNJUDGED),
)
URGENCY = {standing: place for place, standing in enumerate(MOST_URGENT_FIRST)}


@dataclass(frozen=True)
class Goal:
    """Bounds in the vendor's unit. A range includes both ends; a bound that stands alone is "< high" or ">= low"."""

    low: float | None
    high: float | None
    very_low: float | None
    very_high: float | None
    scope: str
    source: str
    source_date: dt.date

    def judge(self, value: float) -> Standing:
        if self.very_low is not None and value < self.very_low:
            return Standing.VERY_LOW
        if self.very_high is not None and value > self.very_high:
            return Standing.VERY_HIGH
        if self.low is not None and value < self.low:
            return Standing.LOW
        return Standing.HIGH if self._too_high(value) else Standing.IN_GOAL

    def _too_high(self, value: float) -> bool:
        if self.high is None:
            return False
        return value >= self.high if self.low is None else value > self.high

    def words(self, unit: Unit) -> str:
        low, high = (None if bound is None else unit.plain(bound) for bound in (self.low, self.high))
        if low is not None and high is not None:
            return f"{low}\N{EN DASH}{high}"
        return f"< {high}" if high is not None else f"≥ {low}" if low is not None else ""


Key = tuple[str, int, str]


@dataclass(frozen=True)
class Goals:
    """One patient's goals by (metric, component, context)."""

    by_key: dict[Key, Goal] = field(default_factory=dict)

    def find(self, metric: str, component: int = 1, context: str = "") -> Goal | None:
        return self.by_key.get((metric, component, context)) or self.by_key.get((metric, component, ""))

    def judge(self, metric: str, values: Iterable[float | None], context: str = "") -> Standing:
        """The most urgent standing of a reading's values."""
        worst = Standing.UNJUDGED
        for component, value in enumerate(values, start=1):
            goal = self.find(metric, component, context)
            if goal and value is not None:
                worst = min(worst, goal.judge(value), key=URGENCY.__getitem__)
        return worst


def of(patient: Patient) -> Goals:
    return of_many([patient])[patient.pk]


def of_many(patients: Iterable[Patient]) -> dict[uuid.UUID, Goals]:
    """In one query, however many patients."""
    patients = list(patients)
    rows = Threshold.objects.filter(
        Q(patient__in=[patient.pk for patient in patients])
        | Q(clinic__in={patient.clinic_id for patient in patients})
        | Q(patient__isnull=True, clinic__isnull=True)
    ).order_by()
    shared: dict[int | None, dict[Key, Goal]] = defaultdict(dict)  # by clinic; the shipped ones by None
    own: dict[uuid.UUID, dict[Key, Goal]] = defaultdict(dict)
    for row in rows:
        goals = own[row.patient_id] if row.patient_id else shared[row.clinic_id]
        goals[row.metric_id, row.component, row.context] = _goal(row)
    of_clinic = {pk: shared[None] | shared[pk] for pk in {patient.clinic_id for patient in patients}}
    return {patient.pk: Goals(of_clinic[patient.clinic_id] | own.get(patient.pk, {})) for patient in patients}


def _goal(row: Threshold) -> Goal:
    return Goal(
        low=_number(row.low),
        high=_number(row.high),
        very_low=_number(row.very_low),
        very_high=_number(row.very_high),
        scope="patient" if row.patient_id else "clinic" if row.clinic_id else "default",
        source=row.source,
        source_date=row.source_date,
    )


def _number(bound: Decimal | None) -> float | None:
    return None if bound is None else float(bound)


@dataclass(frozen=True)
class PrintedGoal:
    label: str
    words: str
    unit: str
    goal: Goal


CONTEXT_WORDS = {"fasting": "fasting", "pre-prandial": "before meals", "post-prandial": "after meals"}


def printed(goals: Goals, metrics: Iterable[Metric], *, units: Units = VENDORS) -> list[PrintedGoal]:
    """As a person reads them: both bounds of a blood pressure in one line, glucose by meal where that differs."""
    return [row for metric in metrics for row in _printed_of(goals, metric, units.of(metric))]


def _printed_of(goals: Goals, metric: Metric, unit: Unit) -> Iterator[PrintedGoal]:
    first, second = goals.by_key.get((metric.pk, 1, "")), goals.by_key.get((metric.pk, 2, ""))
    if first:
        words = _paired(first, second, unit) if second else first.words(unit)
        yield PrintedGoal(metric.label, words, unit.name, first)
    yield from by_meal(goals, metric, unit)
    if gain := goals.by_key.get((metric.pk, 1, "gain")):
        yield PrintedGoal(f"{metric.label} gain", gain.words(unit.change), f"{unit.name} in 7 days", gain)


def by_meal(goals: Goals, metric: Metric, unit: Unit) -> Iterator[PrintedGoal]:
    """Goals of readings that the glucometer was told a meal of, where they are not those of all others."""
    usual = goals.by_key.get((metric.pk, 1, ""))
    meals: dict[str, list[str]] = {}
    found: dict[str, Goal] = {}
    for context, said in CONTEXT_WORDS.items():
        goal = goals.by_key.get((metric.pk, 1, context))
        if goal and not (usual and goal.words(unit) == usual.words(unit)):
            meals.setdefault(goal.words(unit), []).append(said)
            found.setdefault(goal.words(unit), goal)
    for words, said_of in meals.items():
        yield PrintedGoal(" or ".join(said_of).capitalize(), words, unit.name, found[words])


def _paired(first: Goal, second: Goal, unit: Unit) -> str:
    one_sided = first.low is None and second.low is None and first.high is not None and second.high is not None
    return f"< {first.high:g}/{second.high:g}" if one_sided else f"{first.words(unit)} over {second.words(unit)}"
