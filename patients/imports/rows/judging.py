"""One row of an import through the patient form and the admission, as if a coordinator had typed it."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction

from patients.care import team
from patients.enrollment import admission
from patients.enrollment.forms import PatientForm
from patients.folding import compact_mrn, fold_case, fold_mrn, is_same_name
from patients.imports.models import ImportRow, RowState
from patients.imports.reading.tables import OVERFLOW
from patients.imports.rows.billing_facts import FACT_FIELDS, RowFacts
from patients.imports.rows.columns import FIELD_LABELS, FULL_NAME
from patients.imports.rows.values import CellRules, Value, convert_cell
from patients.models import Clinic, Patient, Sex, User
from patients.zip_codes import address_problem

SAME_IN_FILE = "Row {} of this file is the same person: name and date of birth are the same."
SAME_MRN_IN_FILE = "Row {} of this file has this MRN."
SAME_ID_IN_FILE = "Row {} of this file has this id."
ENROLLED_ALREADY = "This clinic has a patient of this name and date of birth."
SIMILAR_MRN = "This clinic has a patient with almost the same MRN."


class ImportRowForm(PatientForm):
    """The form of one patient, for a clinic that is chosen once per file."""

    def __init__(self, data: Mapping[str, Any], *, clinic: Clinic) -> None:
        self.clinic = clinic
        super().__init__(data, user=None)  # type: ignore[arg-type]  # used by limit_clinic_choices only

    def limit_clinic_choices(self, user: User) -> None:  # noqa: ARG002 - as in the base class
        del self.fields["clinic"]
        self.instance.clinic = self.clinic
        # Constraints are checked where the patient is saved; here it would take a query for each.
        self.instance.validate_constraints = lambda exclude=None: None  # noqa: ARG005

    def prepare_team_fields(self, user: User) -> None:  # noqa: ARG002 - as in the base class
        """A list names the provider only; the care team is chosen afterwards, for many patients at once."""
        for name in team.TEAM_FIELDS:
            del self.fields[name]

    def validate_unique(self) -> None:
        """Checked where the patient is saved."""


@dataclass(frozen=True)
class ImportRules:
    """What holds for all rows of one run."""

    clinic: Clinic
    by: User | None
    mapping: Mapping[str, int]
    cells: CellRules
    dry_run: bool


@dataclass
class RowResult:
    """`problems` and `notes`: pairs of a field ("" for the whole row) and a text."""

    state: RowState = RowState.PROBLEM
    problems: list[tuple[str, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    identity: dict[str, str] = field(default_factory=dict)
    patient: Patient | None = None
    known_patient: Patient | None = None

    def columns(self) -> dict[str, Any]:
        """Of the stored row."""
        return {
            name: getattr(self, name) for name in ("state", "problems", "notes", "identity", "patient", "known_patient")
        }


class SeenRows:
    """Who the earlier rows of this file are: a later row of the same person is a duplicate, by the same folding."""

    def __init__(self, rows: Iterable[ImportRow]) -> None:
        self.names: defaultdict[str, list[tuple[tuple[str, str], int]]] = defaultdict(list)
        self.mrns: dict[str, int] = {}
        self.external_ids: dict[str, int] = {}
        for row in rows:
            self.add(row.number, row.identity)

    def add(self, number: int, identity: Mapping[str, str]) -> None:
        self.names[identity["birth_date"]].append(((identity["given_name"], identity["family_name"]), number))
        if mrn := compact_mrn(identity["mrn"]):
            self.mrns.setdefault(mrn, number)
        if external_id := fold_case(identity["external_id"]):
            self.external_ids.setdefault(external_id, number)

    def find_duplicate(self, identity: Mapping[str, str], *, another_person: bool) -> tuple[str, str] | None:
        """Field and text. A row that is declared another person may have the same name, but no MRN or id of others."""
        if number := self.mrns.get(compact_mrn(identity["mrn"])):
            return "mrn", SAME_MRN_IN_FILE.format(number)
        if number := self.external_ids.get(fold_case(identity["external_id"])):
            return "external_id", SAME_ID_IN_FILE.format(number)
        names = (identity["given_name"], identity["family_name"])
        for other, number in self.names.get(identity["birth_date"], ()) if not another_person else ():
            if is_same_name(names, other):
                return "", SAME_IN_FILE.format(number)
        return None


def judge_row(row: ImportRow, rules: ImportRules, seen: SeenRows) -> RowResult:
    """Enrols the row's patient, if it can be; in a dry run the same is done and rolled back."""
    result = RowResult()
    data = convert_cells(row, rules, result)
    if OVERFLOW in row.kinds.values():
        result.problems.append(("", "This row has more cells than there are headings."))
    form = ImportRowForm(data, clinic=rules.clinic)
    add_form_errors(form, result)
    row_facts = read_facts(data, rules, result)
    if result.problems:
        return result
    fields = form.patient_fields()
    typed_id = str(data.get("external_id", "")).strip()
    result.identity = identity_of(fields, typed_id)
    if duplicate := seen.find_duplicate(result.identity, another_person=row.another_person):
        result.state = RowState.DUPLICATE
        result.problems.append(duplicate)
        return result
    note_address(fields, result)
    enroll_row(row, fields, row_facts, rules, result)
    if result.state in (RowState.READY, RowState.ENROLLED):
        seen.add(row.number, result.identity)
    return result


