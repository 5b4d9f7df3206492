"""Modal day: readings of many days by local time of day, in bins of three hours."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from measurements.chart.points import ChartPoint
from measurements.chart.statistics import trusted_points

TIME_OF_DAY_METRICS = ("blood_pressure", "glucose")
BIN_HOURS = 3
MIN_READINGS_FOR_QUARTILES = 4  # fewer readings have a median and no middle half


@dataclass(frozen=True)
class TimeOfDayBin:
    """Three hours of the day: medians and, of four readings and more, lower and upper quartiles, per line."""

    first_hour: int
    n: int
    median: tuple[float, ...]
    low: tuple[float, ...] | None
    high: tuple[float, ...] | None

    @property
    def middle_half(self) -> list[tuple[float, ...]]:
        """Both quartiles; empty of too few readings."""
        return [ends for ends in (self.low, self.high) if ends is not None]

    @property
    def label(self) -> str:
        return f"{format_hour(self.first_hour)} to {format_hour(self.first_hour + BIN_HOURS)}"


def seconds_of_day(time: dt.datetime, zone: ZoneInfo) -> int:
    """Local wall-clock time: both 1:30 of a day on which the clocks are set back are 1:30."""
    local = time.astimezone(zone)
    return local.hour * 3600 + local.minute * 60 + local.second


def group_by_time_of_day(points: Sequence[ChartPoint], zone: ZoneInfo) -> list[TimeOfDayBin]:
    """Bins with trusted readings, from midnight on."""
    groups: dict[int, list[ChartPoint]] = defaultdict(list)
    for point in trusted_points(points):
        groups[seconds_of_day(point.at, zone) // 3600 // BIN_HOURS * BIN_HOURS].append(point)
    return [build_time_of_day_bin(hour, group) for hour, group in sorted(groups.items())]


def build_time_of_day_bin(hour: int, points: list[ChartPoint]) -> TimeOfDayBin:
    lines = list(zip(*(point.values for point in points), strict=True))
    mid = tuple(statistics.median(line) for line in lines)
    if len(points) < MIN_READINGS_FOR_QUARTILES:
        return TimeOfDayBin(hour, len(points), mid, None, None)
    quartiles = [statistics.quantiles(line, n=4, method="inclusive") for line in lines]
    return TimeOfDayBin(hour, len(points), mid, tuple(q[0] for q in quartiles), tuple(q[2] for q in quartiles))


def format_hour(hour: int) -> str:
    """midnight, 3 AM, noon."""
    hour %= 24
    return "noon" if hour == 12 else "midnight" if hour == 0 else f"{hour % 12} {'AM' if hour < 12 else 'PM'}"
