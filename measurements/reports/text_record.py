"""Text for the record: a report as plain text, to be pasted into an electronic health record (EHR)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from measurements.reports.figures import PanelFigures
from measurements.reports.patient_report import PatientReport
from patients.templatetags.time_display import PAPER_PATTERN, local_time
from patients.us_states import time_zone_label
from patients.wording import count_noun

# Fields of some health records show a question mark for what is not in Latin-1.
PLAIN_CHARACTERS = str.maketrans(
    {
        "\N{EN DASH}": "-",
        "\N{MINUS SIGN}": "-",
        "≥": ">=",
        "≤": "<=",
        "\N{SUBSCRIPT TWO}": "2",
        "\N{NO-BREAK SPACE}": " ",
    }
)


def write_record_text(report: PatientReport, *, now: dt.datetime) -> str:
    """Lines without markup; what belongs to a vital sign is indented."""
    blocks = [
        write_head(report),
        *(write_figures(figures) for figures in report.figures),
        write_facts(report),
        write_foot(report, now),
    ]
    return "\n\n".join("\n".join(block) for block in blocks).translate(PLAIN_CHARACTERS)


def write_head(report: PatientReport) -> Iterator[str]:
    """With the patient's name: a text in the record of another patient is noticed."""
    patient, born = report.patient, report.patient.birth_date
    yield f"{patient.name}, born {born:%b} {born.day}, {born.year}{f', MRN {patient.mrn}' if patient.mrn else ''}"
    length = count_noun(len(report.days), "day")
    yield f"Home readings, {report.range_label} ({length}), times in {time_zone_label(patient.time_zone)}"
    yield f"Readings on {report.charts.measured_days.words}"


def write_figures(figures: PanelFigures) -> Iterator[str]:
    yield ", ".join(filter(None, (figures.label, figures.unit, figures.goal)))
    if figures.n:
        parts = [f"{part.label} {part.average}, n {part.n}" for part in figures.day_parts]
        yield f"  average {'; '.join([f'{figures.average}, n {figures.n}', *parts])}"
        yield f"  range {figures.value_range}"
    else:
        yield "  no readings that count in these days"
    yield from (f"  {words}" for words in (*figures.out_of_goal, *figures.facts))


def write_facts(report: PatientReport) -> Iterator[str]:
    yield f"Days without readings: {report.gap_words}"
    if report.marks:
        yield "Quality marks"
        yield from (f"  {words}" for words in report.marks)
    if report.episodes:
        yield "Alerts"
        yield from (f"  {words}" for words in report.episodes)


def write_foot(report: PatientReport, now: dt.datetime) -> Iterator[str]:
    clinic = report.patient.clinic
    written = local_time(now, PAPER_PATTERN, clinic.zone)
    yield f"Written {written}, {time_zone_label(clinic.time_zone)}; {clinic.name}, Vitals at Home"
