"""Statistics of trusted readings beside a chart: averages, range status, and the weight baseline."""

from __future__ import annotations

import datetime as dt
import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from measurements.chart.points import ChartPoint
from measurements.local_days import LocalDays
from measurements.numbers import format_share
from measurements.thresholds.evaluation import PatientThresholds, ThresholdStatus
from measurements.thresholds.judgement import Judgement, judge_gain
from measurements.thresholds.metric_scopes import MetricScope
from measurements.thresholds.range_status import RangeStatus, compute_range_status
from measurements.units import POUND_UNIT, Unit

BASELINE_DAYS = 7
MIN_BASELINE_DAYS = 3
NOON_HOUR = 12

SeriesValues = tuple[float, ...]


@dataclass(frozen=True)
class PanelSummary:
    """Of the trusted readings in a range: averages per series, before and from noon, and the range status.

    `threshold_status` is that of the average, which colours no count.
    """

    average: SeriesValues
    before_noon: SeriesValues
    from_noon: SeriesValues
    threshold_status: ThresholdStatus
    status: RangeStatus

    @property
    def n(self) -> int:
        return self.status.n

    @property
    def in_range_share(self) -> str:
        return format_share(self.n - self.status.out_count, self.n)


@dataclass(frozen=True)
class WeightBaseline:
    """Weight baseline, lb: the median of the daily medians of seven local days, with the newest weight and its gain."""

    median: float
    latest_weight: float
    taken_at: dt.datetime
    gain: Judgement


def trusted_points(points: Iterable[ChartPoint]) -> list[ChartPoint]:
    return [point for point in points if not point.needs_check]


def summarise_points(
    scope: MetricScope, points: Sequence[ChartPoint], *, thresholds: PatientThresholds, zone: ZoneInfo
) -> PanelSummary:
    good = trusted_points(points)
    early: list[ChartPoint] = []
    late: list[ChartPoint] = []
    for point in good:
        (early if point.at.astimezone(zone).hour < NOON_HOUR else late).append(point)
    average = mean_values(good)
    return PanelSummary(
        average=average,
        before_noon=mean_values(early),
        from_noon=mean_values(late),
        threshold_status=thresholds.evaluate(scope.metric.pk, average, scope.context),
        status=compute_range_status(scope.metric.pk, good, thresholds=thresholds, zone=zone),
    )


def mean_values(points: Sequence[ChartPoint]) -> SeriesValues:
    """Per series; empty without readings. Exact: readings are hundredths, a sum of floats only nearly."""
    lines = zip(*(point.values for point in points), strict=True)
    return tuple(round(100 * math.fsum(line)) / (100 * len(line)) for line in lines)


def compute_weight_baseline(
    weights: Sequence[tuple[dt.datetime, float]],
    *,
    zone: ZoneInfo,
    thresholds: PatientThresholds,
    unit: Unit = POUND_UNIT,
) -> WeightBaseline | None:
    """`weights` are trusted ones in lb, oldest first; `unit` is that of the judged gain.

    The seven days are those before the day of the newest weight. None with weights on fewer than three of them.
    """
    if not weights:
        return None
    at, newest = weights[-1]
    week = LocalDays.until(at, zone, days=BASELINE_DAYS + 1)
    by_day: dict[int, list[float]] = defaultdict(list)
    for taken_at, value in weights:
        day = week.day_index(taken_at)
        if 0 <= day < BASELINE_DAYS:
            by_day[day].append(value)
    if len(by_day) < MIN_BASELINE_DAYS:
        return None
    median = statistics.median(statistics.median(values) for values in by_day.values())
    return WeightBaseline(median, newest, at, judge_gain(newest - median, unit, thresholds))