def convert_cells(row: ImportRow, rules: ImportRules, result: RowResult) -> dict[str, Value]:
    """Values for the form, by field. What can't be converted is a problem of its cell."""
    data: dict[str, Value] = {"sex": Sex.UNKNOWN}  # where the file has none
    for name, index in rules.mapping.items():
        try:
            data[name], note = convert_cell(name, row.cells[index], row.kinds.get(str(index), ""), rules.cells)
        except ValidationError as error:
            result.problems += [(name, text) for text in error.messages]
        else:
            result.notes += [(name, note)] if note else []
    if FULL_NAME in data:
        family, comma, given = str(data.pop(FULL_NAME)).partition(",")
        data |= {"family_name": family, "given_name": given}
        if not comma and len(family.split()) > 1:
            result.problems.append((FULL_NAME, "Write it as “Last, First”, or use a column for each name."))
    return data


def add_form_errors(form: ImportRowForm, result: RowResult) -> None:
    """At the cell that each concerns; a cell that couldn't be converted has its own problem already."""
    said = {name for name, _ in result.problems}
    if FULL_NAME in said:
        said |= {"family_name", "given_name"}
    result.problems += error_pairs(form.errors.get_json_data(), said)


def error_pairs(errors: Mapping[str, list[dict[str, Any]]], said: set[str]) -> list[tuple[str, str]]:
    return [
        ("" if name == NON_FIELD_ERRORS else name, error["message"])
        for name, found in errors.items()
        if name not in said
        for error in found
    ]


def identity_of(fields: Mapping[str, Any], typed_id: str) -> dict[str, str]:
    """By what later rows are compared. An id that wasn't typed is made at enrolment."""
    day: dt.date = fields["birth_date"]
    return {
        "given_name": fields["given_name"],
        "family_name": fields["family_name"],
        "birth_date": day.isoformat(),
        "mrn": fields["mrn"],
        "external_id": typed_id,
    }


def note_address(fields: Mapping[str, Any], result: RowResult) -> None:
    problem = address_problem(zip_code=fields["zip_code"], state=fields["state"], city=fields["city"])
    if problem:
        result.notes.append(("zip_code", f"{problem} Please compare it with the address."))


def read_facts(data: Mapping[str, Value], rules: ImportRules, result: RowResult) -> RowFacts | None:
    """None for a file without columns of facts; a cell that couldn't be converted has its own problem already."""
    if not any(name in rules.mapping for name in FACT_FIELDS):
        return None
    said = {name for name, _ in result.problems}
    found = RowFacts(data, rules.clinic)
    result.problems += [(name, text) for name, text in found.problems if name not in said]
    result.notes += found.notes
    return found


def enroll_row(
    row: ImportRow, fields: dict[str, Any], row_facts: RowFacts | None, rules: ImportRules, result: RowResult
) -> None:
    """A patient whose facts are refused is not enrolled either."""
    try:
        with transaction.atomic() if rules.dry_run or row_facts else contextlib.nullcontext():
            patient = admission.enroll_patient(
                by=rules.by, clinic=rules.clinic, another_person=row.another_person, **fields
            )
            if row_facts:
                row_facts.record(patient, by=rules.by)
            if rules.dry_run:
                transaction.set_rollback(True)
    except admission.PossibleDuplicatePatient as found:
        result.state, result.known_patient = RowState.DUPLICATE, found.patient
        result.problems.append(("mrn", SIMILAR_MRN) if found.has_similar_mrn else ("", ENROLLED_ALREADY))
    except ValidationError as error:
        add_admission_errors(error, fields, rules, result)
    else:
        result.state = RowState.READY if rules.dry_run else RowState.ENROLLED
        result.patient = None if rules.dry_run else patient


def add_admission_errors(
    error: ValidationError, fields: Mapping[str, Any], rules: ImportRules, result: RowResult
) -> None:
    """An error of a constraint belongs to the field in its code; the MRN of another patient makes a duplicate."""
    for name, problems in (error.error_dict if hasattr(error, "error_dict") else {"": [error]}).items():
        for problem in problems:
            place = (problem.code or "") if name in ("", NON_FIELD_ERRORS) else name
            result.problems += [(place if place in FIELD_LABELS else "", text) for text in problem.messages]
            if problem.code == "mrn":  # of the constraint
                result.state = RowState.DUPLICATE
                result.known_patient = rules.clinic.patients.filter(folded_mrn=fold_mrn(fields["mrn"])).first()
