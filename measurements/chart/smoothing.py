"""Smoothing and decimation of chart points: a smoothed line, and min-max bands where there are too many points."""

from __future__ import annotations

import datetime as dt
import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from measurements.chart.points import ChartPoint
from measurements.local_days import LocalDays
from measurements.thresholds.evaluation import OUT_OF_RANGE_STATUSES

MAX_LINE_GAP = dt.timedelta(days=3)  # lines are not joined over more than this
MAX_POINTS = 500  # of one chart; beyond, a min-max band and the median per bucket of days
MAX_BUCKETS = 400
WEIGHT_EPSILON = 1e-9
MAX_SINGLE_POINTS = 1600  # single points beside a band: 400 buckets x 2 lines x (lowest, highest)


def smooth_points(points: Sequence[ChartPoint], *, series_count: int, days: int) -> list[list[float | None]]:
    """Per series a weighted local mean of the trusted readings (Epanechnikov kernel), one per point, None without any.

    No mean spans a gap. `days` is the length of the range: the longer it is, the wider the kernel.
    """
    reach = math.sqrt(5) * min(max(days / 15, 0.75), 10)
    result: list[list[float | None]] = [[] for _ in range(series_count)]
    for segment in split_at_gaps(points):
        for values, smoothed in zip(result, smooth_segment(segment, series_count, reach), strict=True):
            values += smoothed
    return result


def split_at_gaps(points: Sequence[ChartPoint]) -> list[list[ChartPoint]]:
    """Runs of points without a gap between neighbours, nor between trusted ones: the others don't bridge a gap."""
    runs: list[list[ChartPoint]] = []
    trusted_at: dt.datetime | None = None  # of the newest trusted point of the run
    for point in points:
        newest = runs[-1][-1].at if runs else None
        since = newest if point.needs_check else trusted_at or newest
        if newest and since and max(point.at - since, point.at - newest) <= MAX_LINE_GAP:
            runs[-1].append(point)
        else:
            runs.append([point])
            trusted_at = None
        if not point.needs_check:
            trusted_at = point.at
    return runs


def smooth_segment(
    points: list[ChartPoint], series_count: int, kernel_radius_days: float
) -> Iterator[list[float | None]]:
    """Prefix sums make each mean a difference of two of them, however many readings the kernel covers."""
    if len(points) == 1:  # as all are where years are drawn and a bucket is longer than a gap
        yield from ([None if points[0].needs_check else value] for value in points[0].values)
        return
    start = points[0].at
    at = [(point.at - start).total_seconds() / 86400 for point in points]
    known = [(day, point.values) for day, point in zip(at, points, strict=True) if not point.needs_check]
    times = [day for day, _ in known]
    spans = [
        (day, bisect_left(times, day - kernel_radius_days), bisect_right(times, day + kernel_radius_days)) for day in at
    ]
    weights = kernel_weighted_sums(times, [1.0] * len(times), spans, kernel_radius_days)
    for line in range(series_count):
        totals = kernel_weighted_sums(times, [values[line] for _, values in known], spans, kernel_radius_days)
        yield [
            total / weight if weight > WEIGHT_EPSILON else None for total, weight in zip(totals, weights, strict=True)
        ]


def kernel_weighted_sums(
    times: list[float], values: list[float], spans: list[tuple[float, int, int]], kernel_radius_days: float
) -> list[float]:
    """Around each day the sum of value * (1 - ((t - day) / reach)^2), from running sums of v, v t and v t^2."""
    firsts = [value * time for value, time in zip(values, times, strict=True)]
    squares = [value * time for value, time in zip(firsts, times, strict=True)]
    zero, one, two = (list(accumulate(sums, initial=0.0)) for sums in (values, firsts, squares))
    return [
        (zero[after] - zero[first]) * (1 - (day / kernel_radius_days) ** 2)
        + (2 * day * (one[after] - one[first]) - (two[after] - two[first])) / kernel_radius_days**2
        for day, first, after in spans
    ]


