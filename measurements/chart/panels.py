"""A patient's vitals over a range of local days, ready to be drawn, written down in figures, and listed as a table."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

from django.db.models import Min

from measurements.chart import axes, time_of_day
from measurements.chart.points import (
    GLUCOSE,
    IRREGULAR,
    Beside,
    Point,
    Row,
    meal_contexts,
    moment_of,
    points_left_out,
    points_of,
    rows_left_out,
    rows_of,
)
from measurements.chart.smoothing import Drawn, draw, smooth
from measurements.chart.statistics import BASELINE_DAYS, Baseline, Summary, baseline, summarise, trusted
from measurements.chart.time_of_day import Slot
from measurements.local_days import LocalDays
from measurements.models import Measurement, Metric
from measurements.readings.latest_judged import Latest
from measurements.thresholds.evaluation import Goal, Goals, PrintedGoal, by_meal
from measurements.units import VENDORS, Unit, Units
from patients.models import Patient

DEFAULT_RANGE = 30  # local days including today; 0 is everything
WEIGHT = "weight"
# A baseline rests on the 7 days before the newest weight, which may itself be 7 days old.
LOOK_BACK_DAYS = 2 * BASELINE_DAYS + 1


@dataclass(frozen=True)
class Line:
    label: str
    goal: Goal | None


@dataclass(frozen=True)
class Panel:
    """One chart: all readings of a metric in the range, what is drawn of them, and the figures beside it.

    Values are the vendor's, to be read in `unit`; `limits` of the axis are in `unit` already.
    """

    metric: Metric
    unit: Unit
    lines: tuple[Line, ...]
    drawn: Drawn
    calm: list[list[float | None]]
    summary: Summary
    limits: tuple[float, float]
    last_at: dt.datetime | None
    meal_goals: list[PrintedGoal]
    baseline: Baseline | None = None
    slots: list[Slot] | None = None  # of the day, where it is drawn by the clock

    @property
    def empty(self) -> bool:
        return not (self.drawn.points or self.drawn.buckets)

    @property
    def estimated(self) -> bool:
        return any(point.estimated for point in self.drawn.points)

    @property
    def to_check(self) -> bool:
        return any(point.check and not point.left_out for point in self.drawn.points)

    @property
    def left_out(self) -> bool:
        return any(point.left_out for point in self.drawn.points)

    @property
    def irregular(self) -> int:
        return sum(point.irregular for point in self.drawn.points)


@dataclass(frozen=True)
class Charts:
    days: LocalDays
    panels: list[Panel]
    counts: list[int]
    now: dt.datetime

    @property
    def measured(self) -> int:
        """Days with at least one reading of a vital sign."""
        return sum(count > 0 for count in self.counts)

    @property
    def usual_weight(self) -> Baseline | None:
        return next((panel.baseline for panel in self.panels if panel.baseline), None)


def days_of(patient: Patient, *, length: int, now: dt.datetime) -> LocalDays:
    """So many of the patient's days including today; for 0 all since the first vital sign."""
    if length:
        return LocalDays.until(now, patient.zone, days=length)
    first = Measurement.objects.filter(patient=patient, metric__vital=True).aggregate(at=Min("taken_at"))["at"]
    return LocalDays.since(first or now, now, patient.zone)


def of(
    patient: Patient,
    *,
    days: LocalDays,
    goals: Goals,
    latest: Sequence[Latest],
    now: dt.datetime,
    units: Units = VENDORS,
    show_left_out: bool = False,
    by_clock: bool = False,
) -> Charts:
    """A panel for every vital sign that the patient ever sent. One query, two with glucose, for any range.

    One more with `show_left_out`: excluded and control readings as points that nothing rests on. With `by_clock`,
    those that follow the hours of the day have slots of it too.
    """
    metrics = [row.metric for row in latest if row.metric.vital]
    since = min(days.start, LocalDays.until(now, patient.zone, days=LOOK_BACK_DAYS).start)
    codes = [metric.pk for metric in metrics]
    rows = rows_of(patient, codes=codes, start=since, end=days.end)
    aside = rows_left_out(patient, codes=codes, start=days.start, end=days.end) if show_left_out else {}
    contexts = meal_contexts(patient, start=days.start, end=days.end) if rows.get(GLUCOSE) else {}
    last = {row.metric.pk: row.taken_at for row in latest}
    beside = Beside.of(rows)
    build = partial(
        _panel, rows=rows, aside=aside, beside=beside, contexts=contexts, days=days, goals=goals, last=last, now=now
    )
    laid_over = time_of_day.CODES if by_clock else ()
    panels = [
        build(metric, unit=units.of(metric), by_clock=metric.pk in laid_over)
        for metric in metrics
        if metric.pk != IRREGULAR
    ]
    return Charts(days, panels, _counts(rows, days), now)


