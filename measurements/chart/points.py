"""The readings behind a chart: fetched from the chart's index alone, paired, and made into plain numbers."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, partial
from operator import itemgetter
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import FloatField, Func, QuerySet
from django.db.models.functions import Cast

from measurements.models import Measurement
from measurements.thresholds.evaluation import PatientThresholds, ThresholdStatus
from patients.models import Patient

PULSE, IRREGULAR_HEARTBEAT, GLUCOSE = "pulse", "irregular_heartbeat", "glucose"


class ChartRow(NamedTuple):
    """What the index holds of one reading."""

    metric: str
    pk: int
    device: int
    measurement_index: int  # measurement index
    estimated: bool
    conflict: bool
    implausible: bool
    taken_at: dt.datetime
    value_1: float
    value_2: float | None


# Years are ten thousand rows: numbers cross the driver in a third of the time that datetimes and decimals take.
TAKEN_AT_SECONDS = Func("taken_at", template="extract(epoch FROM %(expressions)s)::float8", output_field=FloatField())
CHART_ROW_FIELDS = (
    *("metric_id", "pk", "device_id", "index", "estimated", "conflict", "implausible"),
    *(TAKEN_AT_SECONDS, Cast("value_1", FloatField()), Cast("value_2", FloatField())),
)
ReadingGroupKey = tuple[int, dt.datetime, int]
# One physical reading: what one device took at one time, such as a blood pressure and its pulse.
reading_group_key = itemgetter(*(ChartRow._fields.index(name) for name in ("device", "taken_at", "measurement_index")))


@dataclass(slots=True)  # not frozen: years are ten thousand of them, and each would take three times as long
class ChartPoint:
    """One reading of a chart; `values` has one number per line, in the vendor's unit."""

    at: dt.datetime
    values: tuple[float, ...]
    estimated: bool = False
    needs_check: bool = False
    irregular: bool = False
    context: str = ""
    pulse: float | None = None
    threshold_status: ThresholdStatus = ThresholdStatus.NOT_EVALUATED
    left_out: bool = False  # excluded by a person, or a test of the meter: shown on demand, never counted
    pk: int = field(default=0, compare=False)


def fetch_chart_rows(
    patient: Patient, *, codes: Iterable[str], start: dt.datetime, end: dt.datetime
) -> dict[str, list[ChartRow]]:
    """By metric, oldest first. Without excluded and control readings; probable duplicates count once, so not twice."""
    found = (
        Measurement.objects.filter(patient=patient, metric__in=codes)
        .between(start, end)
        .counted()
        .order_by("metric_id", "taken_at", "pk")
    )
    return fetch_rows_by_metric(found)


def fetch_left_out_rows(
    patient: Patient, *, codes: Iterable[str], start: dt.datetime, end: dt.datetime
) -> dict[str, list[ChartRow]]:
    """The excluded and the control readings alone, by metric, oldest first."""
    found = Measurement.objects.filter(patient=patient, metric__in=codes).between(start, end).left_out()
    return fetch_rows_by_metric(found.order_by("metric_id", "taken_at", "pk"))


def fetch_rows_by_metric(found: QuerySet[Measurement, Any]) -> dict[str, list[ChartRow]]:
    """Past the ORM, which would look at every number again."""
    rows: dict[str, list[ChartRow]] = defaultdict(list)
    try:
        query, values = found.values_list(*CHART_ROW_FIELDS).query.sql_with_params()
    except EmptyResultSet:  # of no metric
        return rows
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        for metric, pk, device, nth, estimated, conflict, implausible, seconds, *values in cursor.fetchall():
            at = dt.datetime.fromtimestamp(seconds, dt.UTC)
            rows[metric].append(ChartRow(metric, pk, device, nth, estimated, conflict, implausible, at, *values))
    return rows


def fetch_meal_contexts(patient: Patient, *, start: dt.datetime, end: dt.datetime) -> dict[int, str]:
    """By reading: `fasting`, `pre-prandial` or `post-prandial`, where the glucometer said so."""
    rows = Measurement.objects.filter(patient=patient, metric=GLUCOSE, filter_params__has_key="meal_context")
    found = rows.between(start, end).values_list("pk", "filter_params__meal_context")
    return {pk: str(context) for pk, context in found}


@dataclass(frozen=True)
class CompanionReadings:
    """What travels with the reading of the same moment: its pulse, and that the heartbeat was irregular."""

    pulses: dict[ReadingGroupKey, float]
    irregular: set[ReadingGroupKey]

    @classmethod
    def from_rows(cls, rows: dict[str, list[ChartRow]]) -> CompanionReadings:
        pulses = {reading_group_key(row): row.value_1 for row in rows.get(PULSE, ())}
        return cls(pulses, set(map(reading_group_key, rows.get(IRREGULAR_HEARTBEAT, ()))))


def build_points(
    code: str,
    rows: Iterable[ChartRow],
    *,
    series_count: int,
    companions: CompanionReadings,
    contexts: dict[int, str],
    thresholds: PatientThresholds,
) -> list[ChartPoint]:
    """A pulse is no companion of itself."""
    pulses = companions.pulses if code != PULSE else {}
    judge = cache(partial(thresholds.evaluate, code))  # most values come again and again
    points = []
    for row in rows:
        _, pk, _, _, estimated, conflict, implausible, at, first, second = row
        values = (first,) if series_count == 1 else (first, second or 0.0)
        moment, context = reading_group_key(row), contexts.get(pk, "")
        points.append(
            ChartPoint(
                at,
                values,
                estimated=estimated,
                needs_check=conflict or implausible,
                irregular=moment in companions.irregular,
                context=context,
                pulse=pulses.get(moment),
                threshold_status=judge(values, context),
                pk=pk,
            )
        )
    return points


def build_left_out_points(code: str, rows: dict[str, list[ChartRow]], *, series_count: int) -> list[ChartPoint]:
    """Never held against a goal: nobody knows whose values these are."""
    return [
        ChartPoint(
            at=row.taken_at,
            values=series_values(row, series_count),
            estimated=row.estimated,
            needs_check=True,
            left_out=True,
            pk=row.pk,
        )
        for row in rows.get(code, ())
    ]


def series_values(row: ChartRow, series_count: int) -> tuple[float, ...]:
    return (row.value_1,) if series_count == 1 else (row.value_1, row.value_2 or 0.0)
