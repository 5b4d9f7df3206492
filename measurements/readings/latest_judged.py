"""The newest reading of each kind, held against its goal: what lists and the top of a patient's page show."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec
from django.db.models.fields.json import KeyTextTransform

from measurements.models import LatestReading, Metric
from measurements.thresholds.evaluation import Goals, Standing
from measurements.units import VENDORS, Unit, Units
from patients.models import Patient

IRREGULAR = "irregular_heartbeat"
COLUMNS = (
    *("patient_id", "metric_id", "taken_at", "value_1", "value_2", "estimated", "conflict", "implausible"),
    "meal_context",
)


class Latest(msgspec.Struct, frozen=True):
    """`values` in the vendor's unit: two for a blood pressure, else one. `text` is read in `unit`."""

    metric: Metric
    unit: Unit
    taken_at: dt.datetime
    values: tuple[float, ...]
    standing: Standing = Standing.UNJUDGED
    estimated: bool = False
    check: bool = False

    @property
    def text(self) -> str:
        return value_text(self.metric, self.values, self.unit)


def value_text(metric: Metric, values: Iterable[float | None], unit: Unit) -> str:
    """As it is read aloud: 163/106; 171.0; detected. Without the unit."""
    if metric.pk == IRREGULAR:
        return "detected"
    shown = [value for value in values if value is not None][: 2 if metric.has_second_value else 1]
    return "/".join(unit.text(value) for value in shown)


def of(patient: Patient, *, goals: Goals, units: Units = VENDORS) -> list[Latest]:
    """Of every metric, in the order that charts are shown."""
    return of_many([patient], goals={patient.pk: goals}, units=units)[patient.pk]


def of_many(
    patients: Iterable[Patient], *, goals: Mapping[uuid.UUID, Goals], units: Units = VENDORS
) -> dict[uuid.UUID, list[Latest]]:
    """In two queries, however many patients."""
    rows = (
        LatestReading.objects.filter(patient__in=[patient.pk for patient in patients])
        .annotate(meal_context=KeyTextTransform("meal_context", "measurement__filter_params"))
        .order_by("metric__position", "metric_id")
        .values_list(*COLUMNS)
    )
    metrics = {metric.pk: (metric, units.of(metric)) for metric in Metric.objects.order_by()}
    found: dict[uuid.UUID, list[Latest]] = defaultdict(list)
    for patient_id, metric_id, *said in rows:
        found[patient_id].append(_latest(*metrics[metric_id], goals[patient_id], *said))
    return found


def _latest(
    metric: Metric,
    unit: Unit,
    goals: Goals,
    taken_at: dt.datetime,
    first: Decimal | None,
    second: Decimal | None,
    estimated: bool,
    conflict: bool,
    implausible: bool,
    context: str | None,
) -> Latest:
    both = (first, second) if metric.has_second_value else (first,)
    values = tuple(float(value) for value in both if value is not None)
    check = conflict or implausible
    standing = Standing.UNJUDGED if check else goals.judge(metric.pk, values, context or "")
    return Latest(metric, unit, taken_at, values, standing, estimated, check)
