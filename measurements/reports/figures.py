"""Figures of one chart in words: averages with n, range, out of goal, and what is known beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from measurements.chart.date_range import DateRange
from measurements.chart.panels import Panel, format_values
from measurements.check_reasons import BLOOD_PRESSURE
from measurements.reports.home_average import HomeAverage
from measurements.thresholds.evaluation import PatientThresholds, format_paired_range, range_name
from measurements.thresholds.judgement import NO_THRESHOLDS, Judgement, judge
from patients.models import Patient
from patients.templatetags.time_display import PAPER_PATTERN, local_time
from patients.wording import count_noun


@dataclass(frozen=True)
class DayPart:
    label: str
    average: str
    n: int


@dataclass(frozen=True)
class PanelFigures:
    """In the unit of the reader. Without a trusted reading `n` is 0, and average, parts and range are empty.

    `goal` begins with its name, "goal < 130/80"; `out_of_goal` has a text for each side of it; `facts` are sentences.
    """

    label: str
    unit: str
    goal: str
    n: int
    average: str
    day_parts: list[DayPart]
    value_range: str
    out_of_goal: list[str]
    facts: list[str]


def describe_figures(panel: Panel, *, facts: list[str]) -> PanelFigures:
    """`facts`: further ones, which come first."""
    summary, name = panel.summary, range_name(panel.metric.pk)
    halves = (
        DayPart("before noon", format_values(panel, summary.before_noon), summary.before_noon_count),
        DayPart("from noon", format_values(panel, summary.from_noon), summary.from_noon_count),
    )
    goal, out_of_goal = describe_goal(panel), [count.text for count in panel.range_counts]
    return PanelFigures(
        label=panel.scope.label,
        unit=panel.unit.name,
        goal=f"{name} {goal}" if goal else "",
        n=summary.n,
        average=format_values(panel, summary.average),
        day_parts=[part for part in halves if part.n],
        value_range=describe_value_range(panel),
        out_of_goal=out_of_goal or ([f"none of {summary.n} out of {name}"] if summary.n and goal else []),
        facts=[*facts, *describe_panel_facts(panel)],
    )


def describe_goal(panel: Panel) -> str:
    first, *others = (line.threshold for line in panel.series)
    if first is None:
        return ""
    second = others[0] if others else None
    return format_paired_range(first, second, panel.unit) if second else first.format_range(panel.unit)


def describe_value_range(panel: Panel) -> str:
    """58 to 90; systolic 112 to 168, diastolic 70 to 99."""
    ends = zip(panel.series, panel.summary.lowest, panel.summary.highest, strict=False)
    spans = [
        (line.label, " to ".join(dict.fromkeys(map(panel.unit.format_value, low_and_high))))
        for line, *low_and_high in ends
    ]
    return ", ".join(f"{label} {span}" if len(spans) > 1 else span for label, span in spans)


def describe_panel_facts(panel: Panel) -> Iterator[str]:
    if not panel.summary.n and panel.last_at:
        yield f"the last one was taken {local_time(panel.last_at, PAPER_PATTERN, panel.zone)}"
    beyond = Counter(each.text for each in panel.beyond_meter)
    if beyond:
        counted = ", ".join(f"{text} {count_noun(count, 'time')}" for text, count in sorted(beyond.items()))
        yield f"beyond the meter, value not known, in no average: {counted}"
    if panel.irregular_count and panel.metric.pk == BLOOD_PRESSURE:
        yield f"irregular heartbeat {count_noun(panel.irregular_count, 'time')}"


def judge_home_average(average: HomeAverage, panel: Panel, thresholds: PatientThresholds) -> Judgement:
    """Without a status where the readings are not enough."""
    return judge(panel.metric, average.values, panel.unit, thresholds if average.is_enough else NO_THRESHOLDS)


def describe_home_average(average: HomeAverage, judgement: Judgement, patient: Patient) -> str:
    """7-day home average, Nov 15 to Nov 21, 2026: 134/84, above goal; 24 readings on 6 days, first .., last .."""
    days = DateRange(dates=(average.days.first, average.days.last)).label
    words = [", ".join(filter(None, (judgement.text, judgement.words))), average.basis]
    if average.n:
        first, last = (local_time(at, PAPER_PATTERN, patient.zone) for at in average.period)
        words.append(f"first {first}, last {last}")
    left_out = f"{count_noun(average.left_out, 'reading')} left out" if average.left_out else ""
    return f"{len(average.days)}-day home average, {days}: {'; '.join(filter(None, (*words, left_out)))}"
