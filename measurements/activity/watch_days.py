"""Watch readings by local day: steps, sleep, and the lowest, mean and highest heart rate. No vital sign is among them.

The vendor documents a row of steps and one of heart rate for each hour, with `average_heart_rate`, `max_heart_rate` and
`min_heart_rate` in `filter_params`, and sleep in hours. It doesn't say whether a stamp is the beginning or the end of
its hour, or of which night a sleep is: a row belongs to the local day of its stamp.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from measurements.local_days import ONE_DAY, LocalDays
from measurements.models import Measurement
from patients.models import Patient

STEPS, SLEEP, HEART_RATE = WATCH_METRICS = ("steps", "sleep", "heart_rate_statistics")
WATCH_SENSOR_CODE = "15"
TOO_FAST = 1000  # beats per minute: no number of a watch, whatever it means


class WatchRow(NamedTuple):
    metric: str
    taken_at: dt.datetime
    value_1: Decimal | float | None
    value_2: Decimal | float | None
    filter_params: Any


class HeartRateHour(NamedTuple):
    """Beats per minute; None where the watch didn't state it."""

    lowest: float | None
    mean: float | None
    highest: float | None


@dataclass
class WatchDay:
    """`steps` by hour; `sleep`: hours, each as reported, because the vendor doesn't say whether several add up."""

    day: dt.date
    steps: dict[dt.datetime, float] = field(default_factory=dict)
    sleep: list[float] = field(default_factory=list)
    heart_rate: list[HeartRateHour] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.steps or self.sleep or self.heart_rate)

    @property
    def total_steps(self) -> int | None:
        return round(sum(self.steps.values())) if self.steps else None

    @property
    def sleep_text(self) -> str:
        """6.5; 1.25 for two values."""
        return "; ".join(f"{hours:g}" for hours in self.sleep)

    @property
    def lowest(self) -> float | None:
        return min(stated(hour.lowest for hour in self.heart_rate), default=None)

    @property
    def mean(self) -> float | None:
        """Of the hourly means: the length that each rests on is not documented."""
        means = stated(hour.mean for hour in self.heart_rate)
        return sum(means) / len(means) if means else None

    @property
    def highest(self) -> float | None:
        return max(stated(hour.highest for hour in self.heart_rate), default=None)


def stated(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def fetch_watch_days(patient: Patient, days: LocalDays) -> list[WatchDay]:
    """One for each day of the range, oldest first, in one query, without readings of a reset clock."""
    rows = (
        Measurement.objects.filter(patient=patient, metric__in=WATCH_METRICS, clock_reset=False)
        .between(days.start, days.end)
        .counted()
        .with_value()
        .order_by("taken_at", "pk")
        .values_list("metric_id", "taken_at", "value_1", "value_2", "filter_params")
    )
    return group_by_day((WatchRow(*row) for row in rows), days)


def group_by_day(rows: Iterable[WatchRow], days: LocalDays) -> list[WatchDay]:
    found = [WatchDay(days.first + ONE_DAY * n) for n in range(len(days))]
    hours: dict[tuple[int, dt.datetime], HeartRateHour] = {}
    for row in rows:
        place = min(days.day_index(row.taken_at), len(found) - 1)  # today's may be stamped ahead across midnight
        day = found[place]
        if row.metric == STEPS:
            # An hour that was sent again with more steps is the same hour.
            day.steps[row.taken_at] = max(float(row.value_1 or 0), day.steps.get(row.taken_at, 0.0))
        elif row.metric == SLEEP:
            day.sleep.append(float(row.value_1 or 0))
        else:
            hours[place, row.taken_at] = read_heart_rate(row)  # the newest of an hour that was sent again
    for (place, _), hour in hours.items():
        found[place].heart_rate.append(hour)
    return found


def read_heart_rate(row: WatchRow) -> HeartRateHour:
    """From `filter_params`; the mean and the highest are the values of the row, too."""
    params = row.filter_params if isinstance(row.filter_params, dict) else {}
    return HeartRateHour(
        heart_rate_in(params.get("min_heart_rate")),
        heart_rate_in(params.get("average_heart_rate")) or heart_rate_in(row.value_1),
        heart_rate_in(params.get("max_heart_rate")) or heart_rate_in(row.value_2),
    )


def heart_rate_in(value: Any) -> float | None:
    """None for what is no number, for 0, which is the vendor's filler and no heart rate, and for what is beyond any."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    return float(value) if 0 < value < TOO_FAST else None


@dataclass(frozen=True)
class WatchFigures:
    """Of a range: what the days amount to. `mean_steps` is of the days that are over and have steps."""

    days: Sequence[WatchDay]
    today: dt.date

    @property
    def measured(self) -> list[WatchDay]:
        return [day for day in self.days if not day.is_empty]

    @property
    def step_days(self) -> list[int]:
        return [day.total_steps for day in self.days if day.total_steps is not None and day.day < self.today]

    @property
    def mean_steps(self) -> float | None:
        return sum(self.step_days) / len(self.step_days) if self.step_days else None

    @property
    def lowest(self) -> float | None:
        return min(stated(day.lowest for day in self.days), default=None)

    @property
    def highest(self) -> float | None:
        return max(stated(day.highest for day in self.days), default=None)
