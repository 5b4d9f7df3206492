"""Runs of an import: upload, columns, checking (dry run) and importing, row by row in transactions of their own.

Rows are worked on in the file's order, by whichever worker has the import's lease. A row that is done has the number
of the run, so a run continues after a kill where it was, and no row is enrolled twice.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from patients.audit import audit_log
from patients.files import stored_files
from patients.files.xlsx_writer import XLSX_TYPE
from patients.imports.models import ImportRow, ImportState, PatientImport, RowState
from patients.imports.reading.files import is_workbook, read_table
from patients.imports.rows.columns import mapping_problem, match_headings
from patients.imports.rows.judging import ImportRules, SeenRows, judge_row
from patients.imports.rows.questions import answer_from_file, open_questions
from patients.imports.rows.values import MONTH_FIRST, CellRules
from patients.models import AuditEvent, Clinic, User
from patients.queueing.wakeup import wake_worker
from patients.queueing.work_item import SLICE_SECONDS, Drained, drain, lease_end

logger = logging.getLogger(__name__)

WORK = "patient_imports"
TURN_SECONDS = 20.0  # of one import; then another one gets its turn
BATCH_ROWS = 50  # between two reports of the progress
MAX_ATTEMPTS = 5
BEFORE_IMPORT = (ImportState.COLUMNS, ImportState.CHECKED)
NO_LONGER_ALLOWED = "The person who started it may no longer enrol patients of this clinic."
INTERNAL_ERROR = "A row could not be processed. Operators find the reason in the log."
CSV_TYPE = "text/csv"


class StaleImport(Exception):
    """The import is in another state than the page showed. Nothing was done."""


@transaction.atomic
def create_import(*, clinic: Clinic, by: User | None, name: str, content: bytes) -> PatientImport:
    """Raises UnreadableFile; then nothing is stored."""
    table = read_table(content)
    stored = stored_files.store_file(
        clinic=clinic,
        owner=by,
        name=name,
        content_type=XLSX_TYPE if is_workbook(content) else CSV_TYPE,
        content=content,
    )
    created = PatientImport.objects.create(
        clinic=clinic,
        by=by,
        stored_file=stored,
        file_name=stored.name,
        headings=table.headings,
        notes=table.notes,
        total_rows=len(table.rows),
    )
    ImportRow.objects.bulk_create(
        (ImportRow(patient_import=created, number=row.number, cells=row.cells, kinds=row.kinds) for row in table.rows),
        batch_size=1_000,
    )
    set_columns(created, match_headings(table.headings), answers={})
    record_step(created, "uploaded", by=by)
    return created


def set_columns(patient_import: PatientImport, mapping: Mapping[str, int], *, answers: Mapping[str, Any]) -> None:
    """What the file says itself about its dates takes precedence over an answer."""
    patient_import.mapping = dict(mapping)
    patient_import.answers = dict(answers) | answer_from_file(patient_import)
    patient_import.questions = open_questions(patient_import)
    patient_import.version += 1
    patient_import.save(update_fields=["mapping", "answers", "questions", "version"])


@transaction.atomic
def choose_columns(
    patient_import: PatientImport, mapping: Mapping[str, int], *, answers: Mapping[str, Any], by: User | None
) -> None:
    """Store the columns, and begin a dry run over all rows unless they leave a question open.

    Raises ValidationError while a column is missing, StaleImport once the import runs.
    """
    if problem := mapping_problem(mapping):
        raise ValidationError(problem)
    locked = PatientImport.objects.select_for_update(no_key=True).filter(pk=patient_import.pk, run=patient_import.run)
    if locked.filter(state__in=BEFORE_IMPORT).first() is None:
        raise StaleImport
    set_columns(patient_import, mapping, answers=answers)
    if not patient_import.questions:
        begin_run(patient_import, BEFORE_IMPORT, dry_run=True, by=by)


@transaction.atomic
def start_import(patient_import: PatientImport, *, by: User | None, run: int) -> None:
    """`run` is the check whose result was shown. The patients are enrolled by `by`."""
    if patient_import.run != run:
        raise StaleImport
    begin_run(patient_import, (ImportState.CHECKED,), dry_run=False, by=by)


def run_now(patient_import: PatientImport, *, dry_run: bool) -> None:
    """Check or import in the foreground, for the command line."""
    with transaction.atomic():
        begin_run(patient_import, (ImportState.COLUMNS,), dry_run=dry_run, by=None)
    run_to_completion(patient_import)


@transaction.atomic
def discard_import(patient_import: PatientImport, *, by: User | None) -> None:
    """Delete the file and its rows, of which none is a patient."""
    rows = PatientImport.objects.select_for_update(no_key=True).filter(pk=patient_import.pk)
    current = rows.first()
    if current is None or current.is_active or current.rows.filter(patient__isnull=False).exists():
        raise StaleImport
    record_step(current, "discarded", by=by)
    current.delete()
    if current.stored_file:
        current.stored_file.delete()


def begin_run(
    patient_import: PatientImport, allowed: tuple[ImportState, ...], *, dry_run: bool, by: User | None
) -> None:
    state = ImportState.CHECKING if dry_run else ImportState.IMPORTING
    changes = {
        "state": state, "dry_run": dry_run, "by": by, "run": patient_import.run + 1, "version": F("version") + 1,
        "problem": "", "attempts": 0, "next_attempt_at": timezone.now(), "lease": None, "leased_until": None,
    }  # fmt: skip
    rows = PatientImport.objects.filter(pk=patient_import.pk, run=patient_import.run, state__in=allowed)
    if not rows.update(**changes):
        raise StaleImport
    patient_import.refresh_from_db()
    record_step(patient_import, "check started" if dry_run else "import started", by=by)
    wake_worker(WORK)


@transaction.atomic
def resume_import(patient_import: PatientImport, *, by: User) -> None:
    """Continue the run that has stopped."""
    state = ImportState.CHECKING if patient_import.dry_run else ImportState.IMPORTING
    stopped = PatientImport.objects.filter(pk=patient_import.pk, state=ImportState.STOPPED)
    if not stopped.update(
        state=state, by=by, problem="", attempts=0, next_attempt_at=timezone.now(), version=F("version") + 1
    ):
        raise StaleImport
    record_step(patient_import, "continued", by=by)
    wake_worker(WORK)


@transaction.atomic
def mark_another_person(patient_import: PatientImport, number: int, *, by: User) -> None:
    """The row is another person than the one of the same name and date of birth: it is checked anew, alone."""
    current = PatientImport.objects.select_for_update(no_key=True).filter(pk=patient_import.pk)
    row = patient_import.rows.filter(number=number, state=RowState.DUPLICATE).first()
    if row is None or not current.filter(state=ImportState.CHECKED, run=patient_import.run).exists():
        raise StaleImport
    row.another_person = True
    earlier = patient_import.rows.filter(number__lt=number).enrollable()
    result = judge_row(row, rules_of(patient_import), SeenRows(earlier))
    ImportRow.objects.filter(pk=row.pk).update(another_person=True, **result.columns())
    current.update(version=F("version") + 1)
    record_step(patient_import, "another person", by=by)


def record_step(patient_import: PatientImport, step: str, *, by: User | None) -> None:
    audit_log.record_event(
        AuditEvent.Action.IMPORT,
        by=by,
        clinic=patient_import.clinic,
        target=f"import:{patient_import.pk}",
        step=step,
        rows=patient_import.total_rows,
    )


def process_due_imports(*, seconds: float = SLICE_SECONDS) -> Drained:
    return drain(claim_import, process_claimed, seconds=seconds)


def run_to_completion(patient_import: PatientImport) -> PatientImport:
    """In the foreground. A worker may have it meanwhile."""
    while PatientImport.objects.active().filter(pk=patient_import.pk).exists():
        claimed = PatientImport.objects.active().due().filter(pk=patient_import.pk).claim().first()
        if claimed:
            process_claimed(claimed)
        else:
            time.sleep(0.5)
    patient_import.refresh_from_db()
    return patient_import


def claim_import() -> PatientImport | None:
    return (
        PatientImport.objects.active().due().order_by("next_attempt_at").claim().select_related("clinic", "by").first()
    )


def process_claimed(patient_import: PatientImport) -> None:
    """A turn of rows. A row that can't be processed for a reason of ours is tried again, then stops the import."""
    try:
        process_rows(patient_import)
    except PermissionDenied:
        stop_import(patient_import, NO_LONGER_ALLOWED)
    except (DataError, IntegrityError, ValueError, TypeError, LookupError) as error:
        logger.error("import %s: %s", patient_import.pk, type(error).__name__)
        if patient_import.attempts + 1 >= MAX_ATTEMPTS:
            stop_import(patient_import, INTERNAL_ERROR)
        else:
            patient_import.fail()


