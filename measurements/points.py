"""The readings behind a chart: fetched from the chart's index alone, paired, and made into plain numbers."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Q

from measurements.goals import Goals, Standing
from measurements.models import Measurement
from patients.models import Patient

PULSE, IRREGULAR, GLUCOSE = "pulse", "irregular_heartbeat", "glucose"


class Row(NamedTuple):
    """What the index holds of one reading, in its order."""

    pk: int
    metric: str
    taken_at: dt.datetime
    value_1: Decimal
    value_2: Decimal | None
    nth: int  # measurement index
    device: int
    estimated: bool
    conflict: bool
    implausible: bool

    @property
    def moment(self) -> Moment:
        return (self.device, self.taken_at, self.nth)


COLUMNS = (
    *("pk", "metric_id", "taken_at", "value_1", "value_2", "index", "device_id"),
    *("estimated", "conflict", "implausible"),
)
# One physical reading: what one device took at one time, such as a blood pressure and its pulse.
Moment = tuple[int, dt.datetime, int]


@dataclass(frozen=True, slots=True)
class Point:
    """One reading of a chart; `values` has one number per line, in the vendor's unit."""

    at: dt.datetime
    values: tuple[float, ...]
    estimated: bool = False
    check: bool = False
    irregular: bool = False
    context: str = ""
    pulse: float | None = None
    standing: Standing = Standing.UNJUDGED
    left_out: bool = False  # excluded by a person, or a test of the meter: shown on demand, never counted
    pk: int = field(default=0, compare=False)


def rows_of(patient: Patient, *, codes: Iterable[str], start: dt.datetime, end: dt.datetime) -> dict[str, list[Row]]:
    """By metric, oldest first. Without excluded and control readings; probable duplicates count once, so not twice."""
    found = (
        Measurement.objects.filter(patient=patient, metric__in=codes, duplicate=False)
        .between(start, end)
        .patients_own()
        .order_by("metric_id", "taken_at", "pk")
        .values_list(*COLUMNS)
    )
    return _by_metric(found)


def rows_left_out(
    patient: Patient, *, codes: Iterable[str], start: dt.datetime, end: dt.datetime
) -> dict[str, list[Row]]:
    """The excluded and the control readings alone, by metric, oldest first."""
    found = Measurement.objects.filter(
        Q(control=True) | Q(excluded_at__isnull=False), patient=patient, metric__in=codes
    ).between(start, end)
    return _by_metric(found.order_by("metric_id", "taken_at", "pk").values_list(*COLUMNS))


def _by_metric(found: Iterable[tuple[Any, ...]]) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = defaultdict(list)
    for columns in found:
        rows[columns[1]].append(Row(*columns))
    return rows


def meal_contexts(patient: Patient, *, start: dt.datetime, end: dt.datetime) -> dict[int, str]:
    """By reading: `fasting`, `pre-prandial` or `post-prandial`, where the glucometer said so."""
    rows = Measurement.objects.filter(patient=patient, metric=GLUCOSE, filter_params__has_key="meal_context")
    found = rows.between(start, end).values_list("pk", "filter_params__meal_context")
    return {pk: str(context) for pk, context in found}


def points_of(
    code: str, rows: dict[str, list[Row]], *, lines: int, contexts: dict[int, str], goals: Goals
) -> list[Point]:
    """A pulse and an irregular heartbeat of the same moment travel with the reading they belong to."""
    pulses = {row.moment: float(row.value_1) for row in rows.get(PULSE, ())} if code != PULSE else {}
    irregular = {row.moment for row in rows.get(IRREGULAR, ())}
    points = []
    for row in rows.get(code, ()):
        values, moment, context = _values(row, lines), row.moment, contexts.get(row.pk, "")
        points.append(
            Point(
                at=row.taken_at,
                values=values,
                estimated=row.estimated,
                check=row.conflict or row.implausible,
                irregular=moment in irregular,
                context=context,
                pulse=pulses.get(moment),
                standing=goals.judge(code, values, context),
                pk=row.pk,
            )
        )
    return points


def points_left_out(code: str, rows: dict[str, list[Row]], *, lines: int) -> list[Point]:
    """Never held against a goal: nobody knows whose values these are."""
    return [
        Point(
            at=row.taken_at, values=_values(row, lines), estimated=row.estimated, check=True, left_out=True, pk=row.pk
        )
        for row in rows.get(code, ())
    ]


def _values(row: Row, lines: int) -> tuple[float, ...]:
    if lines == 1:
        return (float(row.value_1),)
    return (float(row.value_1), float(row.value_2 or 0))
