"""Chart panels: a patient's vital signs over a range of local days, with the points, statistics and axis of each."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from zoneinfo import ZoneInfo

from measurements.chart import axes, time_of_day
from measurements.chart.beyond_meter import BeyondMeterReading, fetch_beyond_meter_readings
from measurements.chart.points import (
    CLOCK_RESET,
    CLOCK_WORDS,
    IRREGULAR_HEARTBEAT,
    ChartPoint,
    ChartRow,
    CompanionReadings,
    build_left_out_points,
    build_points,
    fetch_chart_rows,
    fetch_left_out_rows,
    fetch_meal_contexts,
    reading_group_key,
)
from measurements.chart.smoothing import PlotData, decimate_points, smooth_points
from measurements.chart.statistics import PanelSummary, summarise_points, trusted_points
from measurements.chart.time_of_day import TimeOfDayBin
from measurements.local_days import ONE_DAY, LocalDays, local_midnight
from measurements.meal_contexts import GLUCOSE, MEAL_CONTEXTS, describe_meal
from measurements.measured_days import MeasuredDays, count_measured_days, group_consecutive_days
from measurements.models import Measurement, Metric
from measurements.readings.latest_judged import EvaluatedLatestReading
from measurements.thresholds.evaluation import EffectiveThreshold, PatientThresholds
from measurements.thresholds.judgement import judge_values
from measurements.thresholds.metric_scopes import MetricScope, split_by_meal
from measurements.thresholds.range_status import RangeCount
from measurements.units import VENDOR_UNITS, DisplayUnits, Unit
from measurements.weights.figures import USUAL_WEIGHT_DAYS, WEIGHT_METRIC, WeightTrend
from patients.models import Patient

DEFAULT_RANGE_DAYS = 30  # local days including today; 0 is everything


@dataclass(frozen=True)
class Series:
    label: str
    threshold: EffectiveThreshold | None


@dataclass(frozen=True)
class StatedMeal:
    """The meal context of some points. `number` is its marker shape, from 1; an unknown context has none, from 4."""

    number: int
    context: str
    words: str


@dataclass(frozen=True)
class Panel:
    """One chart: the readings of a scope in the range, what is drawn of them, and the statistics beside it.

    Values are in the vendor's unit, to be shown in `unit`; `axis_limits` are in `unit` already.
    """

    scope: MetricScope
    unit: Unit
    series: tuple[Series, ...]
    plot_data: PlotData
    smoothed: list[list[float | None]]
    summary: PanelSummary
    axis_limits: tuple[float, float]
    last_at: dt.datetime | None
    zone: ZoneInfo
    beyond_meter: list[BeyondMeterReading]
    weight: WeightTrend | None = None  # of the chart of weight, in a range that includes today
    usual_weight_spans: Sequence[tuple[dt.datetime, dt.datetime]] = ()  # over no other time is its line drawn
    time_of_day_bins: list[TimeOfDayBin] | None = None  # where it is drawn by time of day

    @property
    def metric(self) -> Metric:
        return self.scope.metric

    @property
    def empty(self) -> bool:
        return not (self.plot_data.points or self.plot_data.buckets)

    @property
    def estimated(self) -> bool:
        return any(point.estimated for point in self.plot_data.points)

    @property
    def late(self) -> bool:
        return any(point.late for point in self.plot_data.points)

    @property
    def clock_words(self) -> str:
        """What is wrong with the clocks of the devices, whose points have a frame."""
        clocks = {point.clock for point in self.plot_data.points}
        return ", or ".join(words for clock, words in CLOCK_WORDS.items() if clock in clocks)

    @property
    def needs_check(self) -> bool:
        return any(point.needs_check and not point.left_out for point in self.plot_data.points)

    @property
    def left_out(self) -> bool:
        return any(point.left_out for point in self.plot_data.points)

    @property
    def meals(self) -> list[StatedMeal]:
        """Of the points that state one, the known contexts first."""
        stated = {point.context for point in self.plot_data.points}
        ordered = enumerate([*MEAL_CONTEXTS, *sorted(stated.difference(MEAL_CONTEXTS))])
        described = [StatedMeal(n, context, describe_meal(self.metric.pk, context)) for n, context in ordered]
        return [meal for meal in described if meal.words and meal.context in stated]

    @property
    def range_counts(self) -> list[RangeCount]:
        return self.summary.status.format_counts(self.unit)

    @property
    def irregular_count(self) -> int:
        return sum(point.irregular for point in self.plot_data.points)


def format_values(panel: Panel, values: tuple[float, ...]) -> str:
    """160/94 for two lines, judged against the goals of the panel."""
    return judge_values(values, [line.threshold for line in panel.series], panel.unit, panel.metric).text


@dataclass(frozen=True)
class Charts:
    days: LocalDays
    panels: list[Panel]
    readings_per_day: list[int]
    measured_days: MeasuredDays
    now: dt.datetime

    @property
    def days_with_readings(self) -> list[dt.date]:
        return list_measured_days(self.days, self.readings_per_day)


def list_measured_days(days: LocalDays, readings_per_day: Sequence[int]) -> list[dt.date]:
    return [days.first + ONE_DAY * n for n, count in enumerate(readings_per_day) if count]


def local_days_for(patient: Patient, *, length: int, now: dt.datetime) -> LocalDays:
    """The patient's last `length` days including today; for 0 all since the first vital sign."""
    if length:
        return LocalDays.until(now, patient.zone, days=length)
    first = Measurement.objects.filter(patient=patient, metric__vital=True).first_taken_at()
    return LocalDays.since(first or now, now, patient.zone)


