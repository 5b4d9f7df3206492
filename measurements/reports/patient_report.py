"""Report of one patient over any range: figures of each vital sign, gaps, quality marks, alerts.

Text for the record, page and PDF show the same report.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass

from measurements.chart import panels
from measurements.chart.date_range import DateRange
from measurements.chart.panels import Charts, Panel
from measurements.check_reasons import BLOOD_PRESSURE
from measurements.local_days import LocalDays
from measurements.measured_days import find_gaps
from measurements.models import Measurement
from measurements.readings import latest_judged
from measurements.readings.table import quality_notes
from measurements.reports.episode_lines import fetch_episode_lines
from measurements.reports.figures import PanelFigures, describe_figures, describe_home_average, judge_home_average
from measurements.reports.home_average import fetch_home_average
from measurements.thresholds import evaluation
from measurements.thresholds.evaluation import PatientThresholds
from measurements.units import DisplayUnits
from measurements.weights import trends
from patients.models import Patient
from patients.wording import count_noun

MAX_NAMED_GAPS = 8


@dataclass(frozen=True)
class PatientReport:
    """`gaps`: first and last day of each run of days without readings. `marks`: a text for each metric with any."""

    patient: Patient
    charts: Charts
    figures: list[PanelFigures]
    gaps: list[tuple[dt.date, dt.date]]
    marks: list[str]
    episodes: list[str]

    @property
    def days(self) -> LocalDays:
        return self.charts.days

    @property
    def range_label(self) -> str:
        """Oct 23 to Nov 21, 2026."""
        return DateRange(dates=(self.days.first, self.days.last)).label

    @property
    def gap_words(self) -> str:
        """5 days: Nov 3, 2026; Nov 10 to Nov 13, 2026. Of many gaps, the longest are named."""
        if not self.gaps:
            return "none"
        named = sorted(sorted(self.gaps, key=lambda gap: gap[0] - gap[1])[:MAX_NAMED_GAPS])
        words = [DateRange(dates=gap).label for gap in named]
        if others := len(self.gaps) - len(named):
            words.append(f"and {count_noun(others, 'shorter gap')}")
        count = sum((last - first).days + 1 for first, last in self.gaps)
        return f"{count_noun(count, 'day')}: {'; '.join(words)}"


def build_report(patient: Patient, *, days: LocalDays, units: DisplayUnits, now: dt.datetime) -> PatientReport:
    """In the same number of queries for any range."""
    thresholds = evaluation.thresholds_for(patient)
    charts = panels.build_panels(
        patient,
        days=days,
        thresholds=thresholds,
        latest=latest_judged.latest_readings(patient, thresholds=thresholds, units=units, on_paper=True),
        now=now,
        units=units,
        weight=trends.fetch_current_trend(patient, now=now),
    )
    return PatientReport(
        patient=patient,
        charts=charts,
        figures=[
            describe_figures(panel, facts=describe_facts(patient, panel, charts, thresholds)) for panel in charts.panels
        ],
        gaps=find_gaps(patient, days, charts.days_with_readings, today=now.astimezone(patient.zone).date()),
        marks=count_quality_marks(patient, days),
        episodes=fetch_episode_lines(patient, days, units),
    )


def describe_facts(patient: Patient, panel: Panel, charts: Charts, thresholds: PatientThresholds) -> list[str]:
    """The home average of a blood pressure, the change from the usual weight."""
    if panel.metric.pk == BLOOD_PRESSURE:
        average = fetch_home_average(patient, last=charts.days.last, now=charts.now)
        return [describe_home_average(average, judge_home_average(average, panel, thresholds), patient)]
    gain = trends.judge_trend(panel.weight, panel.unit, thresholds)
    if panel.weight is None or gain is None:
        return []
    day = DateRange(dates=(panel.weight.day, panel.weight.day)).label
    change = ", ".join(filter(None, (f"{gain.text} from usual weight", gain.words)))
    return [f"{day}: {panel.unit.format_value(panel.weight.weight)}, {change}"]


def count_quality_marks(patient: Patient, days: LocalDays) -> list[str]:
    """Blood pressure: 2 came over 24 h late; 1 excluded: cuff too loose."""
    found = Measurement.objects.filter(patient=patient, metric__vital=True).between(days.list_start, days.end).marked()
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for reading in found.select_related("metric").order_by("metric__position", "taken_at").iterator(chunk_size=2000):
        excluded = [f"excluded: {reading.excluded_reason}"] if reading.excluded_at else []
        counts[reading.metric.label].update([*quality_notes(reading), *excluded])
    return [
        f"{label}: {'; '.join(f'{count} {words}' for words, count in counted.items())}"
        for label, counted in counts.items()
    ]
