"""One row of the patient list: who, the newest readings with age and mark, and what is under way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from measurements import goals, latest, sparklines
from measurements.latest import Latest
from measurements.sparklines import Sparkline
from measurements.summaries import Baseline
from measurements.units import VENDORS, Units
from patients.models import Patient, Sex
from patients.views import holdings
from patients.views.columns import MEASURED_DAYS
from patients.views.holdings import Holding

COLUMNS = ("blood_pressure", "weight", "glucose", "spO2")
SEX_LETTERS = {Sex.FEMALE: "F", Sex.MALE: "M"}


@dataclass(frozen=True)
class PatientRow:
    patient: Patient
    cells: list[Latest | None]
    weight: Baseline | None
    last_at: dt.datetime | None
    days_measured: int
    holdings: list[Holding]
    spark: Sparkline | None

    @property
    def sex_letter(self) -> str:
        return SEX_LETTERS.get(Sex(self.patient.sex), "")

    @property
    def connected(self) -> int:
        return sum(holding.connected for holding in self.holdings)

    @property
    def under_way(self) -> list[Holding]:
        return [holding for holding in self.holdings if not holding.connected]


def rows_of(patients: Sequence[Patient], *, now: dt.datetime, units: Units = VENDORS) -> list[PatientRow]:
    """Eight queries, however many patients."""
    bounds = goals.of_many(patients)
    newest = latest.of_many(patients, goals=bounds, units=units)
    weights = latest.usual_weights(patients, goals=bounds, now=now)
    measured = latest.days_measured(patients, days=MEASURED_DAYS, now=now)
    held = holdings.of_many(patient.pk for patient in patients)
    sparks = sparklines.of_many({pk: [row.metric for row in rows] for pk, rows in newest.items()}, now=now, units=units)
    return [
        PatientRow(
            patient=patient,
            cells=[_newest(newest.get(patient.pk, []), code) for code in COLUMNS],
            weight=weights.get(patient.pk),
            last_at=max((row.taken_at for row in newest.get(patient.pk, []) if row.metric.vital), default=None),
            days_measured=measured.get(patient.pk, 0),
            holdings=held.get(patient.pk, []),
            spark=sparks.get(patient.pk),
        )
        for patient in patients
    ]


def _newest(rows: list[Latest], code: str) -> Latest | None:
    return next((row for row in rows if row.metric.pk == code), None)
