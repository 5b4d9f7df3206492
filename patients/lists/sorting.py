"""Columns of a list: head texts, units, and how a list sorts by them."""

from __future__ import annotations

from collections.abc import Sequence
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
    highest or newest first; the labels say what each direction puts first, for the sort menu of narrow screens.
    """

    label: str
    key: str = ""
    unit: str = ""
    value: Combinable | None = None
    group: Combinable | None = None
    none_is_lowest: bool = False
    descending_label: str = "highest first"
    ascending_label: str = "lowest first"

    @property
    def directions(self) -> list[tuple[str, str]]:
        """Directions with their labels; first the one that a first click takes."""
        directions = [("descending", self.descending_label), ("ascending", self.ascending_label)]
        return directions if self.value is not None else directions[::-1]


@dataclass(frozen=True)
class SortOrder:
    """A column and a direction; equal rows are sorted by `tie_keys`."""

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
        if self.column.value is None:
            return [SortKey(name, self.descending) for name in self.tie_keys]
        groups = [SortKey("sort_group")] if self.column.group is not None else []
        nulls: Literal["first", "last"] = "first" if self.column.none_is_lowest and not self.descending else "last"
        return [*groups, SortKey("sort_value", self.descending, nulls=nulls), *map(SortKey, self.tie_keys)]
