"""Rows of the patient list: patient, latest readings with age and threshold status, devices, sparkline.

Values that the list sorts by come from `PatientSummary`, as the sort does, so that no row contradicts its position.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.db.models import TextField
from django.db.models.functions import Cast

from fulfillment import equipment
from fulfillment.equipment import EquipmentItem
from measurements.local_days import LocalDays, is_recent
from measurements.measured_days import MeasuredDays, count_measured_days
from measurements.models import PatientSummary
from measurements.patient_list import sparklines
from measurements.patient_list.columns import MEASURED_DAYS_WINDOW
from measurements.patient_list.sparklines import Sparkline
from measurements.readings import latest_judged
from measurements.readings.latest_judged import EvaluatedLatestReading
from measurements.thresholds import evaluation
from measurements.thresholds.evaluation import PatientThresholds
from measurements.thresholds.judgement import Judgement, judge_gain
from measurements.units import VENDOR_UNITS, DisplayUnits
from measurements.weeks import week_figures
from measurements.weeks.week_figures import WeekFigures
from measurements.weeks.weekly_average import WeekText
from patients.lists.row_links import row_url
from patients.models import Patient, Sex

VITAL_COLUMN_LABELS = {"blood_pressure": "Blood pressure", "weight": "Weight", "glucose": "Glucose", "spO2": "SpO₂"}
SUMMARY_FIELDS = (
    *("last_at", "measured_days_mask", "last_measured_on", "weight_at", "weight_gain", "usual_weight"),
    "week_due_at",
)
SEX_LETTERS = {Sex.FEMALE: "F", Sex.MALE: "M"}


@dataclass(frozen=True)
class VitalCell:
    """The newest reading of one column, if there is any, and its week; `gain` in the column of the weight."""

    label: str
    reading: EvaluatedLatestReading | None
    gain: Judgement | None = None
    week: WeekText | None = None
    is_old: bool = False  # no recent one: it doesn't rank among recent ones
    day_weight: str = ""  # that the gain is of, where it is another than the newest weight


@dataclass(frozen=True)
class PatientRow:
    patient: Patient
    page_url: str
    preview_url: str
    cells: list[VitalCell]
    last_at: dt.datetime | None
    measured_days: MeasuredDays
    equipment: list[EquipmentItem]
    sparkline: Sparkline | None
    week: WeekFigures = field(default_factory=WeekFigures)

    @property
    def weight_gain(self) -> Judgement | None:
        return next((cell.gain for cell in self.cells if cell.gain), None)

    @property
    def sex_letter(self) -> str:
        return SEX_LETTERS.get(Sex(self.patient.sex), "")

    @property
    def name(self) -> str:
        return self.patient.list_name

    @property
    def marks(self) -> str:
        """irregular heartbeat 2 times, check 1 reading"""
        found = [f"irregular heartbeat {self.week.irregular_words}"] if self.week.irregular_count else []
        found += [f"check {self.week.check_words}"] if self.week.check_count else []
        return ", ".join(found)

    @property
    def demographics(self) -> str:
        """71 y F · Hypertension, Diabetes"""
        age_and_sex = f"{self.patient.age_label} {self.sex_letter}".strip()
        return " · ".join(filter(None, [age_and_sex, ", ".join(self.patient.condition_labels)]))


def patient_rows_for(
    patients: Sequence[Patient], *, now: dt.datetime, units: DisplayUnits = VENDOR_UNITS
) -> list[PatientRow]:
    """Seven queries, however many patients; two more while weeks are due."""
    summaries = PatientSummary.objects.only(*SUMMARY_FIELDS).annotate(week_text=Cast("week", TextField()))
    summary_by_id = summaries.in_bulk([patient.pk for patient in patients])
    thresholds_by_patient = evaluation.thresholds_for_many(patients)
    weeks = week_figures.load_week_figures(summary_by_id, patients, thresholds=thresholds_by_patient, now=now)
    newest = latest_judged.latest_readings_for_many(
        patients, thresholds=thresholds_by_patient, units=units, only_metrics=VITAL_COLUMN_LABELS
    )
    equipment_by_patient = equipment.equipment_summaries(patient.pk for patient in patients)
    usual_weights = {pk: summary.usual_weight for pk, summary in summary_by_id.items()}
    sparks = sparklines.build_sparklines(
        patients, newest, thresholds=thresholds_by_patient, usual_weights=usual_weights, now=now, units=units
    )
    rows, weight_unit = [], units.weight_unit
    for patient in patients:
        summary, zone = summary_by_id.get(patient.pk) or PatientSummary(patient=patient), patient.zone
        days = LocalDays.until(now, zone, days=MEASURED_DAYS_WINDOW)
        week = weeks.get(patient.pk, WeekFigures())
        gain = summary.recent_weight_gain(now=now, zone=zone)
        rows.append(
            PatientRow(
                patient=patient,
                page_url=row_url("patients:page", patient.pk),
                preview_url=row_url("patients:preview", patient.pk),
                cells=build_vital_cells(
                    newest.get(patient.pk, []),
                    None if gain is None else judge_gain(gain, weight_unit, thresholds_by_patient[patient.pk]),
                    weight_unit.format_value((summary.usual_weight or 0.0) + (summary.weight_gain or 0.0)),
                    week,
                    thresholds_by_patient[patient.pk],
                    now,
                    zone,
                ),
                last_at=summary.last_at,
                measured_days=count_measured_days(patient, days, summary.measured_dates(days)),
                equipment=equipment_by_patient.get(patient.pk, []),
                sparkline=sparks.get(patient.pk),
                week=week,
            )
        )
    return rows


def build_vital_cells(
    newest: Sequence[EvaluatedLatestReading],
    gain: Judgement | None,
    day_weight: str,
    week: WeekFigures,
    thresholds: PatientThresholds,
    now: dt.datetime,
    zone: ZoneInfo,
) -> list[VitalCell]:
    """`day_weight` is the weight that the `gain` is of, which may not be the newest one."""
    by_code = {row.metric.code: row for row in newest}
    cells = []
    for code, label in VITAL_COLUMN_LABELS.items():
        reading, own_gain = by_code.get(code), gain if code == "weight" else None
        text, metric_week = None, week.metrics.get(code)
        if reading and metric_week and metric_week.says_more_than_a_reading:
            text = metric_week.format_text(reading.metric, reading.unit, thresholds)
        is_old = reading is not None and not is_recent(reading.taken_at, now=now, zone=zone)
        differs = own_gain is not None and reading is not None and reading.text != day_weight
        cells.append(VitalCell(label, reading, own_gain, text, is_old, day_weight if differs else ""))
    return cells