def _panel(
    metric: Metric,
    *,
    unit: Unit,
    by_clock: bool,
    rows: dict[str, list[Row]],
    aside: dict[str, list[Row]],
    beside: Beside,
    contexts: dict[int, str],
    days: LocalDays,
    goals: Goals,
    last: dict[str, dt.datetime],
    now: dt.datetime,
) -> Panel:
    lines = _lines(metric, goals)
    found = rows.get(metric.pk, ())
    fetched = points_of(metric.pk, found, lines=len(lines), beside=beside, contexts=contexts, goals=goals)
    points = [point for point in fetched if point.at >= days.start]
    drawn = _with(points_left_out(metric.pk, aside, lines=len(lines)), draw(points, days=days))
    values = [value for point in trusted(points) for value in point.values]
    # Days that are over have no "now" to hold against the week before.
    usual = _baseline(fetched, days, goals, now) if metric.pk == WEIGHT and days.end > now else None
    return Panel(
        metric=metric,
        unit=unit,
        lines=lines,
        drawn=drawn,
        calm=_calm(drawn, lines, days),
        summary=summarise(metric.pk, points, goals=goals, zone=days.zone),
        limits=_limits(metric, unit, [*values, usual.median] if usual and values else values),
        last_at=last.get(metric.pk),
        meal_goals=list(by_meal(goals, metric, unit)),
        baseline=usual,
        slots=time_of_day.slots_of(points, days.zone) if by_clock else None,
    )


def _limits(metric: Metric, unit: Unit, values: list[float]) -> tuple[float, float]:
    shown = [unit.shown(value) for value in values] if unit.converted else values
    return axes.limits(metric.pk, shown, unit=unit.name if unit.converted else "")


def _with(left_out: list[Point], drawn: Drawn) -> Drawn:
    return replace(drawn, points=sorted([*drawn.points, *left_out], key=lambda point: point.at)) if left_out else drawn


def _lines(metric: Metric, goals: Goals) -> tuple[Line, ...]:
    labels = [metric.label_1 or metric.label, *([metric.label_2] if metric.has_second_value else [])]
    return tuple(Line(label.lower(), goals.find(metric.pk, n)) for n, label in enumerate(labels, start=1))


def _calm(drawn: Drawn, lines: tuple[Line, ...], days: LocalDays) -> list[list[float | None]]:
    """Over the points, or over the medians where a band is drawn."""
    points = [Point(bucket.at, bucket.mid) for bucket in drawn.buckets] or drawn.points
    return smooth(points, lines=len(lines), days=len(days))


def _baseline(points: list[Point], days: LocalDays, goals: Goals, now: dt.datetime) -> Baseline | None:
    weights = [(point.at, point.values[0]) for point in trusted(points)]
    found = baseline(weights, zone=days.zone, goals=goals)
    fresh = LocalDays.until(now, days.zone, days=BASELINE_DAYS + 1)
    return found if found and found.at >= fresh.start else None


def _counts(rows: dict[str, list[Row]], days: LocalDays) -> list[int]:
    """Physical readings per day: a blood pressure and its pulse are one."""
    moments = {moment for of_metric in rows.values() for moment in map(moment_of, of_metric)}
    times = sorted(taken_at for _, taken_at, _ in moments)
    return [after - before for before, after in pairwise(bisect_left(times, at) for at in [*days.starts, days.end])]
