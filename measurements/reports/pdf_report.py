"""PDF of a patient's report: its texts and pictures as data of the template `reports/report.typ`."""

from __future__ import annotations

import datetime as dt
from typing import Any

from measurements.chart import svg
from measurements.chart.legend import LegendEntry, describe_band, describe_legend
from measurements.chart.panels import Panel
from measurements.chart.serializer import serialize_charts
from measurements.documents.paper_charts import draw_for_paper
from measurements.documents.pdf import compile_pdf
from measurements.reports.figures import DayPart, PanelFigures
from measurements.reports.forms import Paper
from measurements.reports.patient_report import PatientReport
from measurements.reports.report_notes import NoteLine
from patients.models import User
from patients.templatetags.time_display import PAPER_PATTERN, local_time
from patients.us_states import time_zone_label
from patients.validators import format_phone

TEMPLATE = "reports/report.typ"


def write_pdf(
    report: PatientReport, *, notes: list[NoteLine] | None, paper: Paper, by: User, now: dt.datetime
) -> bytes:
    """`notes` is None for a report without them."""
    data = {
        "paper": paper.value,
        "head": describe_head(report, by, now),
        "rows": [table_row(figures) for figures in report.figures],
        "facts": [{"label": figures.label, "facts": figures.facts} for figures in report.figures if figures.facts],
        "measured": str(report.charts.measured_days.words),
        "gaps": report.gap_words,
        "marks": report.marks,
        "episodes": report.episodes,
        "charts": draw_charts(report),
        "notes": None if notes is None else [{"head": note.head, "text": note.text} for note in notes],
    }
    return compile_pdf(TEMPLATE, data, created_at=now)


def describe_head(report: PatientReport, by: User, now: dt.datetime) -> dict[str, Any]:
    patient, clinic = report.patient, report.patient.clinic
    born = f"born {patient.birth_date:%b} {patient.birth_date.day}, {patient.birth_date.year} ({patient.age_label})"
    sex = "" if patient.sex == "unknown" else patient.get_sex_display().lower()
    printed = local_time(now, PAPER_PATTERN, clinic.zone)
    return {
        "name": patient.name,
        "identity": ", ".join(filter(None, (born, sex, f"MRN {patient.mrn}" if patient.mrn else ""))),
        "conditions": ", ".join(patient.condition_labels),
        "clinic": ", ".join(filter(None, (clinic.name, format_phone(clinic.phone) if clinic.phone else ""))),
        "provider": patient.provider,
        "range": report.range_label,
        "zone": time_zone_label(patient.time_zone),
        "printed": f"Printed {printed}, {time_zone_label(clinic.time_zone)}, by {by.name}",
    }


def table_row(figures: PanelFigures) -> dict[str, Any]:
    parts = {part.label: part for part in figures.day_parts}
    return {
        "label": figures.label,
        "unit": figures.unit,
        "goal": figures.goal,
        "average": count_average(DayPart("", figures.average, figures.n)),
        "parts": [count_average(parts.get(label)) for label in ("before noon", "from noon")],
        "range": figures.value_range,
        "out_of_goal": figures.out_of_goal,
    }


def count_average(part: DayPart | None) -> dict[str, Any] | None:
    return {"text": part.average, "n": part.n} if part and part.n else None


def draw_charts(report: PatientReport) -> list[dict[str, Any]]:
    """Of the vital signs with readings in the range."""
    charts = serialize_charts(report.charts)
    return [
        {
            "title": f"{panel.scope.label}, {panel.unit.name}",
            "svg": draw_for_paper(charts, number),
            "alt": svg.describe_panel(charts, charts["panels"][number]),
            "legend": [f"{entry.symbol} {entry.words}" for entry in describe_lines(panel)],
            "band": describe_band(panel) if panel.plot_data.buckets else "",
        }
        for number, panel in enumerate(report.charts.panels)
        if not panel.empty
    ]


def describe_lines(panel: Panel) -> list[LegendEntry]:
    """Both lines of a blood pressure by their markers, then the marks."""
    lines = [LegendEntry(str(n), line.label) for n, line in enumerate(panel.series, start=1)]
    return [*(lines if len(lines) > 1 else ()), *describe_legend(panel)]
