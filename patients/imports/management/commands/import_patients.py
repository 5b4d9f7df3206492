from __future__ import annotations

import argparse
import contextlib
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from patients.imports import results, runs
from patients.imports.models import PatientImport, RowState
from patients.imports.reading.tables import MAX_FILE_BYTES, UnreadableFile
from patients.imports.rows.columns import FIELD_LABELS, fold_heading, mapping_problem
from patients.imports.rows.questions import DATE_ORDER, DATE_ORDER_CHOICES, MAX_MRN_DIGITS, MRN_DIGITS, QUESTION_TEXTS
from patients.models import Clinic
from patients.wording import count_noun


class Command(BaseCommand):
    help = "Import patients from a CSV file or an Excel workbook, as the page /imports/ does.."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--clinic", required=True, metavar="SLUG", help="short name of the clinic")
        parser.add_argument("--dry-run", action="store_true", help="check all rows; store nothing")
        parser.add_argument("--format", choices=["text", "json"], default="text")
        parser.add_argument(
            "--column", action="append", default=[], metavar="FIELD=HEADING", help=f"fields: {', '.join(FIELD_LABELS)}"
        )
        parser.add_argument("--date-order", choices=[name for name, _ in DATE_ORDER_CHOICES])
        parser.add_argument("--mrn-digits", type=int, choices=range(MAX_MRN_DIGITS + 1), metavar="DIGITS")

    def handle(self, *, file: Path, clinic: str, dry_run: bool, **options: Any) -> None:
        found = Clinic.objects.filter(slug=clinic).first()
        if found is None:
            raise CommandError(f"No clinic has the short name {clinic}.")
        try:
            patient_import = runs.create_import(clinic=found, by=None, name=file.name, content=read_limited(file))
        except UnreadableFile as refusal:
            if options["format"] == "json":
                self.stdout.write(json.dumps({"clinic": clinic, "file": file.name, "refused": str(refusal)}))
            raise CommandError(str(refusal)) from refusal
        try:
            self.choose_columns(patient_import, options)
            runs.run_now(patient_import, dry_run=dry_run)
            self.report(patient_import, dry_run=dry_run, as_json=options["format"] == "json")
        finally:
            if dry_run or not patient_import.rows.exclude(state=RowState.WAITING).exists():
                with contextlib.suppress(runs.StaleImport):  # interrupted: a worker may have it
                    runs.discard_import(patient_import, by=None)

    def choose_columns(self, patient_import: PatientImport, options: dict[str, Any]) -> None:
        """The matched columns, changed by --column. Raises CommandError with what is missing."""
        mapping = dict(patient_import.mapping)
        headings = [fold_heading(heading) for heading in patient_import.headings]
        for text in options["column"]:
            name, _, heading = text.partition("=")
            if name not in FIELD_LABELS or fold_heading(heading) not in headings:
                raise CommandError(f"--column {text}: no such field or heading.")
            index = headings.index(fold_heading(heading))
            mapping = {other: at for other, at in mapping.items() if at != index} | {name: index}
        wanted = {DATE_ORDER: options["date_order"], MRN_DIGITS: options["mrn_digits"]}
        answers = {name: answer for name, answer in wanted.items() if answer is not None}
        runs.set_columns(patient_import, mapping, answers=answers)
        refusal = mapping_problem(mapping) or " ".join(
            f"{QUESTION_TEXTS[name]} Answer by --{name.replace('_', '-')}." for name in patient_import.questions
        )
        if refusal and options["format"] == "json":
            self.stdout.write(json.dumps(results.import_as_json(patient_import, dry_run=True) | {"refused": refusal}))
        if refusal:
            raise CommandError(refusal)

    def report(self, patient_import: PatientImport, *, dry_run: bool, as_json: bool) -> None:
        result = results.import_as_json(patient_import, dry_run=dry_run)
        if as_json:
            self.stdout.write(json.dumps(result))
            return
        counts = result["counts"]
        for state in RowState:
            if counts[state.value]:
                self.stdout.write(f"{count_noun(counts[state.value], 'row')}: {state.label.lower()}")
        for problem in result["problems"]:
            self.stdout.write(f"row {problem['row']}, {problem['column'] or 'the row'}: {problem['text']}")


def read_limited(file: Path) -> bytes:
    """A byte more than is allowed, at most."""
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{file} can't be read: {error.strerror}.") from error
