"""One row of the patient list: who, the newest readings with age and mark, and what is under way.

What the list sorts by is shown as it is kept, in the patient's `Overview`: no row may contradict its place.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.urls import reverse

from fulfillment import equipment
from fulfillment.equipment import Holding
from measurements.chart.statistics import BASELINE_DAYS
from measurements.models import Overview
from measurements.patient_list import sparklines
from measurements.patient_list.columns import MEASURED_DAYS
from measurements.patient_list.sparklines import Sparkline
from measurements.readings import latest_judged
from measurements.readings.latest_judged import Latest
from measurements.thresholds import evaluation
from measurements.thresholds.evaluation import Goals, Standing
from measurements.units import VENDORS, Units
from patients.models import Patient, Sex

SHOWN = {"blood_pressure": "Blood pressure", "weight": "Weight", "glucose": "Glucose", "spO2": "SpO₂"}
NOBODY = uuid.UUID(int=0)
SEX_LETTERS = {Sex.FEMALE: "F", Sex.MALE: "M"}


@dataclass(frozen=True)
class Gain:
    """Of the newest weight over the usual one, lb."""

    gain: float
    standing: Standing


@dataclass(frozen=True)
class Cell:
    """The newest reading of one column, if there is any; `gain` is the weight's."""

    label: str
    reading: Latest | None
    gain: Gain | None = None


@dataclass(frozen=True)
class PatientRow:
    patient: Patient
    address: str
    peek_address: str
    cells: list[Cell]
    last_at: dt.datetime | None
    days_measured: int
    holdings: list[Holding]
    spark: Sparkline | None

    @property
    def weight(self) -> Gain | None:
        return next((cell.gain for cell in self.cells if cell.gain), None)

    @property
    def sex_letter(self) -> str:
        return SEX_LETTERS.get(Sex(self.patient.sex), "")

    @property
    def name(self) -> str:
        return f"{self.patient.family_name}, {self.patient.given_name}"

    @property
    def about(self) -> str:
        """71 F · Hypertension, Diabetes"""
        words = f"{self.patient.age} {self.sex_letter}".strip()
        return " · ".join([words, ", ".join(self.patient.condition_labels)]) if self.patient.conditions else words


def rows_of(patients: Sequence[Patient], *, now: dt.datetime, units: Units = VENDORS) -> list[PatientRow]:
    """Of patients whose `overview` is selected with them: six queries, however many."""
    bounds = evaluation.of_many(patients)
    newest = latest_judged.of_many(patients, goals=bounds, units=units)
    held = equipment.in_brief(patient.pk for patient in patients)
    sparks = sparklines.of_many({pk: [row.metric for row in rows] for pk, rows in newest.items()}, now=now, units=units)
    page, peek = _addresses("patients:page"), _addresses("patients:peek")
    rows = []
    for patient in patients:
        overview = _overview(patient)
        rows.append(
            PatientRow(
                patient=patient,
                address=page(patient),
                peek_address=peek(patient),
                cells=_cells(newest.get(patient.pk, []), _gain(overview, bounds[patient.pk], now)),
                last_at=overview.last_at,
                days_measured=overview.days_measured(last=MEASURED_DAYS, today=now.astimezone(patient.zone).date()),
                holdings=held.get(patient.pk, []),
                spark=sparks.get(patient.pk),
            )
        )
    return rows


def _addresses(name: str) -> Callable[[Patient], str]:
    """The URLconf is asked once for all: asking for each patient took a tenth of the list's time."""
    before, after = reverse(name, args=[NOBODY]).split(str(NOBODY))
    return lambda patient: f"{before}{patient.pk}{after}"


def _cells(newest: Sequence[Latest], gain: Gain | None) -> list[Cell]:
    by_code = {row.metric.pk: row for row in newest}
    return [Cell(label, by_code.get(code), gain if code == "weight" else None) for code, label in SHOWN.items()]


def gain_of(patient: Patient, *, goals: Goals, now: dt.datetime) -> Gain | None:
    """One query, where the overview wasn't selected with the patient."""
    return _gain(_overview(patient), goals, now)


def _overview(patient: Patient) -> Overview:
    """An empty one for somebody who has never measured."""
    return getattr(patient, "overview", None) or Overview(patient=patient)


def _gain(overview: Overview, goals: Goals, now: dt.datetime) -> Gain | None:
    """Of those who weighed themselves in the last week."""
    gain, at = overview.weight_gain, overview.weight_at
    if gain is None or at is None or at < now - dt.timedelta(days=BASELINE_DAYS):
        return None
    return Gain(gain, goals.judge("weight", (gain,), "gain"))
