"""The figures beside a chart: averages with n, how many out of goal, the usual weight. Marked readings stay out."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from measurements.chart.points import Point
from measurements.local_days import LocalDays
from measurements.thresholds.evaluation import HIGHS, LOWS, Goals, Standing

BASELINE_DAYS = 7
BASELINE_LEAST_DAYS = 3
NOON_HOUR = 12

Values = tuple[float, ...]


@dataclass(frozen=True)
class Summary:
    """Of the trusted readings in a range: `n`, the average per line, before and from noon, and how many out of goal."""

    n: int
    average: Values
    before_noon: Values
    from_noon: Values
    above: int
    below: int
    standing: Standing

    @property
    def in_goal_percent(self) -> int:
        return round(100 * (self.n - self.above - self.below) / self.n) if self.n else 0


@dataclass(frozen=True)
class Baseline:
    """The usual weight, lb: the median of the days' medians over seven local days; and the newest against it."""

    median: float
    newest: float
    at: dt.datetime
    standing: Standing

    @property
    def gain(self) -> float:
        return self.newest - self.median


def trusted(points: Iterable[Point]) -> list[Point]:
    return [point for point in points if not point.check]


def summarise(code: str, points: Sequence[Point], *, goals: Goals, zone: ZoneInfo) -> Summary:
    good = trusted(points)
    early: list[Point] = []
    late: list[Point] = []
    for point in good:
        (early if point.at.astimezone(zone).hour < NOON_HOUR else late).append(point)
    average, standings = mean(good), Counter(point.standing for point in good)
    return Summary(
        n=len(good),
        average=average,
        before_noon=mean(early),
        from_noon=mean(late),
        above=sum(standings[standing] for standing in HIGHS),
        below=sum(standings[standing] for standing in LOWS),
        standing=goals.judge(code, average),
    )


def mean(points: Sequence[Point]) -> Values:
    """Per line; empty without readings."""
    return tuple(statistics.fmean(line) for line in zip(*(point.values for point in points), strict=True))


def baseline(weights: Sequence[tuple[dt.datetime, float]], *, zone: ZoneInfo, goals: Goals) -> Baseline | None:
    """`weights` are trusted ones, oldest first, lb. The seven days are those before the newest reading's own day.

    None with fewer than three days to go by: a median of two is no habit.
    """
    if not weights:
        return None
    at, newest = weights[-1]
    week = LocalDays.until(at, zone, days=BASELINE_DAYS + 1)
    by_day: dict[int, list[float]] = defaultdict(list)
    for taken_at, value in weights:
        day = week.number_of(taken_at)
        if 0 <= day < BASELINE_DAYS:
            by_day[day].append(value)
    if len(by_day) < BASELINE_LEAST_DAYS:
        return None
    usual = statistics.median(statistics.median(values) for values in by_day.values())
    return Baseline(usual, newest, at, goals.judge("weight", (newest - usual,), "gain"))
