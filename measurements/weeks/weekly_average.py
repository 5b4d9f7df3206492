"""7-day averages of the patient list: today and the six local days before, judged unrounded, with the range status."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from measurements.local_days import LocalDays
from measurements.models import Metric
from measurements.models.measurement import BeyondMeter
from measurements.thresholds.evaluation import URGENCY_RANKS, PatientThresholds, ThresholdStatus
from measurements.thresholds.judgement import NO_THRESHOLDS, Judgement, judge
from measurements.thresholds.metric_scopes import split_by_meal
from measurements.thresholds.range_status import EvaluatedReading, RangeStatus, compute_range_status, most_urgent
from measurements.units import Unit

WEEK_DAYS = 7
# AHA/ACC 2025: categories belong to averages of two or more readings on two or more days; one is no pattern.
MIN_JUDGED_READINGS, MIN_JUDGED_DAYS = 2, 2
MIN_MARKED_LOWS = 2  # low glucose values that mark a week, whatever its average; one very low value does too


class WeekReading(EvaluatedReading, Protocol):
    """A trusted reading; `context` is the meal context of a glucose reading."""

    @property
    def context(self) -> str: ...


@dataclass(frozen=True)
class WeeklyAverage:
    """Average of the readings that one goal judges, in the vendor's unit; `meal` in words, empty where none is stated.

    `context` is the meal context of the goal; `status` is `NOT_EVALUATED` with too few readings or days.
    """

    meal: str
    context: str
    values: tuple[float, ...]
    n: int
    status: ThresholdStatus

    def judge(self, metric: Metric, unit: Unit, thresholds: PatientThresholds) -> Judgement:
        is_judged = self.status is not ThresholdStatus.NOT_EVALUATED
        return judge(metric, self.values, unit, thresholds if is_judged else NO_THRESHOLDS, context=self.context)


@dataclass(frozen=True)
class WeekText:
    """A week as lists show it: the averages, each as judged in a unit, what they don't say, and what marks it."""

    averages: tuple[tuple[WeeklyAverage, Judgement], ...]
    marks: str
    status: ThresholdStatus

    @property
    def worst(self) -> Judgement | None:
        return min((found for _, found in self.averages), key=lambda each: URGENCY_RANKS[each.status], default=None)

    @property
    def average(self) -> str:
        """7-day average 131/79, n 12; or 7-day average 112 before meals, n 5; 150 after meals, n 7."""
        texts = [
            f"{' '.join(filter(None, ('/'.join(found.texts), average.meal)))}, n {average.n}"
            for average, found in self.averages
        ]
        return f"{WEEK_DAYS}-day average {'; '.join(texts)}" if texts else ""


@dataclass(frozen=True)
class MetricWeek:
    """The week of one metric: its averages, glucose by meal, and the range status of all its readings with a value.

    Values beyond the meter are in no average; they are counted by side. `mean` is of the first values, to sort by.
    """

    averages: tuple[WeeklyAverage, ...]
    mean: float | None
    range_status: RangeStatus
    beyond_above: int = 0
    beyond_below: int = 0

    @property
    def says_more_than_a_reading(self) -> bool:
        return self.range_status.n + self.beyond_above + self.beyond_below > 1

    @cached_property
    def average_status(self) -> ThresholdStatus:
        return most_urgent([average.status for average in self.averages])

    @cached_property
    def status(self) -> ThresholdStatus:
        """What the week is marked by: a reading far out, repeated low glucose, else the averages.

        Averages within the goal decide nothing where readings lie on both sides of it.
        """
        beyond = [ThresholdStatus.VERY_LOW] * self.beyond_below + [ThresholdStatus.VERY_HIGH] * self.beyond_above
        found, worst = self.range_status, most_urgent([self.range_status.worst, *beyond])
        if worst.is_far_out:
            return worst
        if found.low_values and found.low_values.side.count >= MIN_MARKED_LOWS:
            return ThresholdStatus.LOW
        cancels = found.below.count and found.above.count and not self.average_status.is_out_of_range
        return worst if cancels else self.average_status

    def format_text(self, metric: Metric, unit: Unit, thresholds: PatientThresholds) -> WeekText:
        judged = tuple((average, average.judge(metric, unit, thresholds)) for average in self.averages)
        return WeekText(judged, ", ".join(self.format_marks(unit)), self.status)

    def format_marks(self, unit: Unit) -> list[str]:
        """What the averages don't say: values beyond the meter, low glucose, far out, on both sides of the goal."""
        below, above, lows = self.range_status.below, self.range_status.above, self.range_status.low_values
        sides = ((self.beyond_below, "below"), (self.beyond_above, "above"))
        marks = [f"{count} {side} the meter's range" for count, side in sides if count]
        marks += [lows.format_count(unit)] if lows and lows.side.count else []
        if below.far_count and not (lows and lows.side.count):
            marks.append(f"{below.far_count} far below")
        if above.far_count:
            marks.append(f"{above.far_count} far above")
        if not marks and self.status != self.average_status:
            marks.append(f"{above.count} above, {below.count} below {self.range_status.range_name}")
        return marks


def compute_metric_week(
    metric: Metric,
    readings: Sequence[WeekReading],
    *,
    beyond_meter: Sequence[str] = (),
    thresholds: PatientThresholds,
    days: LocalDays,
) -> MetricWeek:
    """Of the trusted readings that were taken in `days`, and of the sides of those beyond the meter."""
    averages = []
    for scope in split_by_meal(metric, [reading.context for reading in readings], thresholds) if readings else ():
        own = [reading for reading in readings if scope.includes(reading.context)]
        values = tuple(statistics.fmean(line) for line in zip(*(reading.values for reading in own), strict=True))
        measured_days = {days.day_index(reading.at) for reading in own}
        enough = len(own) >= MIN_JUDGED_READINGS and len(measured_days) >= MIN_JUDGED_DAYS
        judged = thresholds.evaluate(metric.pk, values, scope.context) if enough else ThresholdStatus.NOT_EVALUATED
        averages.append(WeeklyAverage(scope.meal_label, scope.context, values, len(own), judged))
    return MetricWeek(
        averages=tuple(averages),
        mean=statistics.fmean(reading.values[0] for reading in readings) if readings else None,
        range_status=compute_range_status(metric.pk, readings, thresholds=thresholds, zone=days.zone),
        beyond_above=beyond_meter.count(BeyondMeter.ABOVE),
        beyond_below=beyond_meter.count(BeyondMeter.BELOW),
    )
