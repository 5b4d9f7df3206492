"""Threshold evaluation: a value against the patient's threshold, else the clinic's, else the shipped default."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from django.db.models import Q

from measurements.meal_contexts import MEAL_GOAL_LABELS
from measurements.models import Metric, Threshold
from measurements.units import VENDOR_UNITS, DisplayUnits, Unit
from patients.models import Patient


class ThresholdStatus(StrEnum):
    """The status of a value against its threshold: which bound it crosses. `NOT_EVALUATED` without a threshold."""

    NOT_EVALUATED = ""
    IN_RANGE = "in"
    LOW = "low"
    HIGH = "high"
    VERY_LOW = "very_low"
    VERY_HIGH = "very_high"

    def words(self, range_name: str) -> str:
        """Above goal; far below expected range."""
        return STATUS_WORDS[self].format(range_name)

    @property
    def arrow(self) -> str:
        return ABOVE_ARROW if self in ABOVE_STATUSES else BELOW_ARROW if self in BELOW_STATUSES else ""

    @property
    def direction(self) -> str:
        return "down" if self in BELOW_STATUSES else "up"

    @property
    def is_out_of_range(self) -> bool:
        return self in OUT_OF_RANGE_STATUSES

    @property
    def is_far_out(self) -> bool:
        return self in FAR_OUT_STATUSES

    @property
    def tone(self) -> str:
        """Tone of the flag of a value out of range."""
        return "bad" if self in FAR_OUT_STATUSES else "warn"


ABOVE_ARROW, BELOW_ARROW = "▲", "▼"
STATUS_WORDS = {
    ThresholdStatus.NOT_EVALUATED: "",
    ThresholdStatus.IN_RANGE: "in {}",
    ThresholdStatus.LOW: "below {}",
    ThresholdStatus.HIGH: "above {}",
    ThresholdStatus.VERY_LOW: "far below {}",
    ThresholdStatus.VERY_HIGH: "far above {}",
}
# A pulse or a temperature is not aimed at.
RANGE_NAMES = {"pulse": "expected range", "temperature": "expected range"}
GAIN_CONTEXT = "gain"
LEAST_DIFFERENCE = 1e-8  # of two numbers that are shown
FLOAT_ERROR_PLACES = 9  # a difference of two weights is exact to so many decimals
ABOVE_STATUSES = frozenset({ThresholdStatus.HIGH, ThresholdStatus.VERY_HIGH})
BELOW_STATUSES = frozenset({ThresholdStatus.LOW, ThresholdStatus.VERY_LOW})
OUT_OF_RANGE_STATUSES = ABOVE_STATUSES | BELOW_STATUSES
FAR_OUT_STATUSES = frozenset({ThresholdStatus.VERY_LOW, ThresholdStatus.VERY_HIGH})
STATUSES_BY_URGENCY = (
    *(
        ThresholdStatus.VERY_LOW,
        ThresholdStatus.VERY_HIGH,
        ThresholdStatus.LOW,
        ThresholdStatus.HIGH,
        ThresholdStatus.IN_RANGE,
        ThresholdStatus.NOT_EVALUATED,
    ),
)
URGENCY_RANKS = {status: rank for rank, status in enumerate(STATUSES_BY_URGENCY)}


@dataclass(frozen=True)
class EffectiveThreshold:
    """Bounds in the vendor's unit. A range includes both ends; a single bound means "< high" or ">= low"."""

    low: float | None
    high: float | None
    very_low: float | None
    very_high: float | None
    scope: str
    source: str
    source_date: dt.date

    def evaluate(self, value: float) -> ThresholdStatus:
        value = round(value, FLOAT_ERROR_PLACES)
        if self.very_low is not None and value < self.very_low:
            return ThresholdStatus.VERY_LOW
        if self.very_high is not None and value > self.very_high:
            return ThresholdStatus.VERY_HIGH
        if self.low is not None and value < self.low:
            return ThresholdStatus.LOW
        return ThresholdStatus.HIGH if self.is_above_high(value) else ThresholdStatus.IN_RANGE

    def is_above_high(self, value: float) -> bool:
        if self.high is None:
            return False
        return value >= self.high if self.low is None else value > self.high

    def rounded_in(self, unit: Unit, more_places: int = 0) -> EffectiveThreshold:
        """With the bounds as the numbers that are shown in `unit`."""
        if not unit.is_converted:
            return self
        bounds = (self.low, self.high, self.very_low, self.very_high)
        low, high, very_low, very_high = (
            None if bound is None else unit.round_bound(bound, more_places) for bound in bounds
        )
        if low is None and high is not None and self.high is not None and unit.rounds_down(self.high, more_places):
            high += LEAST_DIFFERENCE  # "≤"
        if high is None and low is not None and self.low is not None and unit.rounds_down(self.low, more_places):
            low += LEAST_DIFFERENCE  # ">"
        return replace(self, low=low, high=high, very_low=very_low, very_high=very_high)

    def format_range(self, unit: Unit, more_places: int = 0) -> str:
        """4.4-7.2; < 1.4. Less than 0.907 is shown as "≤ 0.9", so that the numbers on both sides agree with it."""
        low, high = (
            None if bound is None else unit.format_bound(bound, more_places) for bound in (self.low, self.high)
        )
        if self.low is not None and self.high is not None:
            return f"{low} to {high}" if self.low < 0 else f"{low}\N{EN DASH}{high}"
        if self.high is not None:
            return f"{'≤' if unit.rounds_down(self.high, more_places) else '<'} {high}"
        return f"{'>' if unit.rounds_down(self.low, more_places) else '≥'} {low}" if self.low is not None else ""


