"""A page of the list by its place: after or before one patient. No page costs more than the first one.

The place is named by a patient's id alone, so that no value and no name stands in an address. It moves with the
patient: who has a new reading meanwhile takes the place along.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db.models import Count, F, Q, Window
from django.db.models.expressions import OrderBy

from patients.models import Patient
from patients.views.columns import Column, Patients

PAGE_SIZE = 50
NAME = ("family_name", "given_name", "pk")


@dataclass(frozen=True)
class Order:
    column: Column
    falling: bool

    def annotate(self, patients: Patients) -> Patients:
        return self.column.value(patients) if self.column.value else patients

    def apply(self, patients: Patients, *, backwards: bool = False) -> Patients:
        """Those without a value come last in either direction, and the name decides between equals."""
        by_name = [OrderBy(F(name), descending=backwards) for name in NAME]
        if not self.column.value:
            names_falling = self.falling is not backwards
            return patients.order_by(*(OrderBy(F(name), descending=names_falling) for name in NAME))
        nulls = {"nulls_first": True} if backwards else {"nulls_last": True}
        value = OrderBy(F("sorted_by"), descending=self.falling is not backwards, **nulls)
        return patients.order_by(value, *by_name)

    def beyond(self, place: Patient, *, backwards: bool) -> Q:
        """Rows that come after the place, or before it."""
        if not self.column.value:
            return _names(place, above=self.falling is backwards)
        value: object = place.sorted_by  # type: ignore[attr-defined]  # annotated
        names = _names(place, above=not backwards)
        if value is None:
            return Q(sorted_by__isnull=not backwards) & names if not backwards else Q(sorted_by__isnull=False) | names
        higher = Q(sorted_by__gt=value) if self.falling is backwards else Q(sorted_by__lt=value)
        nobody_has = Q() if backwards else Q(sorted_by__isnull=True)
        return higher | nobody_has | Q(sorted_by=value) & names


def _names(place: Patient, *, above: bool) -> Q:
    way = "gt" if above else "lt"
    family, given = place.family_name, place.given_name
    same_family = Q(family_name=family)
    return (
        Q(**{f"family_name__{way}": family})
        | same_family & Q(**{f"given_name__{way}": given})
        | same_family & Q(given_name=given, **{f"pk__{way}": place.pk})
    )


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


def _keys(order: Order, rows: Patients, place: Patient | None, *, backwards: bool) -> tuple[list[uuid.UUID], int]:
    """Of the rows next to the place, one more than a page shows; and how many there are on that side of it.

    Keys alone: everybody is sorted, and whole rows would be carried through it. Counted in the same breath.
    """
    if place is None:
        return list(order.apply(rows).values_list("pk", flat=True)[: PAGE_SIZE + 1]), 0
    wanted = order.apply(rows.filter(order.beyond(place, backwards=backwards)), backwards=backwards)
    found = list(wanted.values_list("pk", Window(Count("*")))[: PAGE_SIZE + 1])
    return [pk for pk, _ in found], found[0][1] if found else 0


def page_of(patients: Patients, *, everybody: Patients, order: Order, turn: Turn, total: int) -> Page:
    """`patients` as filtered; `everybody` whom the person may see, because a place may have left the filter."""
    place = order.annotate(everybody).filter(pk=turn.patient_id).first() if turn.patient_id else None
    backwards = turn.backwards and place is not None
    keys, beyond = _keys(order, order.annotate(patients), place, backwards=backwards)
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
