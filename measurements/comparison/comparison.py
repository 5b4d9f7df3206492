"""Comparison of two ranges of one patient: the panels of both on the same value axis, and their differences."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from django.utils.safestring import SafeString

from measurements.chart import panels, serializer, svg
from measurements.chart.panels import Charts, Panel
from measurements.comparison.differences import ScopeDifference, paired_figures
from measurements.local_days import LocalDays
from measurements.readings import latest_judged
from measurements.thresholds import evaluation
from measurements.units import DisplayUnits
from patients.models import Patient

SIDES = ("before", "after")


@dataclass(frozen=True)
class ComparedScope:
    """`pictures`: a chart for each range with its panel, empty for one without readings."""

    difference: ScopeDifference
    pictures: list[tuple[SafeString, Panel | None]]


@dataclass(frozen=True)
class Comparison:
    """`missing`: labels of vital signs without readings in either range."""

    scopes: list[ComparedScope]
    missing: list[str]
    charts: tuple[Charts, Charts]


def compare_ranges(
    patient: Patient, days: tuple[LocalDays, LocalDays], *, units: DisplayUnits, now: dt.datetime
) -> Comparison:
    """Both judged by the goals of today. The same number of queries for any ranges."""
    thresholds = evaluation.thresholds_for(patient)
    latest = latest_judged.latest_readings(patient, thresholds=thresholds, units=units)
    before, after = (
        panels.build_panels(patient, days=each, thresholds=thresholds, latest=latest, now=now, units=units)
        for each in days
    )
    of_before, of_after = ({panel.scope.key: panel for panel in charts.panels} for charts in (before, after))
    scopes, missing = [], []
    for key in dict.fromkeys([*of_before, *of_after]):
        pair = of_before.get(key), of_after.get(key)
        known = [panel for panel in pair if panel]
        if all(panel.empty and not panel.beyond_meter for panel in known):
            missing.append(known[0].scope.label)
            continue
        difference = ScopeDifference(known[0].scope, known[0].unit, known[0].series, *paired_figures(*pair))
        scopes.append(ComparedScope(difference, draw_both((before, after), pair)))
    return Comparison(scopes, missing, (before, after))


def draw_both(
    charts: tuple[Charts, Charts], pair: tuple[Panel | None, Panel | None]
) -> list[tuple[SafeString, Panel | None]]:
    limits = [panel.axis_limits for panel in pair if panel and not panel.empty]
    axis = min((low for low, _ in limits), default=0.0), max((high for _, high in limits), default=1.0)
    sides = zip(SIDES, charts, pair, strict=True)
    return [(draw_side(side, of_side, panel, axis), panel) for side, of_side, panel in sides]


def draw_side(side: str, charts: Charts, panel: Panel | None, axis: tuple[float, float]) -> SafeString:
    """The side is part of the ids in the picture, because a page has two of each chart."""
    if panel is None or panel.empty:
        return SafeString()
    page = serializer.serialize_charts(replace(charts, panels=[replace(panel, axis_limits=axis)]))
    (drawn,) = page["panels"]
    return svg.draw_panel(page, drawn | {"code": f"{side}-{drawn['code']}", "label": f"{drawn['label']} {side}"})