ThresholdKey = tuple[str, int, str]


def range_name(metric: str) -> str:
    """What pages call the threshold of a metric: goal, or the expected range of pulse and temperature."""
    return RANGE_NAMES.get(metric, "goal")


@dataclass(frozen=True)
class PatientThresholds:
    """One patient's thresholds by (metric, component, context)."""

    by_key: dict[ThresholdKey, EffectiveThreshold] = field(default_factory=dict)

    def find_threshold(self, metric: str, component: int = 1, context: str = "") -> EffectiveThreshold | None:
        """Of the meal context, else the general one. A gain is never compared with a bound of the weight itself."""
        found = self.by_key.get((metric, component, context))
        return found if found or context == GAIN_CONTEXT else self.by_key.get((metric, component, ""))

    def evaluate(self, metric: str, values: Iterable[float | None], context: str = "") -> ThresholdStatus:
        """The most urgent status of a reading's values."""
        worst = ThresholdStatus.NOT_EVALUATED
        for component, value in enumerate(values, start=1):
            goal = self.find_threshold(metric, component, context)
            if goal and value is not None:
                worst = min(worst, goal.evaluate(value), key=URGENCY_RANKS.__getitem__)
        return worst


def thresholds_for(patient: Patient) -> PatientThresholds:
    return thresholds_for_many([patient])[patient.pk]


def thresholds_for_many(patients: Iterable[Patient]) -> dict[uuid.UUID, PatientThresholds]:
    """In one query, however many patients."""
    patients = list(patients)
    rows = Threshold.objects.filter(
        Q(patient__in=[patient.pk for patient in patients])
        | Q(clinic__in={patient.clinic_id for patient in patients})
        | Q(patient__isnull=True, clinic__isnull=True)
    ).order_by()
    shared: dict[int | None, dict[ThresholdKey, EffectiveThreshold]] = defaultdict(
        dict
    )  # by clinic, the shipped ones by None
    own: dict[uuid.UUID, dict[ThresholdKey, EffectiveThreshold]] = defaultdict(dict)
    for row in rows:
        goals = own[row.patient_id] if row.patient_id else shared[row.clinic_id]
        goals[row.metric_id, row.component, row.context] = build_effective_threshold(row)
    of_clinic = {pk: shared[None] | shared[pk] for pk in {patient.clinic_id for patient in patients}}
    return {
        patient.pk: PatientThresholds(of_clinic[patient.clinic_id] | own.get(patient.pk, {})) for patient in patients
    }


def build_effective_threshold(row: Threshold) -> EffectiveThreshold:
    return EffectiveThreshold(
        low=optional_float(row.low),
        high=optional_float(row.high),
        very_low=optional_float(row.very_low),
        very_high=optional_float(row.very_high),
        scope="patient" if row.patient_id else "clinic" if row.clinic_id else "default",
        source=row.source,
        source_date=row.source_date,
    )


def optional_float(bound: Decimal | None) -> float | None:
    return None if bound is None else float(bound)


@dataclass(frozen=True)
class ThresholdDescription:
    label: str
    range_text: str
    unit: str
    threshold: EffectiveThreshold


def describe_thresholds(
    thresholds: PatientThresholds, metrics: Iterable[Metric], *, units: DisplayUnits = VENDOR_UNITS
) -> list[ThresholdDescription]:
    """For display: both values of a blood pressure in one line, glucose by meal context where that differs."""
    return [row for metric in metrics for row in describe_metric_thresholds(thresholds, metric, units.unit_for(metric))]


def describe_metric_thresholds(
    thresholds: PatientThresholds, metric: Metric, unit: Unit
) -> Iterator[ThresholdDescription]:
    first, second = thresholds.by_key.get((metric.pk, 1, "")), thresholds.by_key.get((metric.pk, 2, ""))
    if first:
        words = format_paired_range(first, second, unit) if second else first.format_range(unit)
        yield ThresholdDescription(metric.label, words, unit.name, first)
    yield from describe_meal_thresholds(thresholds, metric, unit)
    if gain := thresholds.by_key.get((metric.pk, 1, GAIN_CONTEXT)):
        yield ThresholdDescription(
            f"{metric.label} gain", gain.format_range(unit.for_differences), f"{unit.name} over usual weight", gain
        )


def describe_meal_thresholds(
    thresholds: PatientThresholds, metric: Metric, unit: Unit
) -> Iterator[ThresholdDescription]:
    """Thresholds by meal context, where they differ from the general one."""
    usual = thresholds.by_key.get((metric.pk, 1, ""))
    meals: dict[str, list[str]] = {}
    found: dict[str, EffectiveThreshold] = {}
    for context, label in MEAL_GOAL_LABELS.items():
        goal = thresholds.by_key.get((metric.pk, 1, context))
        if goal and not (usual and goal.format_range(unit) == usual.format_range(unit)):
            meals.setdefault(goal.format_range(unit), []).append(label)
            found.setdefault(goal.format_range(unit), goal)
    for words, labels in meals.items():
        yield ThresholdDescription(" or ".join(labels).capitalize(), words, unit.name, found[words])


def format_paired_range(first: EffectiveThreshold, second: EffectiveThreshold, unit: Unit) -> str:
    if first.low is None and second.low is None and first.high is not None and second.high is not None:
        return f"< {unit.format_bound(first.high)}/{unit.format_bound(second.high)}"
    return f"{first.format_range(unit)} over {second.format_range(unit)}"