@dataclass(slots=True)  # not frozen: years are two thousand of them
class Bucket:
    """One day, or a few where the range is years: lowest, median and highest per line, of `n` trusted readings.

    `first` and `last` are when these were taken, `at` is the middle of the days.
    """

    at: dt.datetime
    first: dt.datetime
    last: dt.datetime
    low: tuple[float, ...]
    median: tuple[float, ...]
    high: tuple[float, ...]
    n: int


@dataclass(frozen=True)
class PlotData:
    """All points, or buckets with the points that are shown singly besides."""

    points: list[ChartPoint]
    buckets: list[Bucket]
    bucket_days: int = 0


def find_line_breaks(drawn: PlotData, *, until: dt.datetime) -> list[int]:
    """Numbers of the points or buckets before which a line breaks: no reading was taken for over MAX_LINE_GAP.

    The number after the last one, if that is so until now.
    """
    if drawn.buckets:
        pairs = enumerate(pairwise(drawn.buckets), start=1)
        breaks = [number for number, (before, after) in pairs if after.first - before.last > MAX_LINE_GAP]
    else:
        breaks = list(accumulate(len(run) for run in split_at_gaps(drawn.points)[:-1]))
    shown = drawn.buckets or drawn.points
    if shown and until - (drawn.buckets[-1].last if drawn.buckets else drawn.points[-1].at) > MAX_LINE_GAP:
        breaks.append(len(shown))
    return breaks


def decimate_points(points: list[ChartPoint], *, days: LocalDays) -> PlotData:
    if len(points) <= MAX_POINTS:
        return PlotData(points, [])
    size = math.ceil(len(days) / MAX_BUCKETS)
    good = [[point for point in group if not point.needs_check] for group in group_points_by_days(points, days, size)]
    buckets = [build_bucket(days, number, size, group) for number, group in enumerate(good) if group]
    worth = [
        point
        for point in points
        if point.needs_check or point.irregular or point.threshold_status in OUT_OF_RANGE_STATUSES
    ]
    return PlotData(limit_single_points(worth, good), buckets, size)


def group_points_by_days(points: list[ChartPoint], days: LocalDays, size: int) -> list[list[ChartPoint]]:
    """Of `size` days each, from the first of `days`; points are in order of time."""
    times = [point.at for point in points]
    cuts = [bisect_left(times, start) for start in days.day_starts[::size]]
    return [points[first:after] for first, after in pairwise([*cuts, len(points)])]


def build_bucket(days: LocalDays, number: int, size: int, points: list[ChartPoint]) -> Bucket:
    first, after = number * size, min((number + 1) * size, len(days))
    end = days.day_starts[after] if after < len(days) else days.end
    lines = [sorted(line) for line in zip(*(point.values for point in points), strict=True)]
    return Bucket(
        at=days.day_starts[first] + (end - days.day_starts[first]) / 2,
        first=points[0].at,
        last=points[-1].at,
        low=tuple(line[0] for line in lines),
        median=tuple((line[(len(line) - 1) // 2] + line[len(line) // 2]) / 2 for line in lines),
        high=tuple(line[-1] for line in lines),
        n=len(points),
    )


def extreme_points(group: list[ChartPoint]) -> Iterator[ChartPoint]:
    """The lowest and the highest of each line."""
    for line in range(len(group[0].values)):
        values = [point.values[line] for point in group]
        yield group[values.index(min(values))]
        yield group[values.index(max(values))]


def limit_single_points(points: list[ChartPoint], groups: list[list[ChartPoint]]) -> list[ChartPoint]:
    """At most MAX_SINGLE_POINTS: the extremes of each bucket, then the newest of those to be checked."""
    if len(points) <= MAX_SINGLE_POINTS:
        return points
    extreme = {id(point) for group in groups if group for point in extreme_points(group)}
    chosen = [point for point in points if id(point) in extreme]
    marked = [point for point in points if point.needs_check and id(point) not in extreme]
    room = MAX_SINGLE_POINTS - len(chosen)
    return sorted([*chosen, *marked[max(len(marked) - room, 0) :]], key=lambda point: point.at)
