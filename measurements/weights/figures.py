"""Weight by local day (lb): a day's weight, usual weight, change since yesterday and in 7 days, and from dry weight.

Pure functions of trusted weights, for pages, the patient list and alert rules alike. Today is a local day of the
patient; None where today or what it is compared with has no weight.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from measurements.local_days import ONE_DAY, LocalDays
from patients.models.clinic import DayWeight

WEIGHT_METRIC = "weight"
USUAL_WEIGHT_DAYS = 7
MIN_USUAL_WEIGHT_DAYS = 3
# Weights have two decimals, medians up to four: this removes nothing but the error of binary fractions.
MAX_DECIMALS = 4

TakenWeight = tuple[dt.datetime, float]  # instant and lb


def weights_by_day(
    weights: Collection[TakenWeight], *, days: LocalDays, rule: DayWeight = DayWeight.FIRST
) -> dict[dt.date, float]:
    """Each day's weight, by local day: the first one taken on it, or the median of all, by `rule`."""
    by_day: dict[dt.date, list[float]] = defaultdict(list)
    for taken_at, pounds in sorted(weights):
        if days.start <= taken_at < days.end:
            by_day[days.first + ONE_DAY * days.day_index(taken_at)].append(pounds)
    if rule == DayWeight.MEDIAN:
        return {day: statistics.median(found) for day, found in by_day.items()}
    return {day: found[0] for day, found in by_day.items()}


def earlier_weights(by_day: Mapping[dt.date, float], *, today: dt.date) -> list[float]:
    """The weights of the 7 local days before today."""
    week = (today - ONE_DAY * back for back in range(1, USUAL_WEIGHT_DAYS + 1))
    return [by_day[day] for day in week if day in by_day]


def usual_weight(by_day: Mapping[dt.date, float], *, today: dt.date) -> float | None:
    """Median of the days' weights of the 7 local days before today, of which at least 3 have one."""
    earlier = earlier_weights(by_day, today=today)
    return statistics.median(earlier) if len(earlier) >= MIN_USUAL_WEIGHT_DAYS else None


def change_from_usual(by_day: Mapping[dt.date, float], *, today: dt.date) -> float | None:
    return weight_difference(by_day.get(today), usual_weight(by_day, today=today))


def change_since_yesterday(by_day: Mapping[dt.date, float], *, today: dt.date) -> float | None:
    return weight_difference(by_day.get(today), by_day.get(today - ONE_DAY))


def gain_in_week(by_day: Mapping[dt.date, float], *, today: dt.date) -> float | None:
    """Today against the lowest of the 7 local days before; negative below all of them."""
    return weight_difference(by_day.get(today), min(earlier_weights(by_day, today=today), default=None))


def loss_in_week(by_day: Mapping[dt.date, float], *, today: dt.date) -> float | None:
    """Today against the highest of the 7 local days before: negative for a loss, positive above all of them."""
    return weight_difference(by_day.get(today), max(earlier_weights(by_day, today=today), default=None))


def weight_difference(weight: float | None, other: float | None) -> float | None:
    return None if weight is None or other is None else round(weight - other, MAX_DECIMALS)


@dataclass(frozen=True)
class WeightTrend:
    """The weight of a local day with all that it is compared with, lb. `taken_at`: the newest weight of that day."""

    day: dt.date
    taken_at: dt.datetime
    weight: float
    usual: float | None
    from_usual: float | None
    since_yesterday: float | None
    gain_in_week: float | None
    loss_in_week: float | None
    dry: float | None = None

    @property
    def in_week(self) -> float | None:
        """The gain or the loss in 7 days, the larger of both."""
        if self.gain_in_week is None or self.loss_in_week is None:
            return None
        return max(self.gain_in_week, self.loss_in_week, key=abs)

    @property
    def is_week_gain(self) -> bool:
        """Whether it is a gain; of days with the same weight, the lowest is the highest too."""
        return self.in_week is not None and self.in_week >= 0

    @property
    def from_dry(self) -> float | None:
        return weight_difference(self.weight, self.dry)


def weight_trend(
    weights: Collection[TakenWeight], *, zone: ZoneInfo, rule: DayWeight = DayWeight.FIRST, dry: float | None = None
) -> WeightTrend | None:
    """Figures of the local day of the newest weight; None without weights."""
    if not weights:
        return None
    newest, _ = max(weights)
    days = LocalDays.until(newest, zone, days=USUAL_WEIGHT_DAYS + 1)
    by_day, today = weights_by_day(weights, days=days, rule=rule), days.last
    return WeightTrend(
        today,
        newest,
        by_day[today],
        usual_weight(by_day, today=today),
        change_from_usual(by_day, today=today),
        change_since_yesterday(by_day, today=today),
        gain_in_week(by_day, today=today),
        loss_in_week(by_day, today=today),
        dry,
    )
