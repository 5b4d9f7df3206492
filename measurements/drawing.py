"""From readings to what a chart draws: a calm line over single outliers, and a band where points would be too many."""

from __future__ import annotations

import datetime as dt
import math
import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from measurements.days import LocalDays
from measurements.goals import OUT
from measurements.points import Point

GAP = dt.timedelta(days=3)  # lines are not joined over more than this
MOST_POINTS = 500  # of one chart; beyond, a min-max band and the median per bucket of days
MOST_BUCKETS = 400
MOST_KEPT = 1600  # single points beside a band: 400 buckets x 2 lines x (lowest, highest)


def smooth(points: Sequence[Point], line: int, *, days: int) -> list[float | None]:
    """A Gaussian-weighted local mean of the trusted readings, one per point; it never looks over a gap.

    `days` is the length of the range: the longer it is, the calmer the line.
    """
    width = min(max(days / 15, 0.75), 10)
    calm: list[float | None] = []
    for segment in segments(points):
        calm += _smooth_segment(segment, line, width)
    return calm


def segments(points: Sequence[Point]) -> list[list[Point]]:
    """Runs of points without a gap between neighbours."""
    runs: list[list[Point]] = []
    for point in points:
        if runs and point.at - runs[-1][-1].at <= GAP:
            runs[-1].append(point)
        else:
            runs.append([point])
    return runs


def _smooth_segment(points: list[Point], line: int, width: float) -> list[float | None]:
    at = [point.at.timestamp() / 86400 for point in points]
    known = [(day, point.values[line]) for day, point in zip(at, points, strict=True) if not point.check]
    calm: list[float | None] = []
    first = 0
    for day in at:
        while first < len(known) and known[first][0] < day - 3 * width:
            first += 1
        calm.append(_local_mean(known, first, day, width))
    return calm


def _local_mean(known: list[tuple[float, float]], first: int, day: float, width: float) -> float | None:
    total = weight = 0.0
    for other, value in known[first:]:
        if other > day + 3 * width:
            break
        nearness = math.exp(-0.5 * ((other - day) / width) ** 2)
        total += nearness * value
        weight += nearness
    return total / weight if weight else None


@dataclass(frozen=True)
class Bucket:
    """One day, or a few where the range is years: lowest, median and highest per line, of `n` trusted readings."""

    at: dt.datetime
    low: tuple[float, ...]
    mid: tuple[float, ...]
    high: tuple[float, ...]
    n: int


@dataclass(frozen=True)
class Drawn:
    """Points and, where those would be too many, buckets instead with the points worth seeing singly."""

    points: list[Point]
    buckets: list[Bucket]
    bucket_days: int = 0


def draw(points: list[Point], *, days: LocalDays) -> Drawn:
    if len(points) <= MOST_POINTS:
        return Drawn(points, [])
    size = math.ceil(len(days) / MOST_BUCKETS)
    groups: dict[int, list[Point]] = defaultdict(list)
    for point in points:
        groups[days.number_of(point.at) // size].append(point)
    good = {number: [point for point in group if not point.check] for number, group in groups.items()}
    buckets = [_bucket(days, number, size, group) for number, group in sorted(good.items()) if group]
    worth = [point for point in points if point.check or point.irregular or point.standing in OUT]
    return Drawn(_at_most(worth, list(good.values())), buckets, size)


def _bucket(days: LocalDays, number: int, size: int, points: list[Point]) -> Bucket:
    first, after = number * size, min((number + 1) * size, len(days))
    end = days.starts[after] if after < len(days) else days.end
    lines = list(zip(*(point.values for point in points), strict=True))
    return Bucket(
        at=days.starts[first] + (end - days.starts[first]) / 2,
        low=tuple(min(line) for line in lines),
        mid=tuple(statistics.median(line) for line in lines),
        high=tuple(max(line) for line in lines),
        n=len(points),
    )


def _at_most(points: list[Point], groups: list[list[Point]]) -> list[Point]:
    """Of too many, those that are a bucket's highest or lowest; after them the newest of those to be checked."""
    if len(points) <= MOST_KEPT:
        return points
    extreme = {
        id(pick(group, key=lambda point, line=line: point.values[line]))  # type: ignore[misc]
        for group in groups
        if group
        for pick in (min, max)
        for line in range(len(group[0].values))
    }
    kept = [point for point in points if id(point) in extreme]
    marked = [point for point in points if point.check and id(point) not in extreme]
    room = MOST_KEPT - len(kept)
    return sorted([*kept, *marked[max(len(marked) - room, 0) :]], key=lambda point: point.at)
