"""A clinic's report as rows of one table (CSV, XLSX): what a figure is about, its name, value and unit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from measurements.alerts.rule_texts import rule_label
from measurements.clinic_report.alert_load import RuleYield, SeverityLoad
from measurements.clinic_report.report import ClinicReport
from measurements.triage.filters import SECTION_LABELS
from patients.csv_writer import CsvCell

HEADINGS = ("about", "which", "severity", "from", "to", "figure", "value", "unit")
RATE_UNIT = "per 100 patients and week"
MINUTE = dt.timedelta(minutes=1)

Row = tuple[CsvCell, ...]


def report_rows(report: ClinicReport) -> Iterator[Row]:
    """Patients by section are of now, so these rows have no dates."""
    dates = (report.days.first, report.days.last)
    for section, count in report.sections.items():
        yield ("patients now", SECTION_LABELS[section], "", "", "", "patients", count, "patients")
    yield ("patients now", "Not assessed", "", "", "", "patients", report.not_assessed, "patients")
    yield ("measuring", "", "", *dates, "days under monitoring", report.monitored, "patient-days")
    yield ("measuring", "", "", *dates, "days with readings", report.measured, "patient-days")
    yield ("readings", "", "", *dates, "received by webhook", report.readings.by_webhook, "readings")
    yield ("readings", "", "", *dates, "brought by pulls", report.readings.by_pull, "readings")
    yield ("readings", "", "", *dates, "missed by webhooks", report.readings.missed, "readings")
    yield ("readings", "", "", *dates, "finished pulls", report.readings.pulls, "pulls")
    for load in report.loads:
        for figure, value, unit in severity_figures(report, load):
            yield ("alerts", "", load.severity.value, *dates, figure, value, unit)
    for rule in report.rules:
        for figure, value in rule_figures(rule):
            yield ("rule", rule_label(rule.rule), rule.severity.value, *dates, figure, value, "episodes")
    for week in report.weeks:
        of_week = (week.first, week.last)
        yield ("week", "", "", *of_week, "days under monitoring", week.monitored, "patient-days")
        yield ("week", "", "", *of_week, "days with readings", week.measured, "patient-days")
        for severity, opened in week.opened.items():
            yield ("week", "", severity.value, *of_week, "opened", opened, "episodes")


def severity_figures(report: ClinicReport, load: SeverityLoad) -> Iterator[tuple[str, CsvCell, str]]:
    yield "opened", load.opened, "episodes"
    rate = report.rate(load.opened)
    yield "rate", "" if rate is None else Decimal(f"{rate:.2f}"), RATE_UNIT
    yield "answered by a person", load.answered, "episodes"
    yield "resolved by a person", load.resolved, "episodes"
    yield "resolved as measurement error", load.errors, "episodes"
    for what, found in (("time to answer", load.answered_after), ("working time to answer", load.working_time)):
        yield f"{what}, p50", round(found.p50 / MINUTE) if found else "", "minutes"
        yield f"{what}, p90", round(found.p90 / MINUTE) if found else "", "minutes"


def rule_figures(rule: RuleYield) -> Iterator[tuple[str, int]]:
    yield "opened", rule.opened
    yield "acted on", rule.acted_on
    yield "resolved as measurement error", rule.noise
    yield "dissolved, not counted as opened", rule.dissolved