def build_panels(
    patient: Patient,
    *,
    days: LocalDays,
    thresholds: PatientThresholds,
    latest: Sequence[EvaluatedLatestReading],
    now: dt.datetime,
    units: DisplayUnits = VENDOR_UNITS,
    show_left_out: bool = False,
    by_time_of_day: bool = False,
    weight: WeightTrend | None = None,
) -> Charts:
    """Panels for every vital sign that the patient ever sent. Two queries, three with glucose, for any range.

    `show_left_out` adds excluded and control readings as points without effect on the statistics (one more query).
    `by_time_of_day` adds bins of three hours to blood pressure and glucose. `weight` is the current trend, which a
    range that ended before today doesn't show.
    """
    metrics = [row.metric for row in latest if row.metric.vital]
    codes = [metric.pk for metric in metrics]
    rows = fetch_chart_rows(patient, codes=codes, start=days.start, end=days.end)
    rows[IRREGULAR_HEARTBEAT] = [row for row in rows.get(IRREGULAR_HEARTBEAT, ()) if row.value_1]  # not 0
    aside = fetch_left_out_rows(patient, codes=codes, start=days.start, end=days.end) if show_left_out else {}
    with_glucose = rows.get(GLUCOSE) or aside.get(GLUCOSE)
    contexts = fetch_meal_contexts(patient, start=days.start, end=days.end) if with_glucose else {}
    last = {row.metric.pk: row.taken_at for row in latest}
    beyond = fetch_beyond_meter_readings(patient, days)
    companions = CompanionReadings.from_rows(rows)
    panels: list[Panel] = []
    for metric in metrics:
        if metric.pk == IRREGULAR_HEARTBEAT:
            continue
        points = build_points(
            metric,
            rows.get(metric.pk, ()),
            unit=units.unit_for(metric),
            companions=companions,
            contexts=contexts,
            thresholds=thresholds,
        )
        left_out = build_left_out_points(metric, aside.get(metric.pk, ()), contexts=contexts)
        not_known = [reading for reading in beyond if reading.metric == metric.pk]
        stated = {point.context for point in (*points, *left_out)} | {each.context for each in not_known}
        panels += [
            build_panel(
                scope,
                unit=units.unit_for(metric),
                points=select_points(scope, points),
                left_out=select_points(scope, left_out),
                beyond_meter=[each for each in not_known if scope.includes(each.context)],
                days=days,
                thresholds=thresholds,
                last_at=last.get(metric.pk),
                weight=weight if metric.pk == WEIGHT_METRIC and days.end > now else None,
                by_time_of_day=by_time_of_day and metric.pk in time_of_day.TIME_OF_DAY_METRICS,
            )
            for scope in split_by_meal(metric, stated, thresholds)
        ]
    per_day = count_readings_per_day(rows, beyond, days)
    measured = list_measured_days(days, per_day)
    return Charts(days, panels, per_day, count_measured_days(patient, days, measured), now)


