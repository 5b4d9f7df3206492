"""Latest readings per metric with their threshold status, for lists and the patient page."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec
from django.db.models.fields.json import KeyTextTransform

from measurements.meal_contexts import describe_meal
from measurements.models import LatestReading, Measurement, Metric
from measurements.thresholds.evaluation import PatientThresholds, ThresholdStatus
from measurements.units import VENDOR_UNITS, DisplayUnits, Unit
from patients.models import Patient

IRREGULAR_HEARTBEAT = "irregular_heartbeat"
LATEST_READING_FIELDS = (
    *("patient_id", "metric_id", "taken_at", "value_1", "value_2", "estimated", "conflict", "implausible"),
    "meal_context",
)


class EvaluatedLatestReading(msgspec.Struct, frozen=True):
    """`values` in the vendor's unit: two for a blood pressure, else one. `text` is in `unit`, with the meal."""

    metric: Metric
    unit: Unit
    taken_at: dt.datetime
    values: tuple[float, ...]
    threshold_status: ThresholdStatus = ThresholdStatus.NOT_EVALUATED
    estimated: bool = False
    needs_check: bool = False
    meal_context: str = ""

    @property
    def text(self) -> str:
        return format_reading_value(self.metric, self.values, self.unit, self.meal_context)


def format_reading_value(metric: Metric, values: Iterable[float | None], unit: Unit, meal_context: str = "") -> str:
    """163/106; 171.0; 148 fasting; detected. Without the unit."""
    if metric.pk == IRREGULAR_HEARTBEAT:
        return "detected"
    shown = [value for value in values if value is not None][: 2 if metric.has_second_value else 1]
    text = "/".join(unit.format_value(value) for value in shown)
    return " ".join(filter(None, (text, describe_meal(metric.pk, meal_context))))


def evaluate_reading(
    reading: Measurement, thresholds: PatientThresholds
) -> tuple[tuple[float, float | None], ThresholdStatus]:
    """Its values in the vendor's unit, and their status; `NOT_EVALUATED` unless `EVALUABLE` holds."""
    metric = reading.metric
    second = float(reading.value_2) if metric.has_second_value and reading.value_2 is not None else None
    values = (float(reading.value_1), second)
    if not reading.is_evaluable:
        return values, ThresholdStatus.NOT_EVALUATED
    return values, thresholds.evaluate(metric.pk, values, reading.meal_context)


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
    first: Decimal | None,
    second: Decimal | None,
    estimated: bool,
    conflict: bool,
    implausible: bool,
    context: str | None,
) -> EvaluatedLatestReading:
    both = (first, second) if metric.has_second_value else (first,)
    values = tuple(float(value) for value in both if value is not None)
    check = conflict or implausible
    status = ThresholdStatus.NOT_EVALUATED if check else thresholds.evaluate(metric.pk, values, context or "")
    return EvaluatedLatestReading(metric, unit, taken_at, values, status, estimated, check, context or "")
