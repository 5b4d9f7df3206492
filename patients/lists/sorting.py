"""Columns of a list: head texts, units, and how a list sorts by them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.db.models import QuerySet
from django.db.models.expressions import Combinable

from patients.lists.pagination import SortKey

SORT_DIRECTIONS = ("descending", "ascending")


@dataclass(frozen=True)
class ListColumn:
    """A column head; with a `key`, a click on it sorts.

    `value` is what to sort by, else the names alone do; rows of a lower `group` come first in both directions. Rows
    without a value come last in both, unless `none_is_lowest`: "never" comes before the oldest. A first click puts the
    highest or newest first, unless `ascending_first`; the labels say what each direction puts first, for the sort menu
    of narrow screens.
    """

    label: str
    key: str = ""
    unit: str = ""
    value: Combinable | None = None
    group: Combinable | None = None
    none_is_lowest: bool = False
    ascending_first: bool = False
    descending_label: str = "highest first"
    ascending_label: str = "lowest first"

    @property
    def directions(self) -> list[tuple[str, str]]:
        """Directions with their labels; first the one that a first click takes."""
        directions = [("descending", self.descending_label), ("ascending", self.ascending_label)]
        return directions if self.first_is_descending else directions[::-1]

    @property
    def first_is_descending(self) -> bool:
        """Whether a first click sorts so."""
        return self.value is not None and not self.ascending_first


@dataclass(frozen=True)
class SortOrder:
    """A column and a direction; equal rows are sorted by `tie_keys`, of which those with a "-" descend."""

    column: ListColumn
    descending: bool
    tie_keys: Sequence[str]

    @property
    def direction(self) -> str:
        return "descending" if self.descending else "ascending"

    def annotate(self, rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        """Adds `sort_value` and `sort_group`, which `keys` names."""
        named = {"sort_value": self.column.value, "sort_group": self.column.group}
        return rows.annotate(**{name: value for name, value in named.items() if value is not None})

    @property
    def keys(self) -> list[SortKey]:
        ties = [SortKey(name.removeprefix("-"), name.startswith("-")) for name in self.tie_keys]
        if self.column.value is None:
            return [key.reversed for key in ties] if self.descending else ties
        groups = [SortKey("sort_group")] if self.column.group is not None else []
        nulls: Literal["first", "last"] = "first" if self.column.none_is_lowest and not self.descending else "last"
        return [*groups, SortKey("sort_value", self.descending, nulls=nulls), *ties]


def read_sort(
    query: Mapping[str, str], columns: Iterable[ListColumn], *, default: ListColumn
) -> tuple[ListColumn, bool]:
    """Column and whether it descends, of an address. `order` is what sorts now, such as "age descending"; `sort` beside
    it is a click on a column's head: the column that sorts already changes its direction. Unknown values are ignored.
    """
    by_key = {column.key: column for column in columns if column.key}
    key, _, direction = query.get("order", "").partition(" ")
    column, descending = default, default.first_is_descending
    if key in by_key and direction in SORT_DIRECTIONS:
        column, descending = by_key[key], direction == "descending"
    if clicked := by_key.get(query.get("sort", "")):
        descending = not descending if clicked is column else clicked.first_is_descending
        column = clicked
    return column, descending
