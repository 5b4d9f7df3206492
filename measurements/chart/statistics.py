"""Statistics of trusted readings beside a chart: averages, range status, and the weight baseline."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from measurements.chart.points import ChartPoint
from measurements.local_days import LocalDays
from measurements.thresholds.evaluation import PatientThresholds, ThresholdStatus
from measurements.thresholds.metric_scopes import MetricScope
from measurements.thresholds.range_status import RangeStatus, compute_range_status

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
    def in_range_percent(self) -> int:
        out = self.status.above.count + self.status.below.count
        return round(100 * (self.n - out) / self.n) if self.n else 0


@dataclass(frozen=True)
class WeightBaseline:
    """Weight baseline, lb: the median of the daily medians of seven local days, with the newest weight."""

    median: float
    latest_weight: float
    taken_at: dt.datetime
    threshold_status: ThresholdStatus

    @property
    def gain(self) -> float:
        return self.latest_weight - self.median


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
    """Per series; empty without readings."""
    return tuple(statistics.fmean(line) for line in zip(*(point.values for point in points), strict=True))


def compute_weight_baseline(
    weights: Sequence[tuple[dt.datetime, float]], *, zone: ZoneInfo, thresholds: PatientThresholds
) -> WeightBaseline | None:
    """`weights` are trusted ones in lb, oldest first. The seven days are those before the day of the newest.

    None with weights on fewer than three of them.
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
    return WeightBaseline(median, newest, at, thresholds.evaluate("weight", (newest - median,), "gain"))
