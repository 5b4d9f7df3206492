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

from measurements.patient_list.columns import Column, Patients
from patients.models import Patient

PAGE_SIZE = 50


class Place(NamedTuple):
    """A patient as the list is sorted."""

    pk: uuid.UUID
    family_name: str
    given_name: str
    sorted_by: Any = None


@dataclass(frozen=True)
class Order:
    column: Column
    falling: bool

    @property
    def by_value(self) -> bool:
        """Or else by the name alone."""
        return self.column.value is not None

    def places(self, patients: Patients) -> QuerySet[Patient, Any]:
        """The values of a `Place` for each, in no order."""
        valued = self.column.value(patients) if self.column.value else patients
        return valued.order_by().values_list(*(Place._fields if self.by_value else Place._fields[:-1]))

    def place_of(self, patient_id: uuid.UUID, patients: Patients) -> Place | None:
        values = self.places(patients.filter(pk=patient_id)).first()
        return Place(*values) if values else None


@dataclass(frozen=True)
class Page:
    """`before` and `after` are the ids to ask for the neighbouring pages with; None where there is none."""

    patients: list[Patient]
    number_of_first: int
    total: int
    before: uuid.UUID | None
    after: uuid.UUID | None
    asked: str  # query that brings this page again

    @property
    def number_of_last(self) -> int:
        return self.number_of_first + len(self.patients) - 1

    @property
    def has_other_pages(self) -> bool:
        return self.before is not None or self.after is not None


@dataclass(frozen=True)
class Turn:
    """Which page is asked for: the first, or the one next to a patient."""

    patient_id: uuid.UUID | None = None
    backwards: bool = False

    @classmethod
    def read(cls, query: dict[str, str]) -> Turn:
        for name, backwards in (("after", False), ("before", True)):
            try:
                return cls(uuid.UUID(query.get(name, "")), backwards)
            except ValueError:
                continue
        return cls()


def _whole(everybody: Patients, keys: list[uuid.UUID]) -> list[Patient]:
    """With what a row shows of them; a patient who has just left is left out."""
    found = everybody.select_related("clinic", "overview").in_bulk(keys)
    return [found[key] for key in keys if key in found]


# Of everybody: keys alone, because whole rows would be carried through the sort. OFFSET 0 keeps a value that is dear
# from being found again for each comparison.
KEYS = """
SELECT id{counted} FROM ({rows} {fence}) AS each(id, family_name, given_name{sorted_by})
{beyond} ORDER BY {ordering} LIMIT %s
"""


def _keys(
    order: Order, patients: Patients, place: Place | None, *, backwards: bool, counted: bool
) -> tuple[list[uuid.UUID], int]:
    """Of the rows next to the place, one more than a page shows; `counted`: and how many there are there in all."""
    try:
        inner, params = order.places(patients).query.sql_with_params()
    except EmptyResultSet:  # of nobody
        return [], 0
    beyond, bounds = _beyond(order, place, backwards=backwards) if place else ("", [])
    text = KEYS.format(
        rows=inner,
        fence="OFFSET 0" if order.column.dear else "",
        sorted_by=", sorted_by" if order.by_value else "",
        counted=", count(*) OVER ()" if counted else "",
        beyond=f"WHERE {beyond}" if place else "",
        ordering=_ordering(order, backwards=backwards),
    )
    with connection.cursor() as cursor:
        cursor.execute(text, [*params, *bounds, PAGE_SIZE + 1])
        found = cursor.fetchall()
    return [row[0] for row in found], found[0][1] if counted and found else 0


def _ordering(order: Order, *, backwards: bool) -> str:
    """Those without a value come last in either direction, and the name decides between equals."""
    falls = order.falling is not backwards
    names_fall = backwards if order.by_value else falls
    names = ", ".join(f"{name} {WAYS[names_fall]}" for name in ("family_name", "given_name", "id"))
    nulls = "FIRST" if backwards else "LAST"
    return f"sorted_by {WAYS[falls]} NULLS {nulls}, {names}" if order.by_value else names


WAYS = {True: "DESC", False: "ASC"}
FURTHER = {True: "<", False: ">"}


def _beyond(order: Order, place: Place, *, backwards: bool) -> tuple[str, list[Any]]:
    """What holds for rows after the place, or before it; with its parameters."""
    falls = order.falling is not backwards
    value, name = place.sorted_by, [place.family_name, place.given_name, place.pk]
    named = f"(family_name, given_name, id) {FURTHER[backwards if order.by_value else falls]} (%s, %s, %s)"
    if not order.by_value:
        return named, name
    if value is None:
        return f"sorted_by IS NOT NULL OR {named}" if backwards else f"sorted_by IS NULL AND {named}", name
    without = "" if backwards else " OR sorted_by IS NULL"
    return f"sorted_by {FURTHER[falls]} %s{without} OR sorted_by = %s AND {named}", [value, value, *name]


def page_of(patients: Patients, *, everybody: Patients, order: Order, turn: Turn, total: int | None = None) -> Page:
    """`patients` as filtered; `everybody` whom the person may see, because a place may have left the filter.

    Where nobody knows the `total` of a first page, it is counted together with it.
    """
    place = order.place_of(turn.patient_id, everybody) if turn.patient_id else None
    backwards = turn.backwards and place is not None
    counted = place is not None or total is None
    keys, beyond = _keys(order, patients, place, backwards=backwards, counted=counted)
    total = beyond if total is None else total
    shown = _whole(everybody, keys[:PAGE_SIZE])
    if backwards:
        shown.reverse()
    if place is None or not shown:
        earlier = 0
    else:
        earlier = max(0, beyond - len(keys[:PAGE_SIZE]) if backwards else total - beyond)
    has_next = earlier + len(shown) < total if backwards else len(keys) > PAGE_SIZE
    return Page(
        patients=shown,
        number_of_first=earlier + 1,
        total=total,
        before=shown[0].pk if shown and earlier else None,
        after=shown[-1].pk if shown and has_next else None,
        asked=f"?{'before' if backwards else 'after'}={place.pk}" if place else "",
    )
