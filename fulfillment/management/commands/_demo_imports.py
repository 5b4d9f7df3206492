"""One finished import of the demo: two new patients, one of the clinic already, one row with a problem."""

from __future__ import annotations

from patients.csv_writer import write_csv
from patients.imports import runs
from patients.imports.models import PatientImport
from patients.models import Clinic, Patient, User

HEADINGS = (
    *("Last name", "First name", "Date of birth", "Sex", "MRN", "Phone", "Street", "City", "State", "ZIP"),
    "Conditions",
)
ADDRESS = ("Concord", "NH", "3301")
NEW_PEOPLE = (
    ("Amari", "Dalia", "07/22/1957", "f", "IM-2041", "(603) 555-0171", "31 Spruce Street", *ADDRESS, "HTN"),
    ("Beaulieu", "Theo", "11/30/1949", "m", "IM-2042", "(603) 555-0172", "8 Pleasant Street", *ADDRESS, "COPD; HTN"),
    ("Castellano", "Ines", "02/30/1961", "f", "IM-2043", "(603) 555-0173", "5 Rumford Street", *ADDRESS, "diabetes"),
)  # fmt: skip


def create_demo_import(*, clinic: Clinic, by: User) -> None:
    """Once; checked and enrolled as the worker does it."""
    if PatientImport.objects.exists():
        return
    known = Patient.objects.visible_to(by).order_by("family_name", "pk").first()
    rows = [*NEW_PEOPLE, *([known_person(known)] if known else [])]
    created = runs.create_import(
        clinic=clinic, by=by, name="new-patients-november.csv", content=write_csv(HEADINGS, rows).encode()
    )
    runs.choose_columns(created, created.mapping, answers=created.answers, by=by)
    runs.run_to_completion(created)
    runs.start_import(created, by=by, run=created.run)
    runs.run_to_completion(created)


def known_person(patient: Patient) -> tuple[str, ...]:
    day = patient.birth_date.strftime("%m/%d/%Y")
    return (patient.family_name, patient.given_name, day, "", "IM-2044", "", "", "", "", "", "")
