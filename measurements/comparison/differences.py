"""Differences between two ranges in words: averages with n and shares out of goal. No statistics beyond these."""

from __future__ import annotations

from dataclasses import dataclass

from measurements.chart.panels import Panel, Series
from measurements.numbers import format_number, format_share
from measurements.thresholds.evaluation import range_name
from measurements.thresholds.judgement import Judgement, judge_values
from measurements.thresholds.metric_scopes import MetricScope
from measurements.units import Unit

MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class RangeFigures:
    """Of the trusted readings of one scope in one range. `judgement` has no values without any."""

    judgement: Judgement
    n: int
    out_count: int
    beyond_meter_count: int

    @property
    def average(self) -> str:
        return self.judgement.text

    @property
    def out_share(self) -> str:
        """20 of 24 (83 %)."""
        return f"{self.out_count} of {self.n} ({format_share(self.out_count, self.n)})" if self.n else ""


NO_FIGURES = RangeFigures(Judgement((), ()), 0, 0, 0)


def paired_figures(before: Panel | None, after: Panel | None) -> tuple[RangeFigures, RangeFigures]:
    """Both averages with as many decimals as the one that needs more of them."""
    places = max(judge_average(panel).more_places for panel in (before, after) if panel)
    first, second = (
        RangeFigures(
            judge_average(panel, places), panel.summary.n, panel.summary.status.out_count, len(panel.beyond_meter)
        )
        if panel
        else NO_FIGURES
        for panel in (before, after)
    )
    return first, second


def judge_average(panel: Panel, more_places: int = 0) -> Judgement:
    goals = [line.threshold for line in panel.series]
    return judge_values(panel.summary.average, goals, panel.unit, panel.metric, more_places=more_places)


@dataclass(frozen=True)
class ScopeDifference:
    """One scope in both ranges. `range_name`: goal or expected range; empty where the patient has none."""

    scope: MetricScope
    unit: Unit
    series: tuple[Series, ...]
    before: RangeFigures
    after: RangeFigures

    @property
    def range_name(self) -> str:
        return range_name(self.scope.metric.pk) if any(line.threshold for line in self.series) else ""

    @property
    def rows(self) -> tuple[tuple[str, RangeFigures], ...]:
        return ("Before", self.before), ("After", self.after)

    @property
    def changes(self) -> list[float]:
        """After less before for each value, of the numbers that are shown, so that a reader can check them."""
        before, after = self.before.judgement, self.after.judgement
        pairs = zip(before.values, after.values, strict=False)
        return [
            self.unit.round_value(last, after.more_places) - self.unit.round_value(first, before.more_places)
            for first, last in pairs
        ]

    @property
    def signed_change(self) -> str:
        """With signs, such as -11/-8; empty where one range has no average."""
        return "/".join(
            f"{'+' if change > 0 else MINUS if change < 0 else ''}{self.format_size(change)}" for change in self.changes
        )

    @property
    def change_words(self) -> str:
        """systolic 11 lower, diastolic no difference."""
        named = [f"{line.label} " if len(self.series) > 1 else "" for line in self.series]
        return ", ".join(
            f"{name}{self.describe_change(change)}" for name, change in zip(named, self.changes, strict=False)
        )

    def describe_change(self, change: float) -> str:
        size = self.format_size(change)
        if not float(size):
            return "no difference"
        return f"{size} {'higher' if change > 0 else 'lower'}"

    def format_size(self, change: float) -> str:
        places = max(self.before.judgement.more_places, self.after.judgement.more_places)
        return format_number(abs(change), self.unit.decimals + places)

    @property
    def sentences(self) -> list[str]:
        said = [self.average_sentence]
        if self.range_name and (self.before.n or self.after.n):
            shares = [
                f"{figures.out_share} {side}"
                for figures, side in ((self.before, "before"), (self.after, "after"))
                if figures.n
            ]
            said.append(f"Out of {self.range_name}: {', '.join(shares)}.")
        beyond = self.before.beyond_meter_count, self.after.beyond_meter_count
        if any(beyond):
            said.append(f"Beyond the meter, in no average: {beyond[0]} before, {beyond[1]} after.")
        return said

    @property
    def average_sentence(self) -> str:
        parts = [
            f"average {figures.average} {self.unit.name} {side} (n {figures.n})" if figures.n else f"no readings {side}"
            for figures, side in ((self.before, "before"), (self.after, "after"))
        ]
        if self.changes:
            said = f"{parts[0]}, {parts[1].removeprefix('average ')}: {self.change_words}"
        else:
            said = "; ".join(parts)
        return f"{said[0].upper()}{said[1:]}."
