"""Statistics of trusted readings beside a chart: averages and range status."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from measurements.chart.points import ChartPoint
from measurements.numbers import format_share
from measurements.thresholds.evaluation import PatientThresholds, ThresholdStatus
from measurements.thresholds.metric_scopes import MetricScope
from measurements.thresholds.range_status import RangeStatus, compute_range_status

NOON_HOUR = 12

SeriesValues = tuple[float, ...]


@dataclass(frozen=True)
class PanelSummary:
    """Of the trusted readings in a range: averages and extremes per series, and the range status.

    `threshold_status` is that of the average, which colours no count. A day has two parts: before and from noon.
    """

    average: SeriesValues
    before_noon: SeriesValues
    from_noon: SeriesValues
    threshold_status: ThresholdStatus
    status: RangeStatus
    before_noon_count: int = 0
    lowest: SeriesValues = ()
    highest: SeriesValues = ()

    @property
    def from_noon_count(self) -> int:
        return self.n - self.before_noon_count

    @property
    def n(self) -> int:
        return self.status.n

    @property
    def in_range_share(self) -> str:
        return format_share(self.n - self.status.out_count, self.n)


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
    average, lines = mean_values(good), list(zip(*(point.values for point in good), strict=True))
    return PanelSummary(
        average=average,
        before_noon=mean_values(early),
        from_noon=mean_values(late),
        threshold_status=thresholds.evaluate(scope.metric.pk, average, scope.context),
        status=compute_range_status(scope.metric.pk, good, thresholds=thresholds, zone=zone),
        before_noon_count=len(early),
        lowest=tuple(map(min, lines)),
        highest=tuple(map(max, lines)),
    )


def mean_values(points: Sequence[ChartPoint]) -> SeriesValues:
    """Per series; empty without readings. Exact: readings are hundredths, a sum of floats only nearly."""
    lines = zip(*(point.values for point in points), strict=True)
    return tuple(round(100 * math.fsum(line)) / (100 * len(line)) for line in lines)
