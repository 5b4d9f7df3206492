"""Results of an import: counts, JSON for the command line, and the result file with each row's fate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Count

from patients.audit import audit_log
from patients.csv_writer import write_csv
from patients.imports.models import ImportRow, PatientImport, RowState
from patients.imports.rows.columns import FIELD_LABELS
from patients.imports.rows.questions import QUESTION_TEXTS
from patients.models import AuditEvent, User

MAX_PROBLEMS_SHOWN = 100
RESULT_HEADINGS = ("Row", "Result", "Account id at Tenovi", "Problems", "Notes")


SAMPLE_CELLS = {
    "family_name": ("Delgado", "O'Brien"),
    "given_name": ("Rosa", "Liam"),
    "birth_date": ("04/19/1951", "11/30/1948"),
    "sex": ("female", "male"),
    "mrn": ("A-00123", "A-00124"),
    "phone": ("(603) 555-0142", "(603) 555-0143"),
    "sms_consent": ("yes", "no"),
    "street": ("12 Alder Street", "7 Birch Lane"),
    "street_2": ("", "Apt 3"),
    "city": ("Concord", "Manchester"),
    "state": ("NH", "NH"),
    "zip_code": ("03301", "03101"),
    "provider": ("Dr. Imani Okafor", ""),
    "conditions": ("Hypertension; Heart failure", "Diabetes"),
}


def sample_csv() -> str:
    """A file with the recognised headings and invented people, to fill in."""
    headings = [FIELD_LABELS[name] for name in SAMPLE_CELLS]
    return write_csv(headings, zip(*SAMPLE_CELLS.values(), strict=True))


def count_states(patient_import: PatientImport) -> dict[str, int]:
    """Rows by RowState, zeros included."""
    found = patient_import.rows.order_by().values("state").annotate(rows=Count("pk"))
    counts = {entry["state"]: entry["rows"] for entry in found}
    return {state.value: counts.get(state.value, 0) for state in RowState}


def field_label(name: str) -> str:
    return FIELD_LABELS.get(name, "")


def describe_texts(pairs: list[list[str]]) -> str:
    """Problems or notes of a row in one line."""
    return " ".join(f"{field_label(name)}: {text}" if name else text for name, text in pairs)


def result_rows(patient_import: PatientImport) -> Iterator[list[str]]:
    rows = patient_import.rows.select_related("patient").order_by("number")
    for row in rows.iterator(chunk_size=1_000):
        external_id = row.patient.external_id if row.patient else ""
        fate = [str(row.number), RowState(row.state).label, external_id]
        yield [*fate, describe_texts(row.problems), describe_texts(row.notes), *row.cells]


def result_csv(patient_import: PatientImport, *, by: User) -> str:
    """Each row of the file with its fate. Audited as an export of the patients that it names."""
    patients = patient_import.rows.filter(patient__isnull=False).values_list("patient_id", flat=True)
    audit_log.record_event(
        AuditEvent.Action.EXPORT, by=by, patients=patients, clinic=patient_import.clinic,
        target=f"import:{patient_import.pk}", rows=patient_import.total_rows,
    )  # fmt: skip
    return write_csv([*RESULT_HEADINGS, *patient_import.headings], result_rows(patient_import))


def import_as_json(patient_import: PatientImport, *, dry_run: bool) -> dict[str, Any]:
    """What `manage.py import_patients --format json` prints; the names are stable. No value of a cell is in it."""
    rows = list(patient_import.rows.select_related("patient").order_by("number"))
    problems = [entry for row in rows for entry in row_problems(row, patient_import)]
    headings = patient_import.headings
    return {
        "import": None if dry_run else str(patient_import.pk),
        "clinic": patient_import.clinic.slug,
        "file": patient_import.file_name,
        "dry_run": dry_run,
        "state": patient_import.state,
        "columns": {name: headings[index] for name, index in patient_import.mapping.items()},
        "ignored_columns": [name for n, name in enumerate(headings) if n not in patient_import.mapping.values()],
        "questions": [{"name": name, "text": QUESTION_TEXTS[name]} for name in patient_import.questions],
        "notes": patient_import.notes,
        "counts": {"rows": len(rows), **count_states(patient_import)},
        "problem_count": len(problems),
        "problems": problems[:MAX_PROBLEMS_SHOWN],
        "rows": [row_as_json(row) for row in rows],
    }


def row_problems(row: ImportRow, patient_import: PatientImport) -> Iterator[dict[str, Any]]:
    for name, text in row.problems:
        index = patient_import.mapping.get(name)
        column = None if index is None else patient_import.headings[index]
        yield {"row": row.number, "column": column, "field": name or None, "text": text}


def row_as_json(row: ImportRow) -> dict[str, Any]:
    return {
        "row": row.number,
        "state": row.state,
        "external_id": row.patient.external_id if row.patient else None,
        "problems": [{"field": name or None, "text": text} for name, text in row.problems],
        "notes": [{"field": name or None, "text": text} for name, text in row.notes],
    }
