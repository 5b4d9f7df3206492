"""Pages of imports: the list, and one import with its rows, each problem beside its cell."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import HttpRequest

from patients.audit import audit_log
from patients.imports.models import ImportRow, ImportState, PatientImport, RowState
from patients.imports.results import count_states
from patients.imports.rows.columns import FIELD_LABELS, FULL_NAME
from patients.lists.filters import FilterChoice, ListFilter, SelectedFilters
from patients.lists.pagination import PageRequest, SortKey, paginate
from patients.lists.sorting import ListColumn
from patients.models import AuditEvent, Patient, User

PAGE_SIZE = 50
ROWS_PAGE_SIZE = 100
LIST_COLUMNS = tuple(ListColumn(label) for label in ("File", "State", "Rows", "By", "Uploaded"))
LIST_KEYS = (SortKey("created_at", descending=True), SortKey("pk"))
ROW_KEYS = (SortKey("number"), SortKey("pk"))


@dataclass(frozen=True)
class DisplayedCell:
    heading: str
    text: str
    problems: list[str]
    notes: list[str]


@dataclass(frozen=True)
class DisplayedRow:
    row: ImportRow
    cells: list[DisplayedCell]
    problems: list[str]
    label: str
    tone: str
    patient: Patient | None  # the enrolled one, or the one that the row is a duplicate of
    may_be_another_person: bool


def import_list_context(request: HttpRequest, user: User) -> dict[str, Any]:
    """No patient is on this page, so nothing is audited."""
    visible = PatientImport.objects.visible_to(user)
    page = paginate(
        visible,
        keys=LIST_KEYS,
        request=PageRequest.from_query(request.GET),
        size=PAGE_SIZE,
        anchors=visible,
        rows=visible.select_related("by", "clinic"),
    )
    return {"page": page, "columns": LIST_COLUMNS, "filter_query": ""}


def import_page_context(request: HttpRequest, user: User, patient_import: PatientImport) -> dict[str, Any]:
    version = patient_import.live_version()  # before the rows: a change meanwhile comes with the next poll
    counts = count_states(patient_import)
    state = ImportState(patient_import.state)
    row_filter = filter_by_state([state for state in RowState if counts[state] or request.GET.get("show") == state])
    chosen = SelectedFilters([row_filter], request.GET)
    rows = patient_import.rows.all()
    page = paginate(
        chosen.apply(rows),
        keys=ROW_KEYS,
        request=PageRequest.from_query(request.GET),
        size=ROWS_PAGE_SIZE,
        anchors=rows,
        rows=rows.select_related("patient", "known_patient"),
    )
    shown_rows = [displayed_row(row, patient_import) for row in page.rows]
    audit_log.record_event(
        AuditEvent.Action.LIST,
        by=user,
        patients=[shown.patient.pk for shown in shown_rows if shown.patient],
        clinic=patient_import.clinic,
        target=f"import:{patient_import.pk}",
    )
    return {
        "version": version,
        "patient_import": patient_import,
        "state": state,
        "counts": counts,
        "done": patient_import.rows.filter(run=patient_import.run).count() if patient_import.is_active else 0,
        "page": page,
        "shown_rows": shown_rows,
        "headings": [FIELD_LABELS[name] for name in shown_fields(patient_import)],
        "filter_query": chosen.query,
        "filter_rows": chosen.filter_rows({row_filter.name: {"": sum(counts.values())} | counts}),
        "is_checked": state == ImportState.CHECKED,
        "is_finished": state == ImportState.FINISHED,
        "may_undo": not patient_import.dry_run and state in (ImportState.FINISHED, ImportState.STOPPED),
        "is_stopped": state == ImportState.STOPPED,
        "needs_columns": state == ImportState.COLUMNS,
        "may_discard": state in (ImportState.COLUMNS, ImportState.CHECKED),
    }


def filter_by_state(states: list[RowState]) -> ListFilter:
    return ListFilter("show", "Rows", {state.value: FilterChoice(str(state.label), Q(state=state)) for state in states})


def shown_fields(patient_import: PatientImport) -> list[str]:
    """Fields that the file has, in the order of the form."""
    return [name for name in FIELD_LABELS if name in patient_import.mapping]


def displayed_row(row: ImportRow, patient_import: PatientImport) -> DisplayedRow:
    fields = shown_fields(patient_import)
    problems, notes = texts_by_field(row.problems, fields), texts_by_field(row.notes, fields)
    cells = [
        DisplayedCell(FIELD_LABELS[name], cell_at(row, patient_import.mapping[name]), problems[name], notes[name])
        for name in fields
    ]
    state = RowState(row.state)
    is_same_person = state == RowState.DUPLICATE and not any(name for name, _ in row.problems)
    return DisplayedRow(
        row=row,
        cells=cells,
        problems=problems[""],
        label=str(state.label),
        tone=state.tone,
        patient=row.patient or row.known_patient,
        may_be_another_person=is_same_person and patient_import.state == ImportState.CHECKED,
    )


def texts_by_field(pairs: list[list[str]], fields: list[str]) -> defaultdict[str, list[str]]:
    """What concerns a field without a column is shown at the column of the whole name, or at the row."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name, text in pairs:
        place = FULL_NAME if name in ("family_name", "given_name") and FULL_NAME in fields else name
        found[place if place in fields else ""].append(text)
    return found


def cell_at(row: ImportRow, index: int) -> str:
    """Empty once the file's rows are purged."""
    return row.cells[index] if index < len(row.cells) else ""
