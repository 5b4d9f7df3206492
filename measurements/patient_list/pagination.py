"""A page of the list by its place: after or before one patient. No page costs more than the first one.

The place is named by a patient's id alone, so that no value and no name stands in an address. It moves with the
patient: who has a new reading meanwhile takes the place along.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from measurements.patient_list.columns import Patients, SortColumn
from patients.models import Patient

PAGE_SIZE = 50


class KeysetPosition(NamedTuple):
    """A patient as the list is sorted."""

    pk: uuid.UUID
    family_name: str
    given_name: str
    sorted_by: Any = None


@dataclass(frozen=True)
class SortOrder:
    column: SortColumn
    descending: bool

    @property
    def sorts_by_value(self) -> bool:
        """Or else by the name alone."""
        return self.column.annotate_value is not None

    def keyset_values(self, patients: Patients) -> QuerySet[Patient, Any]:
        """The values of a `Place` for each, in no order."""
        valued = self.column.annotate_value(patients) if self.column.annotate_value else patients
        return valued.order_by().values_list(
            *(KeysetPosition._fields if self.sorts_by_value else KeysetPosition._fields[:-1])
        )

    def position_of(self, patient_id: uuid.UUID, patients: Patients) -> KeysetPosition | None:
        values = self.keyset_values(patients.filter(pk=patient_id)).first()
        return KeysetPosition(*values) if values else None


@dataclass(frozen=True)
class PatientListPage:
    """`before` and `after` are the ids to ask for the neighbouring pages with; None where there is none."""

    patients: list[Patient]
    first_row_number: int
    total: int
    before: uuid.UUID | None
    after: uuid.UUID | None
    query_string: str  # query that brings this page again

    @property
    def last_row_number(self) -> int:
        return self.first_row_number + len(self.patients) - 1

    @property
    def has_other_pages(self) -> bool:
        return self.before is not None or self.after is not None


@dataclass(frozen=True)
class PageRequest:
    """Which page is asked for: the first, or the one next to a patient."""

    patient_id: uuid.UUID | None = None
    backwards: bool = False

    @classmethod
    def from_query(cls, query: dict[str, str]) -> PageRequest:
        for name, backwards in (("after", False), ("before", True)):
            try:
                return cls(uuid.UUID(query.get(name, "")), backwards)
            except ValueError:
                continue
        return cls()


def load_row_patients(visible_patients: Patients, keys: list[uuid.UUID]) -> list[Patient]:
    """With what a row shows of them; a patient who has just left is left out."""
    found = visible_patients.select_related("clinic", "overview").in_bulk(keys)
    return [found[key] for key in keys if key in found]


# Of everybody: keys alone, because whole rows would be carried through the sort. OFFSET 0 keeps a value that is dear
# from being found again for each comparison.
PAGE_KEYS_SQL = """
SELECT id{counted} FROM ({rows} {fence}) AS each(id, family_name, given_name{sorted_by})
{beyond} ORDER BY {ordering} LIMIT %s
"""


def fetch_page_keys(
    order: SortOrder, patients: Patients, position: KeysetPosition | None, *, backwards: bool, counted: bool
) -> tuple[list[uuid.UUID], int]:
    """Of the rows next to the place, one more than a page shows; `counted`: and how many there are there in all."""
    try:
        inner, params = order.keyset_values(patients).query.sql_with_params()
    except EmptyResultSet:  # of nobody
        return [], 0
    beyond, bounds = keyset_condition(order, position, backwards=backwards) if position else ("", [])
    text = PAGE_KEYS_SQL.format(
        rows=inner,
        fence="OFFSET 0" if order.column.is_expensive else "",
        sorted_by=", sorted_by" if order.sorts_by_value else "",
        counted=", count(*) OVER ()" if counted else "",
        beyond=f"WHERE {beyond}" if position else "",
        ordering=order_by_sql(order, backwards=backwards),
    )
    with connection.cursor() as cursor:
        cursor.execute(text, [*params, *bounds, PAGE_SIZE + 1])
        found = cursor.fetchall()
    return [row[0] for row in found], found[0][1] if counted and found else 0


def order_by_sql(order: SortOrder, *, backwards: bool) -> str:
    """Those without a value come last in either direction, and the name decides between equals."""
    falls = order.descending is not backwards
    names_fall = backwards if order.sorts_by_value else falls
    names = ", ".join(f"{name} {SQL_DIRECTIONS[names_fall]}" for name in ("family_name", "given_name", "id"))
    nulls = "FIRST" if backwards else "LAST"
    return f"sorted_by {SQL_DIRECTIONS[falls]} NULLS {nulls}, {names}" if order.sorts_by_value else names


SQL_DIRECTIONS = {True: "DESC", False: "ASC"}
SQL_COMPARISONS = {True: "<", False: ">"}


def keyset_condition(order: SortOrder, position: KeysetPosition, *, backwards: bool) -> tuple[str, list[Any]]:
    """What holds for rows after the place, or before it; with its parameters."""
    falls = order.descending is not backwards
    value, name = position.sorted_by, [position.family_name, position.given_name, position.pk]
    named = (
        f"(family_name, given_name, id) {SQL_COMPARISONS[backwards if order.sorts_by_value else falls]} (%s, %s, %s)"
    )
    if not order.sorts_by_value:
        return named, name
    if value is None:
        return f"sorted_by IS NOT NULL OR {named}" if backwards else f"sorted_by IS NULL AND {named}", name
    without = "" if backwards else " OR sorted_by IS NULL"
    return f"sorted_by {SQL_COMPARISONS[falls]} %s{without} OR sorted_by = %s AND {named}", [value, value, *name]


def paginate_patients(
    patients: Patients,
    *,
    visible_patients: Patients,
    order: SortOrder,
    page_request: PageRequest,
    total: int | None = None,
) -> PatientListPage:
    """`patients` as filtered; `everybody` whom the person may see, because a place may have left the filter.

    Where nobody knows the `total` of a first page, it is counted together with it.
    """
    place = order.position_of(page_request.patient_id, visible_patients) if page_request.patient_id else None
    backwards = page_request.backwards and place is not None
    counted = place is not None or total is None
    keys, beyond = fetch_page_keys(order, patients, place, backwards=backwards, counted=counted)
    total = beyond if total is None else total
    shown = load_row_patients(visible_patients, keys[:PAGE_SIZE])
    if backwards:
        shown.reverse()
    if place is None or not shown:
        earlier = 0
    else:
        earlier = max(0, beyond - len(keys[:PAGE_SIZE]) if backwards else total - beyond)
    has_next = earlier + len(shown) < total if backwards else len(keys) > PAGE_SIZE
    return PatientListPage(
        patients=shown,
        first_row_number=earlier + 1,
        total=total,
        before=shown[0].pk if shown and earlier else None,
        after=shown[-1].pk if shown and has_next else None,
        query_string=f"?{'before' if backwards else 'after'}={place.pk}" if place else "",
    )
