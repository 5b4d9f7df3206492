"""A month of one vital sign as a line without axes: how it went, beside the newest value."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import Avg, DateTimeField, Func, Q, Value

from measurements.models import Measurement, Metric
from measurements.units import VENDORS, Unit, Units

DAYS = 30
# The first of these that a patient has is drawn.
CODES = ("blood_pressure", "weight", "glucose", "spO2")
WIDTH, HEIGHT, EDGE = 96, 24, 2
LONGEST_GAP_DAYS = 3
ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Sparkline:
    """`path` is SVG in a box of WIDTH x HEIGHT; a gap of over three days breaks it. Bounds in the vendor's unit."""

    metric: Metric
    unit: Unit
    path: str
    lowest: float
    highest: float

    @property
    def words(self) -> str:
        name = self.metric.label_1 or self.metric.label
        lowest, highest = self.unit.text(self.lowest), self.unit.text(self.highest)
        return f"{name}, {DAYS} days: {lowest} to {highest} {self.unit.name}"


def of_many(
    metrics: Mapping[uuid.UUID, Iterable[Metric]], *, now: dt.datetime, units: Units = VENDORS
) -> dict[uuid.UUID, Sparkline]:
    """By patient, of the metrics that each has; the average of every 24 h. One query, answered by the chart's index."""
    chosen = {pk: metric for pk, found in metrics.items() if (metric := _first(found))}
    days: dict[uuid.UUID, list[tuple[int, float]]] = defaultdict(list)
    since = now - DAYS * ONE_DAY
    for pk, began, value in _averages(chosen, since=since, now=now):
        days[pk].append(((began - since) // ONE_DAY, float(value)))
    return {pk: _drawn(chosen[pk], units.of(chosen[pk]), points) for pk, points in days.items()}


def _first(metrics: Iterable[Metric]) -> Metric | None:
    found = {metric.pk: metric for metric in metrics}
    return next((found[code] for code in CODES if code in found), None)


def _averages(
    chosen: Mapping[uuid.UUID, Metric], *, since: dt.datetime, now: dt.datetime
) -> Iterable[tuple[uuid.UUID, dt.datetime, float]]:
    patients: dict[str, list[uuid.UUID]] = defaultdict(list)
    for pk, metric in chosen.items():
        patients[metric.pk].append(pk)
    wanted = (Q(metric=code, patient__in=together) for code, together in patients.items())
    day = Func(Value("1 day"), "taken_at", Value(since), function="date_bin", output_field=DateTimeField())
    # Said once for all too: a database reads ranges that are joined by OR one by one, and from the table.
    whole = Q(patient__in=list(chosen), metric__in=list(patients), taken_at__gt=since, taken_at__lte=now)
    rows = Measurement.objects.filter(whole, reduce(or_, wanted, Q(pk__in=[])))
    return (
        rows.trusted()
        .order_by()
        .values("patient_id", day=day)
        .annotate(value=Avg("value_1"))
        .values_list("patient_id", "day", "value")
    )


def _drawn(metric: Metric, unit: Unit, points: Sequence[tuple[int, float]]) -> Sparkline:
    ordered = sorted(points)
    lowest, highest = (pick(value for _, value in ordered) for pick in (min, max))
    spread = highest - lowest or 1.0
    parts, before = [], None
    for day, value in ordered:
        x = EDGE + day * (WIDTH - 2 * EDGE) / (DAYS - 1)
        y = HEIGHT - EDGE - (value - lowest) * (HEIGHT - 2 * EDGE) / spread
        joined = before is not None and day - before <= LONGEST_GAP_DAYS
        # A line of no length is a dot, where the ends are round.
        parts.append(f"L{x:.1f} {y:.1f}" if joined else f"M{x:.1f} {y:.1f}h0")
        before = day
    return Sparkline(metric, unit, "".join(parts), lowest, highest)