def stop_import(patient_import: PatientImport, problem: str) -> None:
    patient_import.release(state=ImportState.STOPPED, problem=problem, version=F("version") + 1)


def process_rows(patient_import: PatientImport, *, seconds: float = TURN_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    with commits_without_waiting():
        is_mine, is_done = process_until(deadline, patient_import)
    if is_done:
        state = ImportState.CHECKED if patient_import.dry_run else ImportState.FINISHED
        patient_import.release(state=state, version=F("version") + 1, finished_at=timezone.now())
    elif is_mine:
        patient_import.release(version=F("version") + 1)


@contextlib.contextmanager
def commits_without_waiting() -> Iterator[None]:
    """Commits of rows don't wait for the disk; the one that ends the turn does, and with it all before.

    A row that a crash of the database takes back is done again: patient and result are in one transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO off")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET synchronous_commit")


def process_until(deadline: float, patient_import: PatientImport) -> tuple[bool, bool]:
    """Whether this worker still has the import, and whether all rows are done."""
    rules, run = rules_of(patient_import), patient_import.run
    seen = SeenRows(patient_import.rows.filter(run=run).enrollable())
    while rows := list(patient_import.rows.not_done(run).order_by("number")[:BATCH_ROWS]):
        if not all(process_row(row, rules, seen, run=run) for row in rows):
            return False, False
        if not patient_import.update_claimed(leased_until=lease_end(), version=F("version") + 1):
            return False, False
        if time.monotonic() > deadline:
            return True, False
    return True, True


def rules_of(patient_import: PatientImport) -> ImportRules:
    answers = patient_import.answers
    cells = CellRules(
        date_order=answers.get("date_order", MONTH_FIRST), mrn_digits=int(answers.get("mrn_digits", 0) or 0)
    )
    return ImportRules(patient_import.clinic, patient_import.by, patient_import.mapping, cells, patient_import.dry_run)


def process_row(row: ImportRow, rules: ImportRules, seen: SeenRows, *, run: int) -> bool:
    """The row's patient and its result are committed together. False: the row was done elsewhere."""
    with transaction.atomic():
        result = judge_row(row, rules, seen)
        stored = ImportRow.objects.filter(pk=row.pk, run=row.run).update(run=run, **result.columns())
        if not stored:
            transaction.set_rollback(True)
    return bool(stored)