def build_panel(
    scope: MetricScope,
    *,
    unit: Unit,
    points: list[ChartPoint],
    left_out: list[ChartPoint],
    beyond_meter: list[BeyondMeterReading],
    days: LocalDays,
    thresholds: PatientThresholds,
    last_at: dt.datetime | None,
    weight: WeightTrend | None,
    by_time_of_day: bool,
) -> Panel:
    metric, series = scope.metric, build_series(scope, thresholds)
    drawn = decimate_points(points, days=days)
    if left_out:
        drawn = replace(drawn, points=sorted([*drawn.points, *left_out], key=lambda point: point.at))
    medians = [ChartPoint(bucket.at, bucket.median) for bucket in drawn.buckets]  # where a band is drawn
    values = [value for point in trusted_points(points) for value in point.values]
    usual = [weight.usual] if weight and weight.usual is not None and values else []
    return Panel(
        scope=scope,
        unit=unit,
        series=series,
        plot_data=drawn,
        smoothed=smooth_points(medians or drawn.points, series_count=len(series), days=len(days)),
        summary=summarise_points(scope, points, thresholds=thresholds, zone=days.zone),
        axis_limits=panel_axis_limits(metric, unit, [*values, *usual]),
        last_at=last_at,
        zone=days.zone,
        beyond_meter=beyond_meter,
        weight=weight,
        usual_weight_spans=measured_week_spans(points, weight.taken_at, days.zone) if weight and usual else (),
        time_of_day_bins=time_of_day.group_by_time_of_day(points, days.zone) if by_time_of_day else None,
    )


def select_points(scope: MetricScope, points: list[ChartPoint]) -> list[ChartPoint]:
    return points if scope.meals is None else [point for point in points if scope.includes(point.context)]


def panel_axis_limits(metric: Metric, unit: Unit, values: list[float]) -> tuple[float, float]:
    shown = [unit.convert_value(value) for value in values] if unit.is_converted else values
    return axes.axis_limits(metric.pk, shown, unit=unit.name if unit.is_converted else "")


def build_series(scope: MetricScope, thresholds: PatientThresholds) -> tuple[Series, ...]:
    metric = scope.metric
    labels = [metric.label_1 or metric.label, *([metric.label_2] if metric.has_second_value else [])]
    return tuple(Series(label.lower(), scope.find_threshold(thresholds, n)) for n, label in enumerate(labels, start=1))


def measured_week_spans(
    points: Iterable[ChartPoint], newest: dt.datetime, zone: ZoneInfo
) -> list[tuple[dt.datetime, dt.datetime]]:
    """Runs of local days with a trusted weight, of the day of the newest one and the seven before."""
    week = LocalDays.until(newest, zone, days=USUAL_WEIGHT_DAYS + 1)
    inside = {week.first + ONE_DAY * week.day_index(point.at) for point in trusted_points(points)}
    runs = group_consecutive_days(sorted(day for day in inside if week.first <= day <= week.last))
    return [(local_midnight(first, zone), local_midnight(last + ONE_DAY, zone)) for first, last in runs]


def count_readings_per_day(
    rows: dict[str, list[ChartRow]], beyond_meter: list[BeyondMeterReading], days: LocalDays
) -> list[int]:
    """Physical readings per day: a blood pressure and its pulse are one. The day of a reset clock is not known."""
    known = (row for of_metric in rows.values() for row in of_metric if row.clock != CLOCK_RESET)
    groups = set(map(reading_group_key, known))
    times = sorted([*(taken_at for _, taken_at, _ in groups), *(reading.at for reading in beyond_meter)])
    return [after - before for before, after in pairwise(bisect_left(times, at) for at in [*days.day_starts, days.end])]
