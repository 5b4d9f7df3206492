"""Latest readings per metric with their threshold status, for lists and the patient page."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec
from django.db.models.fields.json import KeyTextTransform

from measurements.models import LatestReading, Measurement, Metric
from measurements.thresholds.evaluation import PatientThresholds, ThresholdStatus
from measurements.thresholds.judgement import NO_THRESHOLDS, Judgement, judge
from measurements.units import VENDOR_UNITS, DisplayUnits, Unit
from patients.models import Patient

LATEST_READING_FIELDS = (
    *("patient_id", "metric_id", "taken_at", "value_1", "value_2", "estimated", "conflict", "implausible"),
    "meal_context",
)


class EvaluatedLatestReading(msgspec.Struct, frozen=True):
    """Judged in `unit`."""

    metric: Metric
    unit: Unit
    taken_at: dt.datetime
    judgement: Judgement
    estimated: bool = False
    needs_check: bool = False

    @property
    def values(self) -> tuple[float, ...]:
        return self.judgement.values

    @property
    def text(self) -> str:
        return self.judgement.text

    @property
    def words(self) -> str:
        return self.judgement.words

    @property
    def threshold_status(self) -> ThresholdStatus:
        return self.judgement.status


def judge_reading(
    reading: Measurement, thresholds: PatientThresholds, unit: Unit, *, more_places: int = 0
) -> Judgement:
    """Its text in `unit`, and its status and words if `EVALUABLE` holds."""
    bounds = thresholds if reading.is_evaluable else NO_THRESHOLDS
    values = reading_values(reading.metric, reading.value_1, reading.value_2)
    return judge(reading.metric, values, unit, bounds, context=reading.meal_context, more_places=more_places)


def reading_values(metric: Metric, first: Decimal, second: Decimal | None) -> tuple[float, ...]:
    """In the vendor's unit: two for a blood pressure, else one. A second value without meaning is left out."""
    if metric.has_second_value and second is not None:
        return float(first), float(second)
    return (float(first),)


def latest_readings(
    patient: Patient, *, thresholds: PatientThresholds, units: DisplayUnits = VENDOR_UNITS
) -> list[EvaluatedLatestReading]:
    """Of every metric, in the order of the charts."""
    return latest_readings_for_many([patient], thresholds={patient.pk: thresholds}, units=units)[patient.pk]


def latest_readings_for_many(
    patients: Iterable[Patient],
    *,
    thresholds: Mapping[uuid.UUID, PatientThresholds],
    units: DisplayUnits = VENDOR_UNITS,
) -> dict[uuid.UUID, list[EvaluatedLatestReading]]:
    """In two queries, however many patients."""
    rows = (
        LatestReading.objects.filter(patient__in=[patient.pk for patient in patients])
        .annotate(meal_context=KeyTextTransform("meal_context", "measurement__filter_params"))
        .order_by("metric__position", "metric_id")
        .values_list(*LATEST_READING_FIELDS)
    )
    metrics = {metric.pk: (metric, units.unit_for(metric)) for metric in Metric.objects.order_by()}
    found: dict[uuid.UUID, list[EvaluatedLatestReading]] = defaultdict(list)
    for patient_id, metric_id, *fields in rows:
        found[patient_id].append(evaluate_latest_reading(*metrics[metric_id], thresholds[patient_id], *fields))
    return found


def evaluate_latest_reading(
    metric: Metric,
    unit: Unit,
    thresholds: PatientThresholds,
    taken_at: dt.datetime,
    first: Decimal,
    second: Decimal | None,
    estimated: bool,
    conflict: bool,
    implausible: bool,
    context: str | None,
) -> EvaluatedLatestReading:
    check = conflict or implausible
    bounds = NO_THRESHOLDS if check else thresholds
    found = judge(metric, reading_values(metric, first, second), unit, bounds, context=context or "")
    return EvaluatedLatestReading(metric, unit, taken_at, found, estimated, check)
